/* A table as one JSON document, made from the descriptions of records alone:
 *
 *     {"version": 1,
 *      "table_version": 1,
 *      "sections": {"process": [{"user": {"first": 0, "count": 1}, ...}],
 *                   "peer": [{"name": "127.0.0.1:3000", "family": "ipv4", "port": 3000, ...,
 *                             "place": {"file": "site.conf", "line": 2}}, ...],
 *                   ...,
 *                   "strings": [{"offset": 0, "text": "..."}]}}
 *
 * Sections and fields are named and ordered as in docs/table-format.md; a record's number is its
 * position. By kind of field:
 *
 *     number          an integer; times in milliseconds, sizes in bytes
 *     hash, identity  (U64 that is no setting) 16 hexadecimal digits: JSON readers round integers
 *     flag            true or false; so are settings that are on or off
 *     enumeration     its word
 *     string          a string; bytes that are not UTF-8 as a whole {"hex": "66ff"}
 *     address         of the family that its record tells; where none does, IPv4 when all but the
 *                     first four of 16 bytes are zero, else IPv6
 *     pair            [1, 2]
 *     place           {"file": "site.conf", "line": 3}, or null for what nobody wrote
 *     record          its number; null for none
 *     records         {"first": 3, "count": 2}: a slice of the other section's array
 *
 * A program and an op have a member more, "text": what they do in the configuration's notation,
 * with what is not printable ASCII as \xNN, and cut when it is very long.
 *
 * Each record is one line, so that a table of any size needs little memory and tools that work by
 * line can be used. The version changes when a member changes its meaning or goes; members may be
 * added. */
#include "cli/dump_json.h"

#include "cli/json_text.h"
#include "table/dump_memory.h"
#include "table/dump_value.h"
#include "table/setting.h"

#include <inttypes.h>
#include <string.h>

#define FORMAT_VERSION 1

struct json_dumper {
    FILE *out;
    const struct table *table;
};

static json_t *hex_text(struct slice bytes) {
    struct dump_memory digits;
    dump_memory_open(&digits);
    for (size_t i = 0; i < bytes.size; i++) {
        fprintf(digits.out, "%02x", (unsigned)(unsigned char)bytes.data[i]);
    }
    json_t *object = json_require(json_object());
    json_put(object, "hex", json_text(dump_memory_close(&digits)));
    dump_memory_release(&digits);
    return object;
}

static json_t *exact_text(struct slice text) {
    json_t *string = json_stringn(text.data, text.size);
    return string != NULL ? string : hex_text(text);
}

static json_t *string_value(const struct json_dumper *dumper, const void *value) {
    return exact_text(table_text(dumper->table, *(const struct table_string *)value));
}

static json_t *number_value(uint64_t number) {
    return json_require(json_integer((json_int_t)number));
}

/* What was printed, as a string. */
static json_t *printed_value(struct dump_memory *memory) {
    json_t *string = exact_text(dump_memory_close(memory));
    dump_memory_release(memory);
    return string;
}

static json_t *address_value(const struct json_dumper *dumper, enum table_section section,
                             const struct table_field *field, const char *record) {
    struct dump_memory memory;
    dump_memory_open(&memory);
    dump_field(&(struct dumper){memory.out, dumper->table}, section, field, record);
    return printed_value(&memory);
}

/* The text of a program or an op; NULL for a record that is neither. */
static json_t *program_text(const struct json_dumper *dumper, enum table_section section,
                            uint32_t index) {
    struct dump_memory memory;
    if (section != TABLE_SECTION_program && section != TABLE_SECTION_op) {
        return NULL;
    }
    dump_memory_open(&memory);
    const struct dumper printer = {memory.out, dumper->table};
    if (section == TABLE_SECTION_program) {
        dump_program(&printer, index);
    } else {
        dump_op(&printer, index);
    }
    return printed_value(&memory);
}

static json_t *pair_value(const struct table_pair *pair) {
    json_t *array = json_require(json_array());
    json_append(array, number_value(pair->first));
    json_append(array, number_value(pair->second));
    return array;
}

static json_t *place_value(const struct json_dumper *dumper, const struct table_place *place) {
    if (place->source == TABLE_NONE) {
        return json_null();
    }
    const struct table_source *source = &dumper->table->source[place->source];
    json_t *object = json_require(json_object());
    json_put(object, "file", string_value(dumper, &source->name));
    json_put(object, "line", number_value(place->line));
    return object;
}

static json_t *range_value(const struct table_range *range) {
    json_t *object = json_require(json_object());
    json_put(object, "first", number_value(range->first));
    json_put(object, "count", number_value(range->count));
    return object;
}

static json_t *hash_value(const uint64_t *number) {
    char digits[17];
    snprintf(digits, sizeof digits, "%016" PRIx64, *number);
    return json_require(json_string(digits));
}

