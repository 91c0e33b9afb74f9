/* What the sections are to the comparison, and what things are called. */
#include "table/differ.h"

#include "table/dump_memory.h"
#include "table/dump_value.h"

#include <stddef.h>
#include <string.h>

enum { NO_FIELD = -1 };

/* A thing is told apart by its name and, where there is one, a number beside it. */
struct thing_kind {
    const char *word;
    int name;   /* offset of a STRING, or NO_FIELD: there is but one */
    int number; /* offset of a U32 or ENUM, or NO_FIELD */
};

/* A section without a row holds values. Whoever adds a record that is known by a name, and whose
 * changes are to be told one by one, adds a row. */
static const struct {
    enum table_section section;
    struct thing_kind kind;
} things[] = {
#define THING(record, word, name, number)                                                          \
    {                                                                                              \
        TABLE_SECTION_##record, {                                                                  \
            word, name, number                                                                     \
        }                                                                                          \
    }
#define AT(record, field) (int)offsetof(struct table_##record, field)
    THING(process, "process", NO_FIELD, NO_FIELD),
    THING(listener, "listener", AT(listener, name), NO_FIELD),
    THING(server, "server", AT(server, name), NO_FIELD),
    THING(location, "location", AT(location, name), AT(location, kind)),
    THING(upstream, "upstream", AT(upstream, name), AT(upstream, port)),
    THING(peer, "peer", AT(peer, name), NO_FIELD),
    THING(log_format, "log_format", AT(log_format, name), NO_FIELD),
    THING(slot, "variable", AT(slot, name), NO_FIELD),
#undef AT
#undef THING
};

static const enum table_section structure[] = {
    TABLE_SECTION_source,    TABLE_SECTION_endpoint,       TABLE_SECTION_name_index,
    TABLE_SECTION_name_slot, TABLE_SECTION_name_regex,     TABLE_SECTION_location_set,
    TABLE_SECTION_node,      TABLE_SECTION_location_regex, TABLE_SECTION_named_location,
    TABLE_SECTION_strings,   TABLE_SECTION_sequence_place, TABLE_SECTION_step_place,
};

static const struct thing_kind *find_kind(enum table_section section) {
    for (size_t i = 0; i < sizeof things / sizeof things[0]; i++) {
        if (things[i].section == section) {
            return &things[i].kind;
        }
    }
    return NULL;
}

enum diff_role diff_role(enum table_section section) {
    for (size_t i = 0; i < sizeof structure / sizeof structure[0]; i++) {
        if (structure[i] == section) {
            return DIFF_STRUCTURE;
        }
    }
    return find_kind(section) != NULL ? DIFF_THING : DIFF_VALUE;
}

bool diff_name_of(const struct table *table, enum table_section section, uint32_t record,
                  struct table_string *name) {
    const struct thing_kind *kind = find_kind(section);
    if (kind == NULL || kind->name == NO_FIELD) {
        return false;
    }
    memcpy(name, table_record_at(table, section, record) + kind->name, sizeof *name);
    return true;
}

void diff_class_add_identity(struct differ *differ, enum diff_side side, enum table_section section,
                             uint32_t record) {
    const struct table *table = differ->sides[side].table;
    const struct thing_kind *kind = find_kind(section);
    struct table_string name;
    if (diff_name_of(table, section, record, &name)) {
        diff_class_add(differ, diff_class_of_string(differ, side, name));
    }
    if (kind != NULL && kind->number != NO_FIELD) {
        diff_class_add_bytes(differ, table_record_at(table, section, record) + kind->number,
                             sizeof(uint32_t));
    }
}

#define FIELD_OF(record, field) TABLE_SECTION_##record, offsetof(struct table_##record, field)

struct field_row {
    enum table_section section;
    uint32_t offset;
    const char *word;
};

static const struct field_row *find_row(const struct field_row *rows, size_t count,
                                        enum table_section section,
                                        const struct table_field *field) {
    for (size_t i = 0; i < count; i++) {
        if (rows[i].section == section && rows[i].offset == field->offset) {
            return &rows[i];
        }
    }
    return NULL;
}

/* A server's name is the first of those that lead to it (diff_server.c), blocks of limit_except are
 * told as things of their own (diff_location.c). The compiler makes the others of a location's kind
 * and name, of its server's addresses and names, of whether it has a proxy at all, and of a key;
 * each of these is compared. */
bool diff_is_derived(enum table_section section, const struct table_field *field) {
    static const struct field_row derived[] = {
        {FIELD_OF(server, name), NULL},          {FIELD_OF(location, identity), NULL},
        {FIELD_OF(handling, limited), NULL},     {FIELD_OF(handling, auto_redirect), NULL},
        {FIELD_OF(proxy, prefix_length), NULL},  {FIELD_OF(map, has_leading), NULL},
        {FIELD_OF(map, has_trailing), NULL},     {FIELD_OF(map_slot, hash), NULL},
        {FIELD_OF(referers, has_leading), NULL}, {FIELD_OF(referers, has_trailing), NULL},
        {FIELD_OF(referer_slot, hash), NULL},    {FIELD_OF(health_check, server), NULL},
    };
    return find_row(derived, sizeof derived / sizeof derived[0], section, field) != NULL;
}

