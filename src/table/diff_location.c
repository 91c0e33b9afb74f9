/* Locations: by kind and name within their server or the location around them. A server's locations
 * that are all equal are passed over at once, by the class of their set. */
#include "table/differ.h"

/* No compiler nests deeper, as no parser does. */
enum { DEEPEST_NESTING = 300 };

/* In proportion to the memory that one takes while it is looked at. */
enum { LOCATION_STEPS = 16 };

enum { TAG_LOCATION = 3000, TAG_LOCATION_SET, TAG_LOCATION_KEY };

/* The locations of one set, regular expressions last, and the named ones of a server. */
struct location_list {
    uint32_t *records;
    uint32_t count;
    uint32_t first_regex;
    uint32_t first_named;
};

/* No tables of a compiler are like this: what was found is of no use. */
static uint32_t give_up(struct differ *differ) {
    (void)diff_spend(differ, UINT64_MAX);
    return diff_class_of_text(differ, SLICE(""));
}

/* What is nested is in a set of a higher number, whose class is known. */
static uint32_t class_of_set(struct differ *differ, enum diff_side side, uint32_t set) {
    if (set == TABLE_NONE) {
        return 0;
    }
    uint32_t class = differ->sides[side].location_sets[set];
    return class != 0 ? class : give_up(differ);
}

static uint32_t class_of_location(struct differ *differ, enum diff_side side, uint32_t record,
                                  unsigned depth);

/* The settings that blocks of `if` enter. */
static void add_entered(struct differ *differ, enum diff_side side, uint32_t program,
                        unsigned depth) {
    const struct table *table = differ->sides[side].table;
    if (program == TABLE_NONE || !diff_spend(differ, table->program[program].ops.count)) {
        return;
    }
    struct table_range ops = table->program[program].ops;
    for (uint32_t i = ops.first; i < ops.first + ops.count; i++) {
        if (table->op[i].code == TABLE_OP_ENTER) {
            diff_class_add(differ, class_of_location(differ, side, table->op[i].a, depth + 1));
        }
    }
}

/* With everything in it. A hostile table may have locations that enter one another. */
static uint32_t class_of_location(struct differ *differ, enum diff_side side, uint32_t record,
                                  unsigned depth) {
    const struct table *table = differ->sides[side].table;
    const struct table_location *location = &table->location[record];
    uint32_t *class = &differ->sides[side].locations[record];
    if (*class != 0) {
        return *class;
    }
    if (depth > DEEPEST_NESTING || differ->is_exhausted) {
        return give_up(differ);
    }
    size_t begin = diff_class_begin(differ, TAG_LOCATION);
    diff_class_add_fields(differ, side, TABLE_SECTION_location, record);
    diff_class_add(differ, class_of_set(differ, side, location->nested));
    uint32_t limited = table_handling_of(table, location)->limited;
    if (limited != TABLE_NONE) {
        diff_class_add(differ, class_of_location(differ, side, limited, depth + 1));
    }
    add_entered(differ, side, location->rewrite, depth);
    *class = diff_class_end(differ, begin);
    return *class;
}

static void add_location(struct differ *differ, enum diff_side side, uint32_t record) {
    if (record != TABLE_NONE) {
        diff_class_add(differ, class_of_location(differ, side, record, 0));
    }
}

static uint32_t classify_set(struct differ *differ, enum diff_side side,
                             const struct table_location_set *set) {
    const struct table *table = differ->sides[side].table;
    size_t begin = diff_class_begin(differ, TAG_LOCATION_SET);
    for (uint32_t i = 0; i < set->nodes.count; i++) {
        add_location(differ, side, table->node[set->nodes.first + i].exact);
        add_location(differ, side, table->node[set->nodes.first + i].prefix);
    }
    for (uint32_t i = 0; i < set->regexes.count; i++) {
        add_location(differ, side, table->location_regex[set->regexes.first + i].location);
    }
    return diff_class_end(differ, begin);
}

void diff_classify_locations(struct differ *differ, enum diff_side side) {
    struct diff_table *own = &differ->sides[side];
    uint32_t count = own->table->location_set_count;
    own->location_sets = arena_require(differ->arena, ((size_t)count + 1) * sizeof(uint32_t));
    own->locations =
        arena_require(differ->arena, ((size_t)own->table->location_count + 1) * sizeof(uint32_t));
    for (uint32_t i = count; i-- > 0;) {
        own->location_sets[i] = classify_set(differ, side, &own->table->location_set[i]);
    }
}

static void put(struct location_list *list, uint32_t record) {
    if (record != TABLE_NONE) {
        list->records[list->count++] = record;
    }
}