static json_t *kind_value(const struct json_dumper *dumper, const struct table_field *field,
                          const void *value) {
    const uint32_t *number = value;
    switch (field->kind) {
    case TABLE_KIND_FLAG:
        return json_boolean(*number != 0);
    case TABLE_KIND_ENUM:
        return json_require(json_string(field->words[*number]));
    case TABLE_KIND_U64:
        return hash_value(value);
    case TABLE_KIND_STRING:
        return string_value(dumper, value);
    case TABLE_KIND_PAIR:
        return pair_value(value);
    case TABLE_KIND_PLACE:
        return place_value(dumper, value);
    case TABLE_KIND_RANGE:
    case TABLE_KIND_OWNED:
        return range_value(value);
    case TABLE_KIND_OPTIONAL:
        return *number == TABLE_NONE ? json_null() : number_value(*number);
    case TABLE_KIND_BYTES16: /* what it means is for its record to say */
    case TABLE_KIND_U32:
    case TABLE_KIND_INDEX:
        break;
    }
    return number_value(*number);
}

static json_t *words_value(const struct table_setting *setting, uint64_t set) {
    json_t *words = json_require(json_array());
    for (uint32_t i = 0; set >> i != 0; i++) {
        if ((set >> i & 1) != 0) {
            json_append(words, exact_text(table_setting_word(setting, i)));
        }
    }
    return words;
}

/* A setting that is a number, or NULL for one that its field's kind describes. */
static json_t *setting_value(const struct table_setting *setting, const void *record) {
    switch (setting->storage) {
    case TABLE_STORAGE_FLAG:
        return json_boolean(table_setting_number(setting, record) != 0);
    case TABLE_STORAGE_NUMBER:
    case TABLE_STORAGE_SIZE:
    case TABLE_STORAGE_TIME:
        return number_value(table_setting_number(setting, record));
    case TABLE_STORAGE_ENUM: {
        uint64_t number = table_setting_number(setting, record);
        return exact_text(table_setting_word(setting, (uint32_t)number));
    }
    case TABLE_STORAGE_WORDS:
        return words_value(setting, table_setting_number(setting, record));
    default:
        return NULL;
    }
}

static json_t *field_value(const struct json_dumper *dumper, enum table_section section,
                           const struct table_field *field, const char *record) {
    if (field->kind == TABLE_KIND_BYTES16) {
        return address_value(dumper, section, field, record);
    }
    if (dump_is_time(section, field) || dump_is_amount(section, field)) {
        return number_value(*(const uint64_t *)(const void *)(record + field->offset));
    }
    const struct table_setting *setting = table_setting_find(section, field->offset);
    json_t *value = setting != NULL ? setting_value(setting, record) : NULL;
    return value != NULL ? value : kind_value(dumper, field, record + field->offset);
}

static json_t *record_value(const struct json_dumper *dumper, enum table_section section,
                            uint32_t index) {
    const struct table_record *description = &table_records[section];
    const char *record = table_record_at(dumper->table, section, index);
    json_t *object = json_require(json_object());
    for (uint32_t i = 0; i < description->field_count; i++) {
        const struct table_field *field = &description->fields[i];
        json_put(object, field->name, field_value(dumper, section, field, record));
    }
    json_t *text = program_text(dumper, section, index);
    if (text != NULL) {
        json_put(object, "text", text);
    }
    return object;
}

/* One element of a section's array, on a line of its own. */
static void print_line(const struct json_dumper *dumper, json_t *value, bool is_first) {
    fputs(is_first ? "\n      " : ",\n      ", dumper->out);
    /* A failed write leaves its mark on the stream; main looks at it. */
    (void)json_dumpf(value, dumper->out, 0);
    json_decref(value);
}

/* A validated section ends with a zero byte if it has any. */
static void print_strings(const struct json_dumper *dumper, uint32_t size) {
    uint32_t offset = 0;
    while (offset < size) {
        const char *text = dumper->table->strings + offset;
        size_t length = strnlen(text, size - offset);
        json_t *object = json_require(json_object());
        json_put(object, "offset", number_value(offset));
        json_put(object, "text", exact_text((struct slice){text, length}));
        print_line(dumper, object, offset == 0);
        offset += (uint32_t)length + 1;
    }
}

static void print_section(const struct json_dumper *dumper, enum table_section section) {
    uint32_t count = dumper->table->header->sections[section].count;
    fprintf(dumper->out, "    \"%s\": [", table_records[section].name);
    if (section == TABLE_SECTION_strings) {
        print_strings(dumper, count);
    } else {
        for (uint32_t i = 0; i < count; i++) {
            print_line(dumper, record_value(dumper, section, i), i == 0);
        }
    }
    fputs(count > 0 ? "\n    ]" : "]", dumper->out);
}

void dump_json_print(FILE *out, const struct table *table, enum table_section section) {
    const struct json_dumper dumper = {out, table};
    bool is_whole = section == TABLE_SECTION_COUNT;
    enum table_section first = is_whole ? 0 : section;
    enum table_section last = is_whole ? TABLE_SECTION_COUNT - 1 : section;
    fprintf(out, "{\n  \"version\": %d,\n  \"table_version\": %u,\n  \"sections\": {\n",
            FORMAT_VERSION, table->header->version);
    for (enum table_section i = first; i <= last; i++) {
        print_section(&dumper, i);
        fputs(i < last ? ",\n" : "\n", out);
    }
    fputs("  }\n}\n", out);
}