const char *diff_field_word(enum table_section section, const struct table_field *field) {
    static const struct field_row words[] = {
        {FIELD_OF(server, rewrite), "statement"},   {FIELD_OF(location, rewrite), "statement"},
        {FIELD_OF(location, proxy), "proxy_pass"},  {FIELD_OF(handling, methods), "limit_except"},
        {FIELD_OF(settings, allow), "access rule"}, {FIELD_OF(map, slots), "entry"},
        {FIELD_OF(map, regexes), "entry"},          {FIELD_OF(map, otherwise), "default"},
        {FIELD_OF(map, is_volatile), "volatile"},   {FIELD_OF(geo, is_volatile), "volatile"},
        {FIELD_OF(geo, ipv4), "address"},           {FIELD_OF(geo, ipv6), "address"},
        {FIELD_OF(geo, proxies), "proxy"},          {FIELD_OF(split, parts), "part"},
    };
    const struct field_row *row = find_row(words, sizeof words / sizeof words[0], section, field);
    return row != NULL ? row->word : field->name;
}

const char *diff_thing_word(const struct diff_thing *thing) {
    return thing->block != NULL ? thing->block : find_kind(thing->section)->word;
}

enum diff_side diff_thing_side(const struct diff_thing *thing) {
    return thing->records[DIFF_NEW] != TABLE_NONE ? DIFF_NEW : DIFF_OLD;
}

struct slice diff_thing_name(const struct table_diff *diff, const struct diff_thing *thing) {
    enum diff_side side = diff_thing_side(thing);
    const struct table *table = diff->tables[side];
    struct table_string name;
    if (thing->block != NULL) {
        return thing->condition;
    }
    if (!diff_name_of(table, thing->section, thing->records[side], &name)) {
        return SLICE("");
    }
    return table_text(table, name);
}

/* The place of a record, or of what it refers to, as a variable does to its map. */
static struct table_place find_place(const struct table *table, enum table_section section,
                                     uint32_t record, bool is_direct) {
    const struct table_record *description = &table_records[section];
    const char *data = table_record_at(table, section, record);
    struct table_place place = {TABLE_NONE, 0};
    for (uint32_t i = 0; i < description->field_count; i++) {
        const struct table_field *field = &description->fields[i];
        if (field->kind == TABLE_KIND_PLACE) {
            memcpy(&place, data + field->offset, sizeof place);
            return place;
        }
    }
    for (uint32_t i = 0; is_direct && i < description->field_count; i++) {
        const struct table_field *field = &description->fields[i];
        const uint32_t *target = (const uint32_t *)(const void *)(data + field->offset);
        if (field->kind == TABLE_KIND_OPTIONAL && *target != TABLE_NONE) {
            return find_place(table, field->target, *target, false);
        }
    }
    return place;
}

struct table_place diff_thing_place(const struct table_diff *diff, const struct diff_thing *thing,
                                    enum diff_side side) {
    if (thing->records[side] == TABLE_NONE) {
        return (struct table_place){TABLE_NONE, 0};
    }
    return find_place(diff->tables[side], thing->section, thing->records[side], true);
}

/* How many addresses tell servers of one name apart. */
enum { SHOWN_ADDRESSES = 3 };

static void print_addresses(const struct dumper *dumper, const struct differ *differ,
                            uint32_t addresses) {
    size_t count;
    const uint32_t *members = diff_class_members(differ, addresses, &count);
    for (size_t i = 0; i < count && i < SHOWN_ADDRESSES; i++) {
        fputs(i == 0 ? " on " : ", ", dumper->out);
        dump_text(dumper, diff_class_bytes(differ, members[i]));
    }
    fputs(count > SHOWN_ADDRESSES ? ", ..." : "", dumper->out);
}

static void print_server(const struct dumper *dumper, const struct table_diff *diff,
                         const struct diff_thing *thing) {
    enum diff_side side = diff_thing_side(thing);
    const struct diff_server *server = &diff->differ->sides[side].servers[thing->records[side]];
    struct slice name = diff_thing_name(diff, thing);
    if (name.size > 0) {
        fputs(" \"", dumper->out);
        dump_text(dumper, name);
        fputc('"', dumper->out);
    }
    if (name.size == 0 || server->is_ambiguous) {
        print_addresses(dumper, diff->differ, server->addresses);
    }
}

static void print_location(const struct dumper *dumper, const struct table_diff *diff,
                           const struct diff_thing *thing) {
    static const char *const marks[TABLE_location_kind_COUNT] = {"", "= ", "^~ ", "~ ", "~* ", ""};
    enum diff_side side = diff_thing_side(thing);
    const struct table_location *location = &diff->tables[side]->location[thing->records[side]];
    fprintf(dumper->out, " %s\"", marks[location->kind]);
    dump_text(dumper, table_text(diff->tables[side], location->name));
    fputc('"', dumper->out);
}

static void print_named(const struct dumper *dumper, const struct table_diff *diff,
                        const struct diff_thing *thing) {
    fputc(' ', dumper->out);
    if (!dump_description(dumper, thing->section, thing->records[diff_thing_side(thing)])) {
        fputc('"', dumper->out);
        dump_text(dumper, diff_thing_name(diff, thing));
        fputc('"', dumper->out);
    }
}

void diff_thing_print(FILE *out, const struct table_diff *diff, const struct diff_thing *thing) {
    const struct dumper dumper = {out, diff->tables[diff_thing_side(thing)]};
    if (thing->outer != NULL) {
        diff_thing_print(out, diff, thing->outer);
        fputs(", ", out);
    }
    fputs(diff_thing_word(thing), out);
    if (thing->block != NULL) {
        fprintf(out, "%s%.*s", thing->condition.size > 0 ? " " : "", SLICE_ARGS(thing->condition));
        return;
    }
    switch (thing->section) {
    case TABLE_SECTION_server:
        print_server(&dumper, diff, thing);
        break;
    case TABLE_SECTION_location:
        print_location(&dumper, diff, thing);
        break;
    case TABLE_SECTION_process:
        break;
    default:
        print_named(&dumper, diff, thing);
        break;
    }
}
