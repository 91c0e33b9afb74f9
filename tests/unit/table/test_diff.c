/* The comparison of two tables: that nothing goes unnoticed, that what is told is told of the right
 * things, and that it ends for any table. */
#include "table/diff.h"
#include "table/differ.h"
#include "table/dump_memory.h"

#include "emit/compiled.h"
#include "sample.h"
#include "unit.h"

#include <stdlib.h>

static bool open_bytes(struct table *table, struct slice bytes) {
    struct table_error error;
    return table_open(table, bytes.data, bytes.size, &error);
}

/* --- Nothing goes unnoticed --- */

static void finds_no_difference_to_itself(void) {
    struct arena arena;
    struct table table;
    struct table_diff diff;
    arena_init(&arena, 1 << 16);
    CU_ASSERT_TRUE_FATAL(open_bytes(&table, sample_build(&arena)));
    CU_ASSERT_TRUE(table_diff(&diff, &arena, &table, &table));
    CU_ASSERT_EQUAL(diff.changes.count, 0);
    arena_release(&arena);
}

/* Fields in which equal sites may differ: places, numbers of records, and what follows from other
 * fields. The sample's ways of handling requests differ in nothing else. */
static bool may_differ(enum table_section section, const struct table_field *field) {
    return field->kind == TABLE_KIND_PLACE || diff_is_derived(section, field) ||
           field->target == TABLE_SECTION_handling || diff_role(section) == DIFF_STRUCTURE ||
           (field->target != TABLE_SECTION_COUNT && diff_role(field->target) == DIFF_STRUCTURE);
}

/* A free slot of a hash table, or a range of slots that ends with one: nothing is lost with it. */
static bool is_free(const struct table *table, enum table_section section, uint32_t record,
                    const struct table_field *field) {
    if (section == TABLE_SECTION_map && field->target == TABLE_SECTION_map_slot) {
        struct table_range slots = table->map[record].slots;
        return table->map_slot[slots.first + slots.count - 1].value == TABLE_NONE;
    }
    if (section == TABLE_SECTION_referers && field->target == TABLE_SECTION_referer_slot) {
        struct table_range slots = table->referers[record].slots;
        return table->referer_slot[slots.first + slots.count - 1].path == TABLE_NONE;
    }
    if (section == TABLE_SECTION_referer_slot) {
        return table->referer_slot[record].path == TABLE_NONE;
    }
    return section == TABLE_SECTION_map_slot && table->map_slot[record].value == TABLE_NONE;
}

static void change_field(char *field, const struct table_field *description) {
    uint32_t *number = (uint32_t *)(void *)field;
    switch (description->kind) {
    case TABLE_KIND_STRING: /* a byte shorter at its beginning */
        if (number[1] > 0) {
            number[0]++;
            number[1]--;
        }
        break;
    case TABLE_KIND_RANGE:
    case TABLE_KIND_OWNED:
        number[1] -= number[1] > 0;
        break;
    default:
        *number ^= 1;
        break;
    }
}

/* Changes one field of one record. True when what results is a table that must differ. */
static bool damage(char *copy, size_t size, enum table_section section, uint32_t record,
                   const struct table_field *field) {
    struct table_header *header = (struct table_header *)(void *)copy;
    const struct table_section_entry *entry = &header->sections[section];
    char *place = copy + entry->offset + (size_t)record * entry->record_size + field->offset;
    char before[16];
    memcpy(before, place, sizeof(uint64_t));
    change_field(place, field);
    bool is_changed = memcmp(before, place, sizeof(uint64_t)) != 0;
    sample_repair(copy, size);
    struct table table;
    return is_changed && open_bytes(&table, (struct slice){copy, size});
}

static void check_field(struct arena *arena, struct slice sample, enum table_section section,
                        uint32_t record, const struct table_field *field) {
    struct table old;
    struct table new;
    struct table_diff diff;
    char *copy = arena_require(arena, sample.size);
    memcpy(copy, sample.data, sample.size);
    CU_ASSERT_TRUE_FATAL(open_bytes(&old, sample));
    if (may_differ(section, field) || is_free(&old, section, record, field) ||
        !damage(copy, sample.size, section, record, field)) {
        return;
    }
    CU_ASSERT_TRUE_FATAL(open_bytes(&new, (struct slice){copy, sample.size}));
    CU_ASSERT_TRUE(table_diff(&diff, arena, &old, &new));
    if (diff.changes.count == 0) {
        printf("unnoticed: %s %u, %s\n", table_records[section].name, record, field->name);
        CU_FAIL("a change went unnoticed");
    }
}

