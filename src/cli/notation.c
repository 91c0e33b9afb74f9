/* What a table holds as the configuration would write it; see notation.h. The words of it come from
 * the dump, which writes to a stream. */
#include "cli/notation.h"

#include "table/dump_value.h"

#include <arpa/inet.h>
#include <stdlib.h>
#include <string.h>

/* A stream whose text goes into an arena. */
struct collector {
    struct dumper dumper;
    char *text;
    size_t size;
};

static void begin(struct collector *collector, const struct table *table) {
    *collector = (struct collector){.dumper = {.table = table}};
    collector->dumper.out = open_memstream(&collector->text, &collector->size);
    if (collector->dumper.out == NULL) {
        memory_exhausted();
    }
}

static struct slice finish(struct collector *collector, struct arena *arena) {
    if (fclose(collector->dumper.out) != 0) {
        memory_exhausted();
    }
    struct slice text = arena_copy_slice(arena, (struct slice){collector->text, collector->size});
    free(collector->text);
    return text;
}

/* Whether a word needs no quotes: it has none of `special`, nor what cannot be seen. */
static bool is_plain(struct slice text, const char *special) {
    for (size_t i = 0; i < text.size; i++) {
        unsigned char byte = (unsigned char)text.data[i];
        if (byte <= ' ' || byte >= 0x7f || strchr(special, byte) != NULL) {
            return false;
        }
    }
    return text.size > 0;
}

/* The quotes that a dump writes around any text, taken off where they are not needed. */
static struct slice unquote(struct slice quoted) {
    if (quoted.size < 2) {
        return quoted;
    }
    struct slice inner = slice_take(slice_skip(quoted, 1), quoted.size - 2);
    return is_plain(inner, "\"'\\;{}#") ? inner : quoted;
}

struct slice notation_word(struct arena *arena, struct slice text) {
    struct collector collector;
    if (is_plain(text, "\"';{}#")) {
        return text;
    }
    begin(&collector, NULL);
    fputc('"', collector.dumper.out);
    dump_text(&collector.dumper, text);
    fputc('"', collector.dumper.out);
    return finish(&collector, arena);
}

struct slice notation_location(struct arena *arena, const struct table *table, uint32_t location) {
    static const char *const marks[TABLE_location_kind_COUNT] = {"", "= ", "^~ ", "~ ", "~* ", ""};
    if (location == TABLE_NONE) {
        return SLICE("(none)");
    }
    struct slice name = table_text(table, table->location[location].name);
    return arena_format(arena, "%s%.*s", marks[table->location[location].kind], SLICE_ARGS(name));
}

struct slice notation_name(struct arena *arena, const struct table *table,
                           const struct table_name_slot *slot) {
    struct slice key = table_text(table, slot->key);
    return arena_format(arena, "%s%.*s%s", slot->kind == TABLE_NAME_LEADING ? "*" : "",
                        SLICE_ARGS(key), slot->kind == TABLE_NAME_TRAILING ? "*" : "");
}

struct slice notation_regex(struct arena *arena, const struct table *table, uint32_t regex) {
    struct slice pattern = table_text(table, table->regex[regex].pattern);
    return arena_format(arena, "%s %.*s", table->regex[regex].ignore_case ? "~*" : "~",
                        SLICE_ARGS(pattern));
}

struct slice notation_template(struct arena *arena, const struct table *table, uint32_t program) {
    struct collector collector;
    begin(&collector, table);
    dump_program(&collector.dumper, program);
    return unquote(finish(&collector, arena));
}

/* The op that skips the block follows the test, and says which result is wanted. */
static bool is_negated(const struct table *table, uint32_t op) {
    return op + 1 < table->op_count && table->op[op + 1].code == TABLE_OP_SKIP_IF;
}

struct slice notation_condition(struct arena *arena, const struct table *table, uint32_t op) {
    static const char letters[TABLE_file_test_COUNT] = {'f', 'd', 'e', 'x'};
    const struct table_op *test = &table->op[op];
    const char *negation = is_negated(table, op) ? "!" : "";
    struct slice subject = notation_template(arena, table, test->a);
    struct slice other;
    switch (test->code) {
    case TABLE_OP_TEST_EQUAL:
        other = notation_template(arena, table, test->b);
        return arena_format(arena, "%.*s %s= %.*s", SLICE_ARGS(subject), negation,
                            SLICE_ARGS(other));
    case TABLE_OP_TEST_REGEX:
        other = notation_regex(arena, table, test->b);
        return arena_format(arena, "%.*s %s%.*s", SLICE_ARGS(subject), negation, SLICE_ARGS(other));
    case TABLE_OP_TEST_FILE:
        return arena_format(arena, "%s-%c %.*s", negation, letters[test->b], SLICE_ARGS(subject));
    default:
        return subject;
    }
}

static struct slice notation_network(struct arena *arena, enum table_client_match match,
                                     const struct table_bytes16 *bytes, uint32_t prefix) {
    bool is_ipv4 = match == TABLE_CLIENT_IPV4;
    char address[INET6_ADDRSTRLEN] = "";
    switch (match) {
    case TABLE_CLIENT_ALL:
        return SLICE("all");
    case TABLE_CLIENT_UNIX:
        return SLICE("unix:");
    case TABLE_CLIENT_IPV4:
    case TABLE_CLIENT_IPV6:
        break;
    }
    inet_ntop(is_ipv4 ? AF_INET : AF_INET6, bytes->bytes, address, sizeof address);
    if (prefix == (is_ipv4 ? 32 : 128)) {
        return arena_format(arena, "%s", address);
    }
    return arena_format(arena, "%s/%u", address, prefix);
}

struct slice notation_access_rule(struct arena *arena, const struct table *table, uint32_t rule) {
    const struct table_access_rule *record = &table->access_rule[rule];
    struct slice network = notation_network(arena, (enum table_client_match)record->match,
                                            &record->address, record->prefix);
    return arena_format(arena, "%s %.*s", record->deny != 0 ? "deny" : "allow",
                        SLICE_ARGS(network));
}

struct slice notation_trusted_network(struct arena *arena, const struct table *table,
                                      uint32_t network) {
    const struct table_trusted_network *record = &table->trusted_network[network];
    return notation_network(arena, (enum table_client_match)record->match, &record->address,
                            record->prefix);
}

struct slice notation_record(struct arena *arena, const struct table *table,
                             enum table_section section, uint32_t record) {
    struct collector collector;
    begin(&collector, table);
    (void)dump_description(&collector.dumper, section, record);
    return finish(&collector, arena);
}

struct slice notation_place(struct arena *arena, const struct table *table,
                            struct table_place place) {
    if (place.source == TABLE_NONE) {
        return SLICE("");
    }
    struct slice name = table_text(table, table->source[place.source].name);
    return arena_format(arena, "%.*s:%u", SLICE_ARGS(name), place.line);
}

static const struct table_field *find_field(enum table_section section, const char *name) {
    const struct table_record *record = &table_records[section];
    for (uint32_t i = 0; i < record->field_count; i++) {
        if (strcmp(record->fields[i].name, name) == 0) {
            return &record->fields[i];
        }
    }
    return NULL;
}

struct slice notation_setting(struct arena *arena, const struct table *table,
                              enum table_section section, const char *name, const void *record) {
    const struct table_field *field = find_field(section, name);
    struct collector collector;
    if (field == NULL) {
        return SLICE("");
    }
    begin(&collector, table);
    dump_field(&collector.dumper, section, field, record);
    return finish(&collector, arena);
}