static struct location_list list_locations(struct differ *differ, enum diff_side side, uint32_t set,
                                           struct table_range named) {
    const struct table *table = differ->sides[side].table;
    static const struct table_location_set nothing = {{0, 0}, {0, 0}};
    const struct table_location_set *found =
        set == TABLE_NONE ? &nothing : &table->location_set[set];
    size_t limit = 2 * (size_t)found->nodes.count + found->regexes.count + named.count + 1;
    struct location_list list = {.records =
                                     arena_require(&differ->scratch, limit * sizeof(uint32_t))};
    for (uint32_t i = 0; i < found->nodes.count; i++) {
        put(&list, table->node[found->nodes.first + i].exact);
        put(&list, table->node[found->nodes.first + i].prefix);
    }
    list.first_regex = list.count;
    for (uint32_t i = 0; i < found->regexes.count; i++) {
        put(&list, table->location_regex[found->regexes.first + i].location);
    }
    list.first_named = list.count;
    for (uint32_t i = 0; i < named.count; i++) {
        put(&list, table->named_location[named.first + i].location);
    }
    return list;
}

/* Keys of kind and name; or of the name alone, for a location that changed its kind. */
static const uint32_t *make_keys(struct differ *differ, enum diff_side side,
                                 const struct location_list *list, bool with_kind) {
    const struct table *table = differ->sides[side].table;
    uint32_t *keys = arena_require(&differ->scratch, ((size_t)list->count + 1) * sizeof *keys);
    for (uint32_t i = 0; i < list->count; i++) {
        const struct table_location *location = &table->location[list->records[i]];
        uint32_t name = diff_class_of_string(differ, side, location->name);
        size_t begin = diff_class_begin(differ, TAG_LOCATION_KEY);
        diff_class_add(differ, name);
        diff_class_add(differ, with_kind ? location->kind : TABLE_location_kind_COUNT);
        keys[i] = diff_class_end(differ, begin);
    }
    return keys;
}

/* Returns the partners of the new ones. */
static uint32_t *match(struct differ *differ, const struct location_list lists[2],
                       uint32_t **partners_of_old) {
    struct diff_matching sides[2];
    for (enum diff_side side = DIFF_OLD; side <= DIFF_NEW; side++) {
        sides[side] =
            (struct diff_matching){make_keys(differ, side, &lists[side], true),
                                   diff_new_partners(differ, lists[side].count), lists[side].count};
    }
    diff_match(differ, sides);
    for (enum diff_side side = DIFF_OLD; side <= DIFF_NEW; side++) {
        sides[side].keys = make_keys(differ, side, &lists[side], false);
    }
    diff_match(differ, sides);
    *partners_of_old = sides[DIFF_OLD].partners;
    return sides[DIFF_NEW].partners;
}

static void compare_sets(struct differ *differ, struct diff_subject *outer, const uint32_t sets[2],
                         const struct table_range named[2], unsigned depth);

static bool has_both(const uint32_t locations[2]) {
    return locations[DIFF_OLD] != TABLE_NONE && locations[DIFF_NEW] != TABLE_NONE;
}

/* A limit_except that is new or gone is told by its methods. */
static bool have_equal_methods(struct differ *differ, const struct table_handling *old,
                               const struct table_handling *new) {
    return diff_class_of_range(differ, DIFF_OLD, TABLE_SECTION_name, old->methods) ==
           diff_class_of_range(differ, DIFF_NEW, TABLE_SECTION_name, new->methods);
}

/* What is behind the fields of two partners. */
static void compare_inside(struct differ *differ, struct diff_subject *subject, unsigned depth) {
    static const struct table_range none[2] = {{0, 0}, {0, 0}};
    const struct table_location *old =
        &differ->sides[DIFF_OLD].table->location[subject->records[DIFF_OLD]];
    const struct table_location *new =
        &differ->sides[DIFF_NEW].table->location[subject->records[DIFF_NEW]];
    const struct table_handling *old_handling =
        table_handling_of(differ->sides[DIFF_OLD].table, old);
    const struct table_handling *new_handling =
        table_handling_of(differ->sides[DIFF_NEW].table, new);
    const uint32_t limited[2] = {old_handling->limited, new_handling->limited};
    const uint32_t nested[2] = {old->nested, new->nested};
    if (has_both(limited) || have_equal_methods(differ, old_handling, new_handling)) {
        diff_compare_block(differ, subject, "limit_except", SLICE(""), limited);
    }
    compare_sets(differ, subject, nested, none, depth + 1);
}

