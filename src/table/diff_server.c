/* Servers: what has become of each. */
#include "table/differ.h"

#include "table/dump_memory.h"
#include "table/dump_value.h"

#include <stdlib.h>

/* --- Names and addresses --- */

static struct slice quote(struct differ *differ, struct slice text) {
    struct dump_memory memory;
    dump_memory_open(&memory);
    fputc('"', memory.out);
    dump_text(&(struct dumper){memory.out, NULL}, text);
    fputc('"', memory.out);
    struct slice quoted = arena_copy_slice(differ->arena, dump_memory_close(&memory));
    dump_memory_release(&memory);
    return quoted;
}

struct set_comparison {
    struct differ *differ;
    struct diff_subject *subject;
    struct slice what;
    struct slice (*text_of)(const struct differ *, uint32_t member);
};

struct members {
    VECTOR_OF(struct slice) all;
};

static int compare_texts(const void *left, const void *right) {
    const struct slice *a = left;
    const struct slice *b = right;
    return slice_compare(*a, *b);
}

static void sort_members(struct members *members) {
    if (members->all.count > 1) {
        qsort(members->all.items, members->all.count, sizeof *members->all.items, compare_texts);
    }
}

/* The members of one set that are not in the other, sorted by what they are called. */
static struct members find_missing(const struct set_comparison *comparison, uint32_t set,
                                   uint32_t other) {
    struct members missing = {0};
    size_t count;
    size_t other_count = 0;
    const uint32_t *members = diff_class_members(comparison->differ, set, &count);
    const uint32_t *others =
        other == 0 ? NULL : diff_class_members(comparison->differ, other, &other_count);
    size_t j = 0;
    for (size_t i = 0; i < count && diff_spend(comparison->differ, 1); i++) {
        while (j < other_count && others[j] < members[i]) {
            j++;
        }
        if (j == other_count || others[j] != members[i]) {
            struct slice text = comparison->text_of(comparison->differ, members[i]);
            VECTOR_PUSH(&comparison->differ->scratch, &missing.all, text);
        }
    }
    sort_members(&missing);
    return missing;
}

static void report_missing(const struct set_comparison *comparison, enum diff_kind kind,
                           uint32_t set, uint32_t other) {
    struct members missing = find_missing(comparison, set, other);
    for (size_t i = 0; i < missing.all.count; i++) {
        struct slice value = quote(comparison->differ, missing.all.items[i]);
        diff_report(comparison->differ, comparison->subject, kind, comparison->what,
                    kind == DIFF_REMOVED ? value : SLICE(""),
                    kind == DIFF_ADDED ? value : SLICE(""));
    }
}

static void compare_sets(const struct set_comparison *comparison, uint32_t old, uint32_t new) {
    if (old != new) {
        report_missing(comparison, DIFF_REMOVED, old, new);
        report_missing(comparison, DIFF_ADDED, new, old);
    }
}

/* How much is shown of one list of names or addresses. */
enum { SHOWN_MEMBERS = 16 };

static void print_members(const struct set_comparison *comparison, struct text *text,
                          uint32_t set) {
    struct members members = find_missing(comparison, set, 0);
    for (size_t i = 0; i < members.all.count && i < SHOWN_MEMBERS; i++) {
        text_add(text, i > 0 ? SLICE(" ") : SLICE(""));
        text_add(text, members.all.items[i]);
    }
    text_add(text, members.all.count > SHOWN_MEMBERS ? SLICE(" ...") : SLICE(""));
}

/* a.example b.example on 0.0.0.0:80; a.example on 0.0.0.0:443 */
static struct slice show_routes(const struct set_comparison *names,
                                const struct set_comparison *addresses, uint32_t routes) {
    struct text text;
    text_init(&text, names->differ->arena);
    size_t count;
    const uint32_t *pairs = diff_class_members(names->differ, routes, &count);
    for (size_t i = 0; i + 1 < count && i < SHOWN_MEMBERS; i += 2) {
        text_add(&text, i > 0 ? SLICE("; ") : SLICE(""));
        print_members(names, &text, pairs[i]);
        text_add(&text, SLICE(" on "));
        print_members(addresses, &text, pairs[i + 1]);
    }
    return quote(names->differ, text_slice(&text));
}

/* A name that another server has claimed at one address only changes neither set. */
static void compare_routes(struct differ *differ, struct diff_subject *subject,
                           const struct diff_server *old, const struct diff_server *new) {
    const struct set_comparison addresses = {differ, subject, SLICE("listen"), diff_class_bytes};
    const struct set_comparison names = {differ, subject, SLICE("server_name"),
                                         diff_server_name_text};
    compare_sets(&addresses, old->addresses, new->addresses);
    compare_sets(&names, old->names, new->names);
    if (old->names != new->names) {
        return;
    }
    if (old->name != new->name) {
        diff_report(differ, subject, DIFF_CHANGED, SLICE("first server_name"),
                    quote(differ, diff_class_bytes(differ, old->name)),
                    quote(differ, diff_class_bytes(differ, new->name)));
    }
    if (old->routes != new->routes && old->addresses == new->addresses) {
        diff_report(differ, subject, DIFF_CHANGED, SLICE("server_name by address"),
                    show_routes(&names, &addresses, old->routes),
                    show_routes(&names, &addresses, new->routes));
    }
}

/* --- All servers --- */

static void compare_server(struct differ *differ, uint32_t old, uint32_t new) {
    struct diff_subject subject = {.section = TABLE_SECTION_server, .records = {old, new}};
    if (old == TABLE_NONE || new == TABLE_NONE) {
        diff_report_thing(differ, &subject);
        return;
    }
    compare_routes(differ, &subject, &differ->sides[DIFF_OLD].servers[old],
                   &differ->sides[DIFF_NEW].servers[new]);
    diff_compare_fields(differ, &subject, SLICE(""), TABLE_SECTION_server, subject.records);
    diff_compare_locations(differ, &subject);
    arena_reset(&differ->scratch);
}

static uint32_t count_servers(const struct differ *differ, enum diff_side side) {
    return differ->sides[side].table->server_count;
}

void diff_compare_servers(struct differ *differ) {
    for (uint32_t i = 0; i < count_servers(differ, DIFF_OLD); i++) {
        if (differ->sides[DIFF_OLD].servers[i].partner == TABLE_NONE) {
            compare_server(differ, i, TABLE_NONE);
        }
    }
    for (uint32_t i = 0; i < count_servers(differ, DIFF_NEW) && !differ->is_exhausted; i++) {
        compare_server(differ, differ->sides[DIFF_NEW].servers[i].partner, i);
    }
}
