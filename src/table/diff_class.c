/* Classes: numbers that are equal when what they stand for is. Equality is exact, since the bytes
 * themselves are compared, and every record is looked at once: even tables made to be awkward take
 * time in proportion to their size, or use up the budget. */
#include "table/differ.h"
#include "table/operation.h"

#include <stdlib.h>
#include <string.h>

/* Tags keep apart bytes of different meaning; those of records are their section's number. */
enum { TAG_TEXT = 1000, TAG_RANGE, TAG_SET };

bool diff_spend(struct differ *differ, uint64_t steps) {
    differ->is_exhausted |= differ->budget < steps;
    differ->budget -= differ->is_exhausted ? 0 : steps;
    return !differ->is_exhausted;
}

void diff_class_add_bytes(struct differ *differ, const void *bytes, size_t size) {
    text_add(&differ->key, (struct slice){bytes, size});
}

void diff_class_add(struct differ *differ, uint32_t number) {
    diff_class_add_bytes(differ, &number, sizeof number);
}

size_t diff_class_begin(struct differ *differ, uint32_t tag) {
    size_t begin = differ->key.size;
    diff_class_add(differ, tag);
    return begin;
}

static uint32_t find_number(const struct map *map, struct slice key) {
    return (uint32_t)(uintptr_t)map_find(map, key);
}

/* The copy is aligned, as keys hold numbers. */
static void remember_number(struct map *map, struct slice key, uint32_t number) {
    char *copy = arena_require(map->arena, key.size);
    memcpy(copy, key.data, key.size);
    /* A map's values are pointers. NOLINTNEXTLINE(performance-no-int-to-ptr) */
    map_insert(map, (struct slice){copy, key.size}, (void *)(uintptr_t)number);
}

uint32_t diff_class_end(struct differ *differ, size_t begin) {
    struct slice key = slice_skip(text_slice(&differ->key), begin);
    uint32_t class = find_number(&differ->classes, key);
    if (class == 0) {
        class = (uint32_t)differ->classes.count + 1;
        remember_number(&differ->classes, key, class);
    }
    differ->key.size = begin;
    return class;
}

struct slice diff_class_bytes(const struct differ *differ, uint32_t class) {
    return slice_skip(differ->classes.entries[class - 1].key, sizeof(uint32_t));
}

uint32_t diff_class_of_text(struct differ *differ, struct slice text) {
    size_t begin = diff_class_begin(differ, TAG_TEXT);
    diff_class_add_bytes(differ, text.data, text.size);
    return diff_class_end(differ, begin);
}

/* Strings of a hostile table may overlap, so that together they are much longer than the table. */
uint32_t diff_class_of_string(struct differ *differ, enum diff_side side,
                              struct table_string string) {
    struct diff_table *own = &differ->sides[side];
    struct slice place = {(const char *)&string, sizeof string};
    uint32_t class = find_number(&own->strings, place);
    if (class == 0) {
        bool is_affordable = diff_spend(differ, string.length);
        struct slice text = is_affordable ? table_text(own->table, string) : SLICE("");
        class = diff_class_of_text(differ, text);
        remember_number(&own->strings, place, class);
    }
    return class;
}

static void add_reference(struct differ *differ, enum diff_side side, enum table_section section,
                          uint32_t record) {
    bool is_value = record != TABLE_NONE && diff_role(section) != DIFF_STRUCTURE;
    diff_class_add(differ, is_value ? diff_class_of(differ, side, section, record) : 0);
}

static void add_range(struct differ *differ, enum diff_side side, enum table_section section,
                      struct table_range range) {
    if (diff_role(section) != DIFF_STRUCTURE) {
        diff_class_add(differ, diff_class_of_range(differ, side, section, range));
    }
}

void diff_class_add_field(struct differ *differ, enum diff_side side,
                          const struct table_field *field, const void *value) {
    const uint32_t *number = value;
    switch (field->kind) {
    case TABLE_KIND_U32:
    case TABLE_KIND_FLAG:
    case TABLE_KIND_ENUM:
        diff_class_add(differ, *number);
        break;
    case TABLE_KIND_U64:
        diff_class_add_bytes(differ, value, sizeof(uint64_t));
        break;
    case TABLE_KIND_BYTES16:
        diff_class_add_bytes(differ, value, sizeof(struct table_bytes16));
        break;
    case TABLE_KIND_PAIR:
        diff_class_add_bytes(differ, value, sizeof(struct table_pair));
        break;
    case TABLE_KIND_STRING:
        diff_class_add(differ,
                       diff_class_of_string(differ, side, *(const struct table_string *)value));
        break;
    case TABLE_KIND_PLACE:
        break;
    case TABLE_KIND_INDEX:
    case TABLE_KIND_OPTIONAL:
        add_reference(differ, side, field->target, *number);
        break;
    case TABLE_KIND_RANGE:
    case TABLE_KIND_OWNED:
        add_range(differ, side, field->target, *(const struct table_range *)value);
        break;
    }
}