/* By the descriptions, so that a field added to the format is tried too. */
static void notices_every_field(void) {
    struct arena arena;
    arena_init(&arena, 1 << 20);
    struct slice sample = sample_build(&arena);
    struct table table;
    CU_ASSERT_TRUE_FATAL(open_bytes(&table, sample));
    for (enum table_section section = 0; section < TABLE_SECTION_strings; section++) {
        for (uint32_t record = 0; record < table.header->sections[section].count; record++) {
            for (uint32_t i = 0; i < table_records[section].field_count; i++) {
                check_field(&arena, sample, section, record, &table_records[section].fields[i]);
            }
        }
    }
    arena_release(&arena);
}

/* Values are followed by recursion, so no kind of value may lead back to itself. Programs do, by
 * their ops, and are looked at from the first on. */
static void values_lead_to_no_circle(void) {
    bool is_final[TABLE_SECTION_COUNT] = {false};
    bool is_progress = true;
    while (is_progress) {
        is_progress = false;
        for (enum table_section section = 0; section < TABLE_SECTION_COUNT; section++) {
            bool is_open = false;
            for (uint32_t i = 0; i < table_records[section].field_count; i++) {
                enum table_section target = table_records[section].fields[i].target;
                is_open |= target != TABLE_SECTION_COUNT && diff_role(target) == DIFF_VALUE &&
                           !is_final[target];
            }
            is_progress |= !is_open && !is_final[section];
            is_final[section] |= !is_open;
        }
    }
    for (enum table_section section = 0; section < TABLE_SECTION_COUNT; section++) {
        CU_ASSERT_TRUE(is_final[section] || diff_role(section) != DIFF_VALUE);
    }
}

/* --- The right things --- */

/* Everything told, as THING: WHAT OLD > NEW, one a line. To be freed. */
static struct slice tell(struct dump_memory *memory, const struct table_diff *diff) {
    dump_memory_open(memory);
    for (size_t i = 0; i < diff->changes.count; i++) {
        const struct diff_change *change = diff->changes.items[i];
        for (size_t j = 0; j < change->things.count; j++) {
            diff_thing_print(memory->out, diff, change->things.items[j]);
            fprintf(memory->out, ": %c %.*s", "+-~%"[change->kind], SLICE_ARGS(change->what));
            fprintf(memory->out, "|%.*s", SLICE_ARGS(change->values[DIFF_OLD]));
            fprintf(memory->out, "|%.*s\n", SLICE_ARGS(change->values[DIFF_NEW]));
        }
    }
    return dump_memory_close(memory);
}

static void check_diff(const char *old, const char *new, const char *expected) {
    struct compiled sides[2];
    struct table_diff diff;
    struct dump_memory memory;
    COMPILE_FATAL(&sides[DIFF_OLD], old);
    COMPILE_FATAL(&sides[DIFF_NEW], new);
    CU_ASSERT_TRUE(
        table_diff(&diff, &sides[DIFF_OLD].arena, &sides[DIFF_OLD].table, &sides[DIFF_NEW].table));
    struct slice told = tell(&memory, &diff);
    if (!slice_equals(told, slice_from_string(expected))) {
        printf("expected:\n%sbut told:\n%.*s", expected, SLICE_ARGS(told));
        CU_FAIL("not what was expected");
    }
    dump_memory_release(&memory);
    compiled_release(&sides[DIFF_OLD]);
    compiled_release(&sides[DIFF_NEW]);
}

#define LISTEN(port, rest) "server { listen " #port "; " rest " }\n"

static void recognises_servers_in_any_order(void) {
    check_diff(LISTEN(80 default_server, "server_name a;") LISTEN(80, "server_name b;"),
               "\n\n" LISTEN(80, "server_name b;") LISTEN(80 default_server, "server_name a;"), "");
}

static void recognises_a_server_by_one_of_its_names(void) {
    check_diff(LISTEN(80, "server_name a b;"), LISTEN(80, "server_name c b;"),
               "server \"c\": - server_name|\"a\"|\n"
               "server \"c\": + server_name||\"c\"\n");
}