static void compare_location(struct differ *differ, struct diff_subject *outer, uint32_t old,
                             uint32_t new, unsigned depth) {
    struct diff_subject subject = {
        .outer = outer, .section = TABLE_SECTION_location, .records = {old, new}};
    if (old == TABLE_NONE || new == TABLE_NONE) {
        diff_report_thing(differ, &subject);
    } else if (class_of_location(differ, DIFF_OLD, old, depth) !=
               class_of_location(differ, DIFF_NEW, new, depth)) {
        diff_compare_fields(differ, &subject, SLICE(""), TABLE_SECTION_location, subject.records);
        compare_inside(differ, &subject, depth);
    }
}

static unsigned count_outer(const struct diff_subject *subject) {
    unsigned depth = 0;
    for (; subject != NULL; subject = subject->outer) {
        depth++;
    }
    return depth;
}

void diff_compare_block(struct differ *differ, struct diff_subject *outer, const char *block,
                        struct slice condition, const uint32_t locations[2]) {
    struct diff_subject subject = {
        .outer = outer,
        .section = TABLE_SECTION_location,
        .records = {locations[DIFF_OLD], locations[DIFF_NEW]},
        .block = block,
        .condition = condition,
    };
    bool has_any = locations[DIFF_OLD] != TABLE_NONE || locations[DIFF_NEW] != TABLE_NONE;
    if (!has_any || !diff_spend(differ, count_outer(outer) < DEEPEST_NESTING ? 1 : UINT64_MAX)) {
        return;
    }
    if (!has_both(locations)) {
        diff_report_thing(differ, &subject);
    } else {
        diff_compare_fields(differ, &subject, SLICE(""), TABLE_SECTION_location, subject.records);
    }
}

/* Which of the regular expressions comes first decides. */
static void compare_order(struct differ *differ, struct diff_subject *outer,
                          const struct location_list lists[2], const uint32_t *partners) {
    const struct location_list *old = &lists[DIFF_OLD];
    const struct location_list *new = &lists[DIFF_NEW];
    uint32_t *order = diff_new_partners(differ, new->count);
    for (uint32_t i = new->first_regex; i < new->first_named; i++) {
        bool is_regex = partners[i] != TABLE_NONE && partners[i] >= old->first_regex &&
                        partners[i] < old->first_named;
        order[i] = is_regex ? partners[i] : TABLE_NONE;
    }
    if (diff_is_reordered(order, new->count)) {
        diff_report(differ, outer, DIFF_REORDERED, SLICE("regular expression locations"), SLICE(""),
                    SLICE(""));
    }
}

/* Sets that are reached on many ways, as only hostile tables have, use up the budget. */
static void compare_sets(struct differ *differ, struct diff_subject *outer, const uint32_t sets[2],
                         const struct table_range named[2], unsigned depth) {
    uint32_t old_class = class_of_set(differ, DIFF_OLD, sets[DIFF_OLD]);
    uint32_t new_class = class_of_set(differ, DIFF_NEW, sets[DIFF_NEW]);
    if (old_class == new_class && named[DIFF_OLD].count == 0 && named[DIFF_NEW].count == 0) {
        return;
    }
    const struct location_list lists[2] = {
        list_locations(differ, DIFF_OLD, sets[DIFF_OLD], named[DIFF_OLD]),
        list_locations(differ, DIFF_NEW, sets[DIFF_NEW], named[DIFF_NEW]),
    };
    uint64_t steps = (uint64_t)lists[DIFF_OLD].count + lists[DIFF_NEW].count;
    if (!diff_spend(differ, depth < DEEPEST_NESTING ? steps * LOCATION_STEPS : UINT64_MAX)) {
        return;
    }
    uint32_t *partners_of_old;
    uint32_t *partners = match(differ, lists, &partners_of_old);
    for (uint32_t i = 0; i < lists[DIFF_OLD].count; i++) {
        if (partners_of_old[i] == TABLE_NONE) {
            compare_location(differ, outer, lists[DIFF_OLD].records[i], TABLE_NONE, depth);
        }
    }
    for (uint32_t i = 0; i < lists[DIFF_NEW].count && !differ->is_exhausted; i++) {
        uint32_t old =
            partners[i] == TABLE_NONE ? TABLE_NONE : lists[DIFF_OLD].records[partners[i]];
        compare_location(differ, outer, old, lists[DIFF_NEW].records[i], depth);
    }
    compare_order(differ, outer, lists, partners);
}

void diff_compare_locations(struct differ *differ, struct diff_subject *server) {
    const struct table_server *old =
        &differ->sides[DIFF_OLD].table->server[server->records[DIFF_OLD]];
    const struct table_server *new =
        &differ->sides[DIFF_NEW].table->server[server->records[DIFF_NEW]];
    const uint32_t sets[2] = {old->locations, new->locations};
    const struct table_range named[2] = {old->named, new->named};
    compare_sets(differ, server, sets, named, 0);
}
