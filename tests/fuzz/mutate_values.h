/* Other values for fields of tables, by their kinds: mostly sound, often at a limit. */
#ifndef MUTATE_VALUES_H
#define MUTATE_VALUES_H

#include "draft.h"

size_t LLVMFuzzerMutate(uint8_t *data, size_t size, size_t max_size);

/* --- choosing --- */

static enum table_section choose_section(const struct draft *draft, struct random *random) {
    enum table_section section = TABLE_SECTION_strings;
    for (int tries = 0;
         tries < 8 && (section == TABLE_SECTION_strings || draft_count(draft, section) == 0);
         tries++) {
        section = random_below(random, TABLE_SECTION_strings);
    }
    return section;
}

static uint32_t choose_number(uint32_t old, struct random *random) {
    static const uint32_t usual[] = {0,     1,         2,        200,       301,  404,
                                     444,   500,       999,      1000,      4096, 65535,
                                     65536, INT32_MAX, 1u << 31, UINT32_MAX};
    switch (random_below(random, 6)) {
    case 0:
        return old + 1;
    case 1:
        return old - 1;
    case 2:
        return old ^ 1u << random_below(random, 32);
    case 3:
        return random_below(random, 64);
    default:
        return usual[random_below(random, sizeof usual / sizeof usual[0])];
    }
}

/* Mostly one that there is. */
static uint32_t choose_index(uint32_t count, struct random *random) {
    return happens(random, 32) ? choose_number(count, random) : random_below(random, count);
}

static struct slice choose_literal(struct random *random) {
    static const struct slice literals[] = {
        SLICE_INIT(""),
        SLICE_INIT("/"),
        SLICE_INIT("@fallback"),
        SLICE_INIT("@"),
        SLICE_INIT("\r\nX: y"),
        SLICE_INIT("a\0b"),
        SLICE_INIT("(a+)+$"),
        SLICE_INIT("(?<n>.)"),
        SLICE_INIT("^(.*)$"),
        SLICE_INIT("("),
        SLICE_INIT("\\K"),
        SLICE_INIT("(*UTF)."),
        SLICE_INIT("http://h/"),
        SLICE_INIT("http://"),
        SLICE_INIT("unix:"),
        SLICE_INIT("%0d%"),
        SLICE_INIT("?"),
        SLICE_INIT("*"),
        SLICE_INIT("."),
        SLICE_INIT("[::1]:9"),
        SLICE_INIT("\xff"),
        SLICE_INIT("Host"),
        SLICE_INIT("Content-Length"),
    };
    return literals[random_below(random, sizeof literals / sizeof literals[0])];
}

/* A text of the draft that some record holds. */
static struct table_string choose_string(struct draft *draft, struct random *random) {
    struct table_string string = {0, 0};
    for (int tries = 0; tries < 16; tries++) {
        enum table_section section = choose_section(draft, random);
        const struct table_record *record = &table_records[section];
        const struct table_field *field =
            &record->fields[random_below(random, record->field_count)];
        if (draft_count(draft, section) > 0 && field->kind == TABLE_KIND_STRING) {
            uint32_t index = random_below(random, draft_count(draft, section));
            char *place = draft_record(draft, section, index);
            memcpy(&string, place + field->offset, sizeof string);
            return string;
        }
    }
    return string;
}

static struct table_string new_text(struct draft *draft, struct slice old, struct random *random) {
    uint8_t text[256];
    size_t size = old.size < sizeof text / 2 ? old.size : sizeof text / 2;
    if (size > 0) {
        memcpy(text, old.data, size);
    }
    if (happens(random, 4)) {
        struct slice literal = choose_literal(random);
        return draft_add_text(draft, literal);
    }
    size = LLVMFuzzerMutate(text, size, sizeof text);
    return draft_add_text(draft, (struct slice){(char *)text, size});
}

/* --- values by kind --- */

static void change_string(struct draft *draft, void *value, struct random *random) {
    struct table_string string;
    memcpy(&string, value, sizeof string);
    switch (random_below(random, 8)) {
    case 0: /* its end */
        if (string.length > 0) {
            uint32_t cut = random_below(random, string.length + 1);
            string = (struct table_string){string.offset + cut, string.length - cut};
        }
        break;
    case 1:
        string.offset = choose_number(string.offset, random);
        break;
    case 2:
        string.length = choose_number(string.length, random);
        break;
    case 3:
    case 4:
        string = choose_string(draft, random);
        break;
    default:
        string = new_text(draft, draft_text(draft, string), random);
        break;
    }
    memcpy(value, &string, sizeof string);
}

static void change_range(uint32_t count, void *value, struct random *random) {
    struct table_range range;
    memcpy(&range, value, sizeof range);
    switch (random_below(random, 6)) {
    case 0:
        range.first = choose_number(range.first, random);
        break;
    case 1:
        range.count = choose_number(range.count, random);
        break;
    case 2:
        range = (struct table_range){0, 0};
        break;
    case 3:
        range.count += range.count < count ? 1 : 0;
        break;
    case 4:
        range.count -= range.count > 0 ? 1 : 0;
        break;
    default:
        range.first = random_below(random, count + 1);
        range.count = random_below(random, count - range.first + 1);
        break;
    }
    memcpy(value, &range, sizeof range);
}

static void change_place(uint32_t source_count, void *value, struct random *random) {
    struct table_place place = {choose_index(source_count, random), choose_number(1, random)};
    if (happens(random, 4)) {
        place = (struct table_place){TABLE_NONE, 0};
    }
    memcpy(value, &place, sizeof place);
}

static void change_words(void *value, size_t size, struct random *random) {
    uint32_t word;
    char *place = (char *)value + (size_t)random_below(random, (uint32_t)size / 4) * 4;
    memcpy(&word, place, sizeof word);
    word = choose_number(word, random);
    memcpy(place, &word, sizeof word);
}

/* Gives a field another value of its kind. */
static void change_value(struct draft *draft, const struct table_field *field, void *value,
                         struct random *random) {
    uint32_t count = field->target == TABLE_SECTION_COUNT ? 0 : draft_count(draft, field->target);
    uint32_t number;
    memcpy(&number, value, sizeof number);
    switch (field->kind) {
    case TABLE_KIND_U32:
        number = choose_number(number, random);
        break;
    case TABLE_KIND_FLAG:
        number = happens(random, 32) ? choose_number(number, random) : number ^ 1;
        break;
    case TABLE_KIND_ENUM:
        number = choose_index(field->enum_count, random);
        break;
    case TABLE_KIND_INDEX:
        number = choose_index(count, random);
        break;
    case TABLE_KIND_OPTIONAL:
        number = happens(random, 4) ? TABLE_NONE : choose_index(count, random);
        break;
    case TABLE_KIND_STRING:
        change_string(draft, value, random);
        return;
    case TABLE_KIND_RANGE:
    case TABLE_KIND_OWNED:
        change_range(count, value, random);
        return;
    case TABLE_KIND_PLACE:
        change_place(draft_count(draft, TABLE_SECTION_source), value, random);
        return;
    case TABLE_KIND_U64:
        change_words(value, 8, random);
        return;
    case TABLE_KIND_PAIR:
    case TABLE_KIND_BYTES16:
        change_words(value, 16, random);
        return;
    }
    memcpy(value, &number, sizeof number);
}

#endif