static void recognises_a_server_that_moved(void) {
    check_diff(LISTEN(80, "server_name a;") LISTEN(80, "server_name b;"),
               LISTEN(80, "server_name a;") LISTEN(81, "server_name b;"),
               "listener \"0.0.0.0:81\": + ||\n"
               "server \"b\": - listen|\"0.0.0.0:80\"|\n"
               "server \"b\": + listen||\"0.0.0.0:81\"\n");
}

static void recognises_a_server_that_got_a_name(void) {
    check_diff(LISTEN(80, "return 204;") LISTEN(81, "return 204;"),
               LISTEN(80, "server_name a; return 204;") LISTEN(81, "return 204;"),
               "server \"a\": - server_name|\"\"|\n"
               "server \"a\": + server_name||\"a\"\n");
    check_diff(LISTEN(80, "return 204;"), LISTEN(81, "return 204;"),
               "listener \"0.0.0.0:80\": - ||\n"
               "listener \"0.0.0.0:81\": + ||\n"
               "server on 0.0.0.0:81: - listen|\"0.0.0.0:80\"|\n"
               "server on 0.0.0.0:81: + listen||\"0.0.0.0:81\"\n");
}

static void tells_servers_of_one_name_apart(void) {
    check_diff(LISTEN(80, "server_name a; return 204;") LISTEN(81, "server_name a; return 204;"),
               LISTEN(80, "server_name a; return 204;") LISTEN(81, "server_name a; return 205;"),
               "server \"a\" on 0.0.0.0:81: ~ statement|return 204;|return 205;\n");
}

static void tells_servers_apart_that_only_look_alike(void) {
    check_diff(LISTEN(80, "server_name a;"), LISTEN(80, "server_name b;"),
               "listener \"0.0.0.0:80\": ~ default server|server \"a\"|server \"b\"\n"
               "server \"a\": - ||\n"
               "server \"b\": + ||\n");
}

static void tells_who_has_a_name_where(void) {
    check_diff("server { listen 80; listen 81; server_name a b; }\n" LISTEN(81, "server_name c;"),
               LISTEN(81, "server_name c b;") "server { listen 80; listen 81; server_name a b; }\n",
               "listener \"0.0.0.0:81\": ~ default server|server \"a\"|server \"c\"\n"
               "server \"c\": + server_name||\"b\"\n"
               "server \"a\": ~ server_name by address|"
               "\"a b on 0.0.0.0:80 0.0.0.0:81\"|"
               "\"a b on 0.0.0.0:80; a on 0.0.0.0:81\"\n");
}

static void recognises_locations_by_kind_and_name(void) {
    check_diff(LISTEN(80, "location /a { return 204; location /a/b { return 205; } }"
                          "location = /a { return 204; } location ~ x { return 204; }"),
               LISTEN(80, "location ~ x { return 204; } location = /a { return 206; }"
                          "location ^~ /a { return 204; location /a/b { return 207; } }"),
               "server on 0.0.0.0:80, location = \"/a\": ~ statement|return 204;|return 206;\n"
               "server on 0.0.0.0:80, location ^~ \"/a\": ~ kind|prefix|prefix-no-regex\n"
               "server on 0.0.0.0:80, location ^~ \"/a\", location \"/a/b\": "
               "~ statement|return 205;|return 207;\n");
}

static void tells_when_expressions_change_places(void) {
    check_diff(LISTEN(80, "location ~ a { return 204; } location ~ b { return 204; }"),
               LISTEN(80, "location ~ b { return 204; } location ~ a { return 204; }"),
               "server on 0.0.0.0:80: % regular expression locations||\n");
}

static void tells_what_became_of_a_list(void) {
    check_diff(LISTEN(80, "add_header A 1; add_header B 2; add_header C 3;"),
               LISTEN(80, "add_header A 1 always; add_header C 3; add_header D 4;"),
               "server on 0.0.0.0:80: - add_header|\"B\" \"2\"|\n"
               "server on 0.0.0.0:80: ~ add_header \"A\" always|no|yes\n"
               "server on 0.0.0.0:80: + add_header||\"D\" \"4\"\n");
}

