/* Which server of one table is which of the other. */
#include "table/differ.h"

#include <stdlib.h>

enum { TAG_SERVER_KEY = 5000 };

/* From the surest sign to the weakest; 0 when a server does not give that sign. */

static uint32_t key_of_routes(struct differ *differ, const struct diff_server *server) {
    size_t begin = diff_class_begin(differ, TAG_SERVER_KEY);
    diff_class_add(differ, server->name);
    diff_class_add(differ, server->routes);
    return diff_class_end(differ, begin);
}

static bool has_members(const struct differ *differ, uint32_t set) {
    return diff_class_bytes(differ, set).size > 0;
}

static bool has_name(const struct differ *differ, const struct diff_server *server) {
    return diff_class_bytes(differ, server->name).size > 0;
}

static uint32_t key_of_names(struct differ *differ, const struct diff_server *server) {
    return has_members(differ, server->names) && has_name(differ, server) ? server->names : 0;
}

static uint32_t key_of_address(struct differ *differ, const struct diff_server *server) {
    size_t begin = diff_class_begin(differ, TAG_SERVER_KEY);
    diff_class_add(differ, server->name);
    diff_class_add(differ, server->addresses);
    return diff_class_end(differ, begin);
}

static uint32_t key_of_first_name(struct differ *differ, const struct diff_server *server) {
    return has_name(differ, server) ? server->name : 0;
}

static void match_by_key(struct differ *differ, struct diff_matching sides[2],
                         uint32_t (*key_of)(struct differ *, const struct diff_server *)) {
    for (enum diff_side side = DIFF_OLD; side <= DIFF_NEW; side++) {
        uint32_t count = sides[side].count;
        uint32_t *keys = arena_require(&differ->scratch, ((size_t)count + 1) * sizeof *keys);
        for (uint32_t i = 0; i < count; i++) {
            keys[i] = key_of(differ, &differ->sides[side].servers[i]);
        }
        sides[side].keys = keys;
    }
    diff_match(differ, sides);
}

struct claim {
    uint32_t name; /* or a set of addresses */
    uint32_t server;
};

struct claims {
    VECTOR_OF(struct claim) all;
};

static int compare_claims(const void *left, const void *right) {
    const struct claim *a = left;
    const struct claim *b = right;
    if (a->name != b->name) {
        return a->name < b->name ? -1 : 1;
    }
    return a->server < b->server ? -1 : a->server > b->server;
}

static void sort_claims(struct claims *claims) {
    if (claims->all.count > 1) {
        qsort(claims->all.items, claims->all.count, sizeof *claims->all.items, compare_claims);
    }
}

/* The names of all servers without a partner. The empty name is that of every nameless server. */
static struct claims collect_claims(struct differ *differ, enum diff_side side,
                                    const struct diff_matching *matching) {
    struct claims claims = {0};
    for (uint32_t i = 0; i < matching->count; i++) {
        size_t count = 0;
        const uint32_t *names =
            diff_class_members(differ, differ->sides[side].servers[i].names, &count);
        for (size_t j = 0; j < count && matching->partners[i] == TABLE_NONE; j++) {
            if (diff_server_name_text(differ, names[j]).size > 0) {
                VECTOR_PUSH(&differ->scratch, &claims.all, (struct claim){names[j], i});
            }
        }
    }
    sort_claims(&claims);
    return claims;
}

/* Servers that have at least one name in common. */
static void match_by_any_name(struct differ *differ, struct diff_matching sides[2]) {
    struct claims old = collect_claims(differ, DIFF_OLD, &sides[DIFF_OLD]);
    struct claims new = collect_claims(differ, DIFF_NEW, &sides[DIFF_NEW]);
    size_t i = 0;
    size_t j = 0;
    while (i < old.all.count && j < new.all.count) {
        const struct claim *a = &old.all.items[i];
        const struct claim *b = &new.all.items[j];
        if (a->name < b->name || sides[DIFF_OLD].partners[a->server] != TABLE_NONE) {
            i++;
        } else if (b->name < a->name || sides[DIFF_NEW].partners[b->server] != TABLE_NONE) {
            j++;
        } else {
            sides[DIFF_OLD].partners[a->server] = b->server;
            sides[DIFF_NEW].partners[b->server] = a->server;
        }
    }
}

