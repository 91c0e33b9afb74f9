/* Collects what differs. Things with an equal difference share one change: what is inherited by a
 * thousand locations is told once. */
#include "table/differ.h"

#include "table/dump_memory.h"
#include "table/dump_value.h"

/* The section keeps added servers and added locations apart. */
enum { TAG_CHANGE = 2000 };

static const struct diff_thing *keep(struct differ *differ, struct diff_subject *subject) {
    if (subject == NULL) {
        return NULL;
    }
    if (subject->kept == NULL) {
        struct diff_thing *thing = arena_require(differ->arena, sizeof *thing);
        thing->outer = keep(differ, subject->outer);
        thing->section = subject->section;
        thing->block = subject->block;
        thing->condition = subject->condition;
        thing->records[DIFF_OLD] = subject->records[DIFF_OLD];
        thing->records[DIFF_NEW] = subject->records[DIFF_NEW];
        subject->kept = thing;
    }
    return subject->kept;
}

void diff_report_again(struct differ *differ, struct diff_subject *subject,
                       struct diff_change *change) {
    const struct diff_thing *thing = keep(differ, subject);
    differ->report_count++;
    if (change->things.count == 0 || change->things.items[change->things.count - 1] != thing) {
        VECTOR_PUSH(differ->arena, &change->things, thing);
    }
}

static uint32_t classify(struct differ *differ, const struct diff_change *change,
                         enum table_section section) {
    uint32_t what = diff_class_of_text(differ, change->what);
    uint32_t old = diff_class_of_text(differ, change->values[DIFF_OLD]);
    uint32_t new = diff_class_of_text(differ, change->values[DIFF_NEW]);
    size_t begin = diff_class_begin(differ, TAG_CHANGE);
    diff_class_add(differ, change->kind);
    diff_class_add(differ, what);
    diff_class_add(differ, old);
    diff_class_add(differ, new);
    diff_class_add(differ, change->what.size == 0 ? section : TABLE_SECTION_COUNT);
    return diff_class_end(differ, begin);
}

/* The change that says the same, whatever the things it is about. */
static struct diff_change *find_change(struct differ *differ, const struct diff_change *change,
                                       enum table_section section) {
    uint32_t class = classify(differ, change, section);
    struct slice key = {(const char *)&class, sizeof class};
    struct diff_change *found = map_find(&differ->changes, key);
    if (found == NULL) {
        found = arena_require(differ->arena, sizeof *found);
        *found = *change;
        map_insert(&differ->changes, arena_copy_slice(differ->arena, key), found);
        VECTOR_PUSH(differ->arena, &differ->diff->changes, found);
    }
    return found;
}

void diff_report(struct differ *differ, struct diff_subject *subject, enum diff_kind kind,
                 struct slice what, struct slice old, struct slice new) {
    const struct diff_change change = {.kind = kind, .what = what, .values = {old, new}};
    struct diff_change *found = find_change(differ, &change, subject->section);
    diff_report_again(differ, subject, found);
    if (differ->recording != NULL) {
        VECTOR_PUSH(differ->arena, &differ->recording->changes, found);
    }
}

/* A proxy_pass that names a host makes a group of its own, `set`, auth_request_set
 * and captures make variables: of locations, statements and expressions with them is told. */
static bool is_implied(const struct differ *differ, const struct diff_subject *subject) {
    enum diff_side side = subject->records[DIFF_NEW] == TABLE_NONE ? DIFF_OLD : DIFF_NEW;
    const struct table *table = differ->sides[side].table;
    uint32_t record = subject->records[side];
    if (subject->section == TABLE_SECTION_upstream) {
        return table->upstream[record].implicit != 0 && differ->sides[side].is_proxied[record];
    }
    return subject->section == TABLE_SECTION_slot &&
           (table->slot[record].source == TABLE_SLOT_SET ||
            table->slot[record].source == TABLE_SLOT_CAPTURE ||
            table->slot[record].source == TABLE_SLOT_REPLY);
}

void diff_report_thing(struct differ *differ, struct diff_subject *subject) {
    if (is_implied(differ, subject)) {
        return;
    }
    enum diff_kind kind = subject->records[DIFF_NEW] == TABLE_NONE ? DIFF_REMOVED : DIFF_ADDED;
    diff_report(differ, subject, kind, SLICE(""), SLICE(""), SLICE(""));
}

static struct slice take(struct differ *differ, struct dump_memory *memory) {
    struct slice text = arena_copy_slice(differ->arena, dump_memory_close(memory));
    dump_memory_release(memory);
    return text;
}

struct slice diff_render_field(struct differ *differ, enum diff_side side,
                               enum table_section section, uint32_t record,
                               const struct table_field *field) {
    const struct table *table = differ->sides[side].table;
    struct dump_memory memory;
    dump_memory_open(&memory);
    dump_field(&(struct dumper){memory.out, table}, section, field,
               table_record_at(table, section, record));
    return take(differ, &memory);
}

/* Field by field where there is no shorter way to say it. */
static void print_fields(const struct dumper *dumper, enum table_section section, uint32_t record) {
    const struct table_record *description = &table_records[section];
    const char *before = "";
    for (uint32_t i = 0; i < description->field_count; i++) {
        const struct table_field *field = &description->fields[i];
        if (field->kind != TABLE_KIND_PLACE) {
            fprintf(dumper->out, "%s%s ", before, field->name);
            dump_field(dumper, section, field, table_record_at(dumper->table, section, record));
            before = " ";
        }
    }
}

bool diff_render_description(struct differ *differ, enum diff_side side, enum table_section section,
                             uint32_t record, struct slice *text) {
    struct dump_memory memory;
    dump_memory_open(&memory);
    const struct dumper dumper = {memory.out, differ->sides[side].table};
    bool is_described = dump_description(&dumper, section, record);
    *text = take(differ, &memory);
    return is_described;
}

struct slice diff_render_record(struct differ *differ, enum diff_side side,
                                enum table_section section, uint32_t record) {
    struct slice text;
    if (diff_render_description(differ, side, section, record, &text)) {
        return text;
    }
    struct dump_memory memory;
    dump_memory_open(&memory);
    print_fields(&(struct dumper){memory.out, differ->sides[side].table}, section, record);
    return take(differ, &memory);
}