static void tells_where_a_proxy_leads(void) {
    check_diff(LISTEN(80, "location / { proxy_pass http://127.0.0.1:1; }"),
               LISTEN(80, "location / { proxy_pass http://127.0.0.1:2/x; }"),
               "server on 0.0.0.0:80, location \"/\": "
               "~ proxy_pass|\"127.0.0.1:1\"|\"127.0.0.1:2\" with \"/x\"\n");
}

static void joins_what_is_inherited(void) {
    struct compiled sides[2];
    struct table_diff diff;
    const char *rest = LISTEN(80, "location /a { } location /b { }") LISTEN(81, "server_name x;");
    char text[2][256];
    snprintf(text[0], sizeof text[0], "proxy_read_timeout 60s; %s", rest);
    snprintf(text[1], sizeof text[1], "proxy_read_timeout 1500ms; %s", rest);
    COMPILE_FATAL(&sides[DIFF_OLD], text[0]);
    COMPILE_FATAL(&sides[DIFF_NEW], text[1]);
    CU_ASSERT_TRUE(
        table_diff(&diff, &sides[DIFF_OLD].arena, &sides[DIFF_OLD].table, &sides[DIFF_NEW].table));
    CU_ASSERT_EQUAL_FATAL(diff.changes.count, 1);
    const struct diff_change *change = diff.changes.items[0];
    CU_ASSERT_EQUAL(change->things.count, 4);
    CU_ASSERT_TRUE(slice_equals(change->what, SLICE("proxy_read_timeout")));
    CU_ASSERT_TRUE(slice_equals(change->values[DIFF_OLD], SLICE("60s")));
    CU_ASSERT_TRUE(slice_equals(change->values[DIFF_NEW], SLICE("1500ms")));
    compiled_release(&sides[DIFF_OLD]);
    compiled_release(&sides[DIFF_NEW]);
}

/* --- Any table --- */

/* A site without names: `sets` location sets, each nested `ways` times in the one before, the
 * innermost locations having the settings given. */
static struct slice build_nested(struct arena *arena, uint32_t sets, uint32_t ways,
                                 uint64_t timeout) {
    static const char *const names[] = {"a", "b"};
    struct table_writer writer;
    table_writer_init(&writer, arena);
    struct table_process process = {0};
    sample_fill_settings(TABLE_SECTION_process, &process);
    table_writer_intern(&writer, TABLE_SECTION_process, &process, 1);
    struct table_settings settings = {0};
    sample_fill_settings(TABLE_SECTION_settings, &settings);
    table_writer_intern(&writer, TABLE_SECTION_settings, &settings, 1);
    sample_add_server_settings(&writer);
    SAMPLE_ADD(&writer, handling, .try_files = TABLE_NONE, .limited = TABLE_NONE,
               .health_check = TABLE_NONE);
    settings.send_timeout = timeout;
    uint32_t inner = table_writer_intern(&writer, TABLE_SECTION_settings, &settings, 1).first;
    for (uint32_t i = 0; i < sets; i++) {
        bool is_last = i + 1 == sets;
        struct table_node nodes[3] = {{{0}, {i * (ways + 1) + 1, ways}, TABLE_NONE, TABLE_NONE}};
        for (uint32_t j = 0; j < ways; j++) {
            struct table_string name = sample_string(&writer, names[j]);
            uint32_t location =
                SAMPLE_ADD(&writer, location, .name = name, .identity = i * ways + j,
                           .settings = is_last ? inner : 0, .nested = is_last ? TABLE_NONE : i + 1,
                           .rewrite = TABLE_NONE, .proxy = TABLE_NONE, .place = {TABLE_NONE, 0});
            nodes[j + 1] = (struct table_node){name, {0, 0}, TABLE_NONE, location};
        }
        struct table_location_set set = {{i * (ways + 1), ways + 1}, {0, 0}};
        for (uint32_t j = 0; j <= ways; j++) {
            uint32_t node = table_writer_add(&writer, TABLE_SECTION_node);
            memcpy(table_writer_record(&writer, TABLE_SECTION_node, node), &nodes[j],
                   sizeof nodes[j]);
        }
        table_writer_intern(&writer, TABLE_SECTION_location_set, &set, 1);
    }
    SAMPLE_ADD(&writer, server, .rewrite = TABLE_NONE, .try_files = TABLE_NONE,
               .place = {TABLE_NONE, 0});
    return table_writer_finish(&writer);
}