/* What an operand means decides whether it is a number or refers to something. */
static void add_operand(struct differ *differ, enum diff_side side, enum table_operand operand,
                        uint32_t value, const struct table_op *op) {
    enum table_section section = table_operand_section(operand);
    if (operand == TABLE_OPERAND_STRING) {
        struct table_string string = {op->a, op->b};
        diff_class_add(differ, diff_class_of_string(differ, side, string));
    } else if (section != TABLE_SECTION_COUNT) {
        add_reference(differ, side, section, value);
    } else {
        diff_class_add(differ, value);
    }
}

static void add_op(struct differ *differ, enum diff_side side, const struct table_op *op) {
    const struct table_operation *operation = &table_operations[op->code];
    diff_class_add(differ, op->code);
    add_operand(differ, side, operation->a, op->a, op);
    add_operand(differ, side, operation->b, op->b, op);
}

void diff_class_add_fields(struct differ *differ, enum diff_side side, enum table_section section,
                           uint32_t record) {
    const struct table_record *description = &table_records[section];
    const char *data = table_record_at(differ->sides[side].table, section, record);
    if (section == TABLE_SECTION_op) {
        add_op(differ, side, (const struct table_op *)(const void *)data);
        return;
    }
    for (uint32_t i = 0; i < description->field_count; i++) {
        const struct table_field *field = &description->fields[i];
        if (!diff_is_derived(section, field)) {
            diff_class_add_field(differ, side, field, data + field->offset);
        }
    }
}

/* Values refer to one another in one direction, so this ends: sections by the order in which
 * layout.def lets them, programs to earlier ones, which table_diff has taken care of. */
uint32_t diff_class_of(struct differ *differ, enum diff_side side, enum table_section section,
                       uint32_t record) {
    struct diff_table *own = &differ->sides[side];
    if (own->classes[section] == NULL) {
        size_t count = own->table->header->sections[section].count;
        own->classes[section] = arena_require(differ->arena, count * sizeof(uint32_t));
    }
    uint32_t *class = &own->classes[section][record];
    if (*class == 0) {
        size_t begin = diff_class_begin(differ, section);
        if (diff_role(section) == DIFF_THING) {
            diff_class_add_identity(differ, side, section, record);
        } else {
            diff_class_add_fields(differ, side, section, record);
        }
        *class = diff_class_end(differ, begin);
    }
    return *class;
}

/* Ranges of a hostile table may overlap like its strings. */
uint32_t diff_class_of_range(struct differ *differ, enum diff_side side, enum table_section section,
                             struct table_range range) {
    struct map *ranges = &differ->sides[side].ranges;
    uint32_t place[3] = {section, range.count == 0 ? 0 : range.first, range.count};
    struct slice key = {(const char *)place, sizeof place};
    uint32_t class = find_number(ranges, key);
    if (class == 0) {
        uint32_t count = diff_spend(differ, range.count) ? range.count : 0;
        size_t begin = diff_class_begin(differ, TAG_RANGE);
        for (uint32_t i = 0; i < count; i++) {
            diff_class_add(differ, diff_class_of(differ, side, section, range.first + i));
        }
        class = diff_class_end(differ, begin);
        remember_number(ranges, key, class);
    }
    return class;
}

static int compare_numbers(const void *left, const void *right) {
    const uint32_t *a = left;
    const uint32_t *b = right;
    return *a < *b ? -1 : *a > *b;
}

uint32_t diff_class_of_set(struct differ *differ, uint32_t *members, size_t count) {
    if (count > 1) {
        qsort(members, count, sizeof *members, compare_numbers);
    }
    size_t begin = diff_class_begin(differ, TAG_SET);
    for (size_t i = 0; i < count; i++) {
        if (i == 0 || members[i] != members[i - 1]) {
            diff_class_add(differ, members[i]);
        }
    }
    return diff_class_end(differ, begin);
}

const uint32_t *diff_class_members(const struct differ *differ, uint32_t set, size_t *count) {
    struct slice bytes = diff_class_bytes(differ, set);
    *count = bytes.size / sizeof(uint32_t);
    return (const uint32_t *)(const void *)bytes.data;
}
