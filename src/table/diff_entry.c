/* Lists of records: header fields, words, logs, the entries of a map. */
#include "table/differ.h"

#include <stddef.h>
#include <stdlib.h>
#include <string.h>

enum { TAG_ENTRY_NAME = 6000, NO_FIELD = -1 };

/* By what field entries are recognised when it is not their first string; and of a hash table, by
 * what field a free slot. */
struct entry_kind {
    enum table_section section;
    int name;
    int free; /* OPTIONAL, none when the slot is free; the order does not matter then */
};

static const struct entry_kind kinds[] = {
#define AT(record, field) (int)offsetof(struct table_##record, field)
    {TABLE_SECTION_error_page, AT(error_page, status), NO_FIELD},
    {TABLE_SECTION_geo_ipv4, AT(geo_ipv4, first), NO_FIELD},
    {TABLE_SECTION_geo_ipv6, AT(geo_ipv6, first), NO_FIELD},
    {TABLE_SECTION_map_regex, AT(map_regex, regex), NO_FIELD},
    {TABLE_SECTION_map_slot, AT(map_slot, key), AT(map_slot, value)},
    {TABLE_SECTION_referer_slot, AT(referer_slot, key), AT(referer_slot, path)},
#undef AT
};

/* Entries of one section. */
struct entries {
    enum table_section section;
    const struct table_field *name; /* NULL: they have none */
    int free;
    uint32_t *records[2]; /* by side and position in the list */
};

static const struct table_field *find_field(enum table_section section, int offset) {
    const struct table_record *description = &table_records[section];
    for (uint32_t i = 0; i < description->field_count; i++) {
        const struct table_field *field = &description->fields[i];
        if (offset == NO_FIELD ? field->kind == TABLE_KIND_STRING
                               : field->offset == (uint32_t)offset) {
            return field;
        }
    }
    return NULL;
}

static struct entries describe_entries(enum table_section section) {
    for (size_t i = 0; i < sizeof kinds / sizeof kinds[0]; i++) {
        if (kinds[i].section == section) {
            return (struct entries){.section = section,
                                    .name = find_field(section, kinds[i].name),
                                    .free = kinds[i].free};
        }
    }
    return (struct entries){
        .section = section, .name = find_field(section, NO_FIELD), .free = NO_FIELD};
}

static bool is_free(const struct entries *entries, const char *record) {
    uint32_t value = 0;
    if (entries->free != NO_FIELD) {
        memcpy(&value, record + entries->free, sizeof value);
    }
    return value == TABLE_NONE;
}

static uint32_t class_of_name(struct differ *differ, enum diff_side side,
                              const struct entries *entries, const char *record) {
    if (entries->name == NULL) {
        return 0;
    }
    size_t begin = diff_class_begin(differ, TAG_ENTRY_NAME);
    diff_class_add_field(differ, side, entries->name, record + entries->name->offset);
    return diff_class_end(differ, begin);
}

struct ordering {
    const struct table *table;
    const struct entries *entries;
};

static struct slice key_of(const struct ordering *ordering, const void *record) {
    struct table_string key;
    memcpy(&key, record, sizeof key);
    return table_text(ordering->table, key);
}

/* Keys are strings; that of a wildcard may be that of a name, too. */
static int compare_keys(const void *left, const void *right, void *context) {
    const struct ordering *ordering = context;
    uint32_t a = *(const uint32_t *)left;
    uint32_t b = *(const uint32_t *)right;
    enum table_section section = ordering->entries->section;
    uint32_t offset = ordering->entries->name->offset;
    int order =
        slice_compare(key_of(ordering, table_record_at(ordering->table, section, a) + offset),
                      key_of(ordering, table_record_at(ordering->table, section, b) + offset));
    return order != 0 ? order : a < b ? -1 : a > b;
}

/* Where the order does not matter it is that of the keys, not of their hashes. */
static uint32_t list_records(struct differ *differ, struct entries *entries, enum diff_side side,
                             struct table_range range) {
    const struct table *table = differ->sides[side].table;
    struct ordering ordering = {table, entries};
    uint32_t count = 0;
    uint32_t *records =
        arena_require(&differ->scratch, ((size_t)range.count + 1) * sizeof *records);
    for (uint32_t i = range.first; i < range.first + range.count; i++) {
        if (!is_free(entries, table_record_at(table, entries->section, i))) {
            records[count++] = i;
        }
    }
    if (entries->free != NO_FIELD && count > 1) {
        qsort_r(records, count, sizeof *records, compare_keys, &ordering);
    }
    entries->records[side] = records;
    return count;
}

static void fill_in(struct diff_list *list, struct entries *entries, enum diff_side side,
                    struct table_range range) {
    struct differ *differ = list->differ;
    uint32_t count = list_records(differ, entries, side, range);
    diff_list_reserve(list, side, count);
    struct diff_list_side *own = &list->sides[side];
    own->count = count;
    for (uint32_t i = 0; i < count; i++) {
        uint32_t record = entries->records[side][i];
        const char *data = table_record_at(differ->sides[side].table, entries->section, record);
        own->contents[i] = diff_class_of(differ, side, entries->section, record);
        own->names[i] = class_of_name(differ, side, entries, data);
    }
}

static struct slice render(const struct diff_list *list, enum diff_side side, uint32_t index) {
    const struct entries *entries = list->context;
    return diff_render_record(list->differ, side, entries->section, entries->records[side][index]);
}

/* Entries of one name that is a string: field by field. */
static void compare(const struct diff_list *list, uint32_t old, uint32_t new) {
    const struct entries *entries = list->context;
    const uint32_t records[2] = {entries->records[DIFF_OLD][old], entries->records[DIFF_NEW][new]};
    uint32_t name = list->sides[DIFF_NEW].names[new];
    bool is_named = entries->name != NULL && entries->name->kind == TABLE_KIND_STRING &&
                    name == list->sides[DIFF_OLD].names[old];
    if (!is_named) {
        diff_list_report(list, old, new);
    } else if (list->sides[DIFF_OLD].contents[old] != list->sides[DIFF_NEW].contents[new]) {
        struct slice shown = diff_render_field(list->differ, DIFF_NEW, entries->section,
                                               records[DIFF_NEW], entries->name);
        struct slice prefix = arena_format(list->differ->arena, "%.*s %.*s ",
                                           SLICE_ARGS(list->what), SLICE_ARGS(shown));
        diff_compare_fields(list->differ, list->subject, prefix, entries->section, records);
    }
}

void diff_compare_entries(struct differ *differ, struct diff_subject *subject, struct slice what,
                          enum table_section section, const struct table_range ranges[2]) {
    uint32_t old = diff_class_of_range(differ, DIFF_OLD, section, ranges[DIFF_OLD]);
    uint32_t new = diff_class_of_range(differ, DIFF_NEW, section, ranges[DIFF_NEW]);
    uint64_t steps = (uint64_t)ranges[DIFF_OLD].count + ranges[DIFF_NEW].count;
    if (old == new || !diff_spend(differ, steps)) {
        return;
    }
    struct entries entries = describe_entries(section);
    struct diff_list list = {
        .differ = differ,
        .subject = subject,
        .what = what,
        .is_unordered = entries.free != NO_FIELD,
        .is_replaceable = entries.name == NULL || table_records[section].field_count == 1,
        .context = &entries,
        .render = render,
        .compare = compare,
    };
    fill_in(&list, &entries, DIFF_OLD, ranges[DIFF_OLD]);
    fill_in(&list, &entries, DIFF_NEW, ranges[DIFF_NEW]);
    diff_list_compare(&list);
}