/* What the comparison of two such sites makes of it; the number of things with a difference. */
static bool compare_nested(uint32_t sets, uint32_t ways, uint64_t timeout, size_t *things) {
    struct arena arena;
    struct table old;
    struct table new;
    struct table_diff diff;
    arena_init(&arena, 1 << 20);
    CU_ASSERT_TRUE_FATAL(open_bytes(&old, build_nested(&arena, sets, ways, 1)));
    CU_ASSERT_TRUE_FATAL(open_bytes(&new, build_nested(&arena, sets, ways, timeout)));
    bool is_done = table_diff(&diff, &arena, &old, &new);
    *things = 0;
    for (size_t i = 0; i < diff.changes.count; i++) {
        *things += diff.changes.items[i]->things.count;
    }
    arena_release(&arena);
    return is_done;
}

static void goes_as_deep_as_a_configuration_may(void) {
    size_t things;
    CU_ASSERT_TRUE(compare_nested(200, 1, 2, &things));
    CU_ASSERT_EQUAL(things, 1);
    CU_ASSERT_TRUE(compare_nested(8, 2, 2, &things));
    CU_ASSERT_EQUAL(things, 256);
}

static void gives_up_where_there_is_no_end(void) {
    size_t things;
    CU_ASSERT_FALSE(compare_nested(100, 2, 2, &things));   /* 2^100 ways */
    CU_ASSERT_FALSE(compare_nested(50000, 1, 2, &things)); /* a deep stack */
}

/* What is equal is never walked. */
static void needs_no_walk_where_all_is_equal(void) {
    size_t things;
    CU_ASSERT_TRUE(compare_nested(100, 2, 1, &things));
    CU_ASSERT_TRUE(compare_nested(50000, 1, 1, &things));
    CU_ASSERT_EQUAL(things, 0);
}

/* Strings that overlap make more text than there are bytes. */
static void gives_up_on_overlapping_strings(void) {
    enum { NAMES = 40000, LENGTH = 100000 };
    struct arena arena;
    struct table table;
    struct table_diff diff;
    struct table_writer writer;
    arena_init(&arena, 1 << 20);
    table_writer_init(&writer, &arena);
    struct table_process process = {0};
    sample_fill_settings(TABLE_SECTION_process, &process);
    process.user = (struct table_range){0, NAMES};
    table_writer_intern(&writer, TABLE_SECTION_process, &process, 1);
    char *text = arena_require(&arena, LENGTH);
    memset(text, 'x', LENGTH);
    struct table_string whole = table_writer_string(&writer, (struct slice){text, LENGTH});
    for (uint32_t i = 0; i < NAMES; i++) {
        SAMPLE_ADD(&writer, name, .text = {whole.offset + i, LENGTH - i});
    }
    CU_ASSERT_TRUE_FATAL(open_bytes(&table, table_writer_finish(&writer)));
    CU_ASSERT_FALSE(table_diff(&diff, &arena, &table, &table));
    arena_release(&arena);
}

UNIT_TESTS("table/diff", {"finds no difference to itself", finds_no_difference_to_itself},
           {"notices every field", notices_every_field},
           {"values lead to no circle", values_lead_to_no_circle},
           {"recognises servers in any order", recognises_servers_in_any_order},
           {"recognises a server by one of its names", recognises_a_server_by_one_of_its_names},
           {"recognises a server that moved", recognises_a_server_that_moved},
           {"recognises a server that got a name", recognises_a_server_that_got_a_name},
           {"tells servers of one name apart", tells_servers_of_one_name_apart},
           {"tells servers apart that only look alike", tells_servers_apart_that_only_look_alike},
           {"tells who has a name where", tells_who_has_a_name_where},
           {"recognises locations by kind and name", recognises_locations_by_kind_and_name},
           {"tells when expressions change places", tells_when_expressions_change_places},
           {"tells what became of a list", tells_what_became_of_a_list},
           {"tells where a proxy leads", tells_where_a_proxy_leads},
           {"joins what is inherited", joins_what_is_inherited},
           {"goes as deep as a configuration may", goes_as_deep_as_a_configuration_may},
           {"gives up where there is no end", gives_up_where_there_is_no_end},
           {"needs no walk where all is equal", needs_no_walk_where_all_is_equal},
           {"gives up on overlapping strings", gives_up_on_overlapping_strings})
