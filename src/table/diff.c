/* The comparison from beginning to end: what is in which file of this room,
 *
 *     diff_class     numbers that say whether two records mean the same
 *     diff_thing     what has a name, and what it is called
 *     diff_match     finding partners by key
 *     diff_record    records field by field
 *     diff_list      lists: diff_entry of records, diff_sequence of statements
 *     diff_name      where servers are to be found; diff_partner: which server is which
 *     diff_server, diff_listener, diff_location
 *     diff_report    what was found, equal differences joined
 */
#include "table/differ.h"

enum { SCRATCH_CHUNK = 256 * 1024 };

/* Steps that a comparison may take for each byte of the tables. Those of any compiler need less
 * than one: a string's byte or an entry of a list is a step, and is looked at about once. */
enum { STEPS_PER_BYTE = 4, STEPS_AT_LEAST = 1 << 20 };

/* What is known by its name alone, inside of nothing, in the order in which it is told. Servers
 * come between. */
static const struct {
    enum table_section section;
    void (*compare)(struct differ *, struct diff_subject *);
} before_servers[] = {
    {TABLE_SECTION_process, NULL},
    {TABLE_SECTION_listener, diff_compare_endpoints},
};
static const enum table_section behind_servers[] = {
    TABLE_SECTION_upstream,
    TABLE_SECTION_slot,
    TABLE_SECTION_log_format,
};

static void mark_proxied(struct differ *differ, enum diff_side side) {
    const struct table *table = differ->sides[side].table;
    bool *is_proxied = arena_require(differ->arena, (size_t)table->upstream_count + 1);
    for (uint32_t i = 0; i < table->proxy_count; i++) {
        if (table->proxy[i].upstream != TABLE_NONE) {
            is_proxied[table->proxy[i].upstream] = true;
        }
    }
    differ->sides[side].is_proxied = is_proxied;
}

static void initialise_side(struct differ *differ, enum diff_side side, const struct table *table) {
    struct diff_table *own = &differ->sides[side];
    own->table = table;
    map_init(&own->strings, differ->arena);
    map_init(&own->ranges, differ->arena);
    mark_proxied(differ, side);
}

static struct differ *initialise(struct table_diff *diff, struct arena *arena,
                                 const struct table *old, const struct table *new) {
    struct differ *differ = arena_require(arena, sizeof *differ);
    *diff = (struct table_diff){.tables = {old, new}, .differ = differ};
    differ->diff = diff;
    differ->arena = arena;
    arena_init(&differ->scratch, SCRATCH_CHUNK);
    map_init(&differ->classes, arena);
    map_init(&differ->changes, arena);
    map_init(&differ->parts, arena);
    text_init(&differ->key, arena);
    initialise_side(differ, DIFF_OLD, old);
    initialise_side(differ, DIFF_NEW, new);
    differ->budget = STEPS_AT_LEAST + STEPS_PER_BYTE * (old->header->size + new->header->size);
    return differ;
}

/* A program refers to earlier ones only: in their order no chain of them is deep. */
static void classify_programs(struct differ *differ, enum diff_side side) {
    for (uint32_t i = 0; i < differ->sides[side].table->program_count; i++) {
        diff_class_of(differ, side, TABLE_SECTION_program, i);
    }
}

static void compare_section(struct differ *differ, enum table_section section,
                            void (*compare)(struct differ *, struct diff_subject *)) {
    const struct table_range all[2] = {
        {0, differ->sides[DIFF_OLD].table->header->sections[section].count},
        {0, differ->sides[DIFF_NEW].table->header->sections[section].count},
    };
    (void)diff_compare_things(differ, NULL, section, all, compare);
    arena_reset(&differ->scratch);
}

bool table_diff(struct table_diff *diff, struct arena *arena, const struct table *old,
                const struct table *new) {
    struct differ *differ = initialise(diff, arena, old, new);
    for (enum diff_side side = DIFF_OLD; side <= DIFF_NEW; side++) {
        classify_programs(differ, side);
        diff_classify_locations(differ, side);
        diff_locate_servers(differ, side);
        arena_reset(&differ->scratch);
    }
    diff_match_servers(differ);
    arena_reset(&differ->scratch);
    for (size_t i = 0; i < sizeof before_servers / sizeof before_servers[0]; i++) {
        compare_section(differ, before_servers[i].section, before_servers[i].compare);
    }
    diff_compare_servers(differ);
    for (size_t i = 0; i < sizeof behind_servers / sizeof behind_servers[0]; i++) {
        compare_section(differ, behind_servers[i], NULL);
    }
    arena_release(&differ->scratch);
    return !differ->is_exhausted;
}