/* The addresses of all servers without a partner. */
static struct claims collect_addresses(struct differ *differ, enum diff_side side,
                                       const struct diff_matching *matching) {
    struct claims claims = {0};
    for (uint32_t i = 0; i < matching->count; i++) {
        if (matching->partners[i] == TABLE_NONE) {
            uint32_t addresses = differ->sides[side].servers[i].addresses;
            VECTOR_PUSH(&differ->scratch, &claims.all, (struct claim){addresses, i});
        }
    }
    sort_claims(&claims);
    return claims;
}

static size_t count_equal(const struct claims *claims, size_t first) {
    size_t end = first + 1;
    while (end < claims->all.count &&
           claims->all.items[end].name == claims->all.items[first].name) {
        end++;
    }
    return end - first;
}

/* A nameless server that was given a name, or has lost it: the only one left at its addresses. */
static void match_by_address(struct differ *differ, struct diff_matching sides[2]) {
    struct claims old = collect_addresses(differ, DIFF_OLD, &sides[DIFF_OLD]);
    struct claims new = collect_addresses(differ, DIFF_NEW, &sides[DIFF_NEW]);
    size_t i = 0;
    size_t j = 0;
    while (i < old.all.count && j < new.all.count) {
        const struct claim *a = &old.all.items[i];
        const struct claim *b = &new.all.items[j];
        size_t old_count = count_equal(&old, i);
        size_t new_count = count_equal(&new, j);
        if (a->name == b->name && old_count == 1 && new_count == 1 &&
            (!has_name(differ, &differ->sides[DIFF_OLD].servers[a->server]) ||
             !has_name(differ, &differ->sides[DIFF_NEW].servers[b->server]))) {
            sides[DIFF_OLD].partners[a->server] = b->server;
            sides[DIFF_NEW].partners[b->server] = a->server;
        }
        i += a->name <= b->name ? old_count : 0;
        j += b->name <= a->name ? new_count : 0;
    }
}

static uint32_t find_only_nameless(const struct differ *differ, enum diff_side side,
                                   const struct diff_matching *matching) {
    uint32_t found = TABLE_NONE;
    for (uint32_t i = 0; i < matching->count; i++) {
        const struct diff_server *server = &differ->sides[side].servers[i];
        if (matching->partners[i] == TABLE_NONE && !has_name(differ, server)) {
            if (found != TABLE_NONE) {
                return TABLE_NONE;
            }
            found = i;
        }
    }
    return found;
}

/* A site of one nameless server that moved to another port. */
static void match_only_nameless(struct differ *differ, struct diff_matching sides[2]) {
    uint32_t old = find_only_nameless(differ, DIFF_OLD, &sides[DIFF_OLD]);
    uint32_t new = find_only_nameless(differ, DIFF_NEW, &sides[DIFF_NEW]);
    if (old != TABLE_NONE && new != TABLE_NONE) {
        sides[DIFF_OLD].partners[old] = new;
        sides[DIFF_NEW].partners[new] = old;
    }
}

void diff_match_servers(struct differ *differ) {
    static uint32_t (*const keys[])(struct differ *, const struct diff_server *) = {
        key_of_routes, key_of_names, key_of_address, key_of_first_name};
    struct diff_matching sides[2];
    for (enum diff_side side = DIFF_OLD; side <= DIFF_NEW; side++) {
        uint32_t count = differ->sides[side].table->server_count;
        sides[side] = (struct diff_matching){NULL, diff_new_partners(differ, count), count};
    }
    for (size_t i = 0; i < sizeof keys / sizeof keys[0]; i++) {
        match_by_key(differ, sides, keys[i]);
    }
    match_by_any_name(differ, sides);
    match_by_address(differ, sides);
    match_only_nameless(differ, sides);
    for (enum diff_side side = DIFF_OLD; side <= DIFF_NEW; side++) {
        for (uint32_t i = 0; i < sides[side].count; i++) {
            differ->sides[side].servers[i].partner = sides[side].partners[i];
        }
    }
}
