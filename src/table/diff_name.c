/* Where servers are to be found. A table has this in its indexes of names, from the listeners down;
 * here it is turned around: for each server its addresses, its names, and which names lead to it
 * at which addresses. */
#include "table/differ.h"

#include "table/dump_memory.h"
#include "table/dump_value.h"

#include <arpa/inet.h>
#include <stdlib.h>

enum { TAG_NAME = 4000, TAG_INDEX_SET, TAG_ROUTES };

/* One way to a server. */
struct entry {
    uint32_t server;
    uint32_t index; /* of names */
    uint32_t name;  /* class, 0 for a default server's way without one */
};

/* The same names in one or several indexes. */
struct group {
    uint32_t names; /* class of a set */
    uint32_t index;
};

struct locator {
    struct differ *differ;
    enum diff_side side;
    const struct table *table;
    struct entry *entries;
    size_t count;
    uint32_t *first_endpoint; /* of each index, into by_index; one more at the end */
    uint32_t *by_index;       /* classes of endpoints, index by index */
    struct map address_sets;  /* indexes to the class of their addresses */
};

/* --- What things are called --- */

static void print_address(FILE *out, const struct table_listener *listener,
                          const struct table_endpoint *endpoint) {
    char text[INET6_ADDRSTRLEN];
    bool is_ipv6 = listener->family == TABLE_FAMILY_IPV6;
    inet_ntop(is_ipv6 ? AF_INET6 : AF_INET, endpoint->address.bytes, text, sizeof text);
    fprintf(out, is_ipv6 ? "[%s]:%u" : "%s:%u", text, listener->port);
}

/* As the listener, or for one address among those that it takes: 127.0.0.1:80. */
static uint32_t classify_endpoint(const struct locator *locator,
                                  const struct table_listener *listener,
                                  const struct table_endpoint *endpoint) {
    struct dump_memory memory;
    dump_memory_open(&memory);
    if (endpoint->is_wildcard || listener->family == TABLE_FAMILY_UNIX) {
        struct slice name = table_text(locator->table, listener->name);
        fwrite(name.data, 1, name.size, memory.out);
    } else {
        print_address(memory.out, listener, endpoint);
    }
    uint32_t class = diff_class_of_text(locator->differ, dump_memory_close(&memory));
    dump_memory_release(&memory);
    return class;
}

static void classify_endpoints(struct locator *locator) {
    const struct table *table = locator->table;
    uint32_t *endpoints = arena_require(locator->differ->arena,
                                        ((size_t)table->endpoint_count + 1) * sizeof *endpoints);
    for (uint32_t i = 0; i < table->endpoint_count; i++) {
        endpoints[i] =
            diff_class_of_text(locator->differ, SLICE("")); /* those without a listener */
    }
    for (uint32_t i = 0; i < table->listener_count; i++) {
        struct table_range range = table->listener[i].endpoints;
        for (uint32_t j = range.first; j < range.first + range.count; j++) {
            endpoints[j] = classify_endpoint(locator, &table->listener[i], &table->endpoint[j]);
        }
    }
    locator->differ->sides[locator->side].endpoints = endpoints;
}

/* A name as in the configuration. That two expressions look alike is not enough. */
static uint32_t end_name(struct locator *locator, size_t begin, const char *before,
                         struct table_string text, const char *after) {
    struct differ *differ = locator->differ;
    struct slice own =
        diff_spend(differ, text.length) ? table_text(locator->table, text) : SLICE("");
    diff_class_add_bytes(differ, before, slice_from_string(before).size);
    diff_class_add_bytes(differ, own.data, own.size);
    diff_class_add_bytes(differ, after, slice_from_string(after).size);
    return diff_class_end(differ, begin);
}

static uint32_t classify_slot(struct locator *locator, const struct table_name_slot *slot) {
    size_t begin = diff_class_begin(locator->differ, TAG_NAME);
    diff_class_add(locator->differ, 0);
    return end_name(locator, begin, slot->kind == TABLE_NAME_LEADING ? "*" : "", slot->key,
                    slot->kind == TABLE_NAME_TRAILING ? "*" : "");
}

static uint32_t classify_regex(struct locator *locator, uint32_t regex) {
    uint32_t content = diff_class_of(locator->differ, locator->side, TABLE_SECTION_regex, regex);
    size_t begin = diff_class_begin(locator->differ, TAG_NAME);
    diff_class_add(locator->differ, content);
    return end_name(locator, begin, "~", locator->table->regex[regex].pattern, "");
}

struct slice diff_server_name_text(const struct differ *differ, uint32_t name) {
    return slice_skip(diff_class_bytes(differ, name), sizeof(uint32_t));
}

/* --- All ways to all servers --- */

static void add_entry(struct locator *locator, uint32_t server, uint32_t index, uint32_t name) {
    locator->entries[locator->count++] = (struct entry){server, index, name};
}

static void collect_index(struct locator *locator, uint32_t index) {
    const struct table *table = locator->table;
    struct table_range slots = table->name_index[index].slots;
    for (uint32_t i = slots.first; i < slots.first + slots.count; i++) {
        if (table->name_slot[i].server != TABLE_NONE) {
            add_entry(locator, table->name_slot[i].server, index,
                      classify_slot(locator, &table->name_slot[i]));
        }
    }
    struct table_range regexes = table->name_index[index].regexes;
    for (uint32_t i = regexes.first; i < regexes.first + regexes.count; i++) {
        add_entry(locator, table->name_regex[i].server, index,
                  classify_regex(locator, table->name_regex[i].regex));
    }
}

static int compare_entries(const void *left, const void *right) {
    const struct entry *a = left;
    const struct entry *b = right;
    if (a->server != b->server) {
        return a->server < b->server ? -1 : 1;
    }
    if (a->index != b->index) {
        return a->index < b->index ? -1 : 1;
    }
    return a->name < b->name ? -1 : a->name > b->name;
}

static void collect_entries(struct locator *locator) {
    const struct table *table = locator->table;
    size_t limit = (size_t)table->name_slot_count + table->name_regex_count + table->endpoint_count;
    locator->entries =
        arena_require(&locator->differ->scratch, (limit + 1) * sizeof *locator->entries);
    for (uint32_t i = 0; i < table->name_index_count; i++) {
        collect_index(locator, i);
    }
    for (uint32_t i = 0; i < table->endpoint_count; i++) {
        add_entry(locator, table->endpoint[i].default_server, table->endpoint[i].names, 0);
    }
    qsort(locator->entries, locator->count, sizeof *locator->entries, compare_entries);
}

/* --- Addresses of indexes --- */

static void list_endpoints(struct locator *locator) {
    const struct table *table = locator->table;
    struct arena *scratch = &locator->differ->scratch;
    size_t index_count = (size_t)table->name_index_count + 2;
    uint32_t *first = arena_require(scratch, index_count * sizeof *first);
    locator->by_index = arena_require(scratch, ((size_t)table->endpoint_count + 1) * sizeof *first);
    for (uint32_t i = 0; i < table->endpoint_count; i++) {
        first[table->endpoint[i].names + 2]++;
    }
    for (size_t i = 2; i < index_count; i++) {
        first[i] += first[i - 1];
    }
    /* Each index's beginning moves to its end, where the next one begins. */
    for (uint32_t i = 0; i < table->endpoint_count; i++) {
        locator->by_index[first[table->endpoint[i].names + 1]++] =
            locator->differ->sides[locator->side].endpoints[i];
    }
    locator->first_endpoint = first;
}

static uint32_t unite_addresses(struct locator *locator, const struct group *groups, size_t count) {
    VECTOR_OF(uint32_t) addresses = {0};
    struct arena *scratch = &locator->differ->scratch;
    for (size_t i = 0; i < count; i++) {
        uint32_t first = locator->first_endpoint[groups[i].index];
        uint32_t end = locator->first_endpoint[groups[i].index + 1];
        if (!diff_spend(locator->differ, end - first)) {
            break;
        }
        for (uint32_t j = first; j < end; j++) {
            VECTOR_PUSH(scratch, &addresses, locator->by_index[j]);
        }
    }
    return diff_class_of_set(locator->differ, addresses.items, addresses.count);
}

/* Servers are mostly in the same indexes as others. */
static uint32_t classify_addresses(struct locator *locator, const struct group *groups,
                                   size_t count) {
    struct differ *differ = locator->differ;
    size_t begin = diff_class_begin(differ, TAG_INDEX_SET);
    for (size_t i = 0; i < count; i++) {
        diff_class_add(differ, groups[i].index);
    }
    uint32_t class = diff_class_end(differ, begin);
    struct slice key = {(const char *)&class, sizeof class};
    uintptr_t addresses = (uintptr_t)map_find(&locator->address_sets, key);
    if (addresses == 0) {
        addresses = unite_addresses(locator, groups, count);
        /* A map's values are pointers. NOLINTNEXTLINE(performance-no-int-to-ptr) */
        void *value = (void *)addresses;
        map_insert(&locator->address_sets, arena_copy_slice(&differ->scratch, key), value);
    }
    return (uint32_t)addresses;
}

/* --- Each server --- */

/* The names of one server in one index. */
static uint32_t classify_names(struct locator *locator, const struct entry *entries, size_t count) {
    uint32_t *names = arena_require(&locator->differ->scratch, (count + 1) * sizeof *names);
    size_t found = 0;
    for (size_t i = 0; i < count; i++) {
        if (entries[i].name != 0) {
            names[found++] = entries[i].name;
        }
    }
    return diff_class_of_set(locator->differ, names, found);
}

static int compare_groups(const void *left, const void *right) {
    const struct group *a = left;
    const struct group *b = right;
    if (a->names != b->names) {
        return a->names < b->names ? -1 : 1;
    }
    return a->index < b->index ? -1 : a->index > b->index;
}

/* Which names at which addresses, however many indexes the table has for that. */
static uint32_t classify_routes(struct locator *locator, struct group *groups, size_t count) {
    struct differ *differ = locator->differ;
    if (count > 1) {
        qsort(groups, count, sizeof *groups, compare_groups);
    }
    size_t begin = diff_class_begin(differ, TAG_ROUTES);
    for (size_t i = 0, end; i < count; i = end) {
        for (end = i + 1; end < count && groups[end].names == groups[i].names;) {
            end++;
        }
        diff_class_add(differ, groups[i].names);
        diff_class_add(differ, classify_addresses(locator, groups + i, end - i));
    }
    return diff_class_end(differ, begin);
}

static int compare_indexes(const void *left, const void *right) {
    const struct group *a = left;
    const struct group *b = right;
    return a->index < b->index ? -1 : a->index > b->index;
}

static void locate_server(struct locator *locator, uint32_t record, const struct entry *entries,
                          size_t count) {
    struct differ *differ = locator->differ;
    struct diff_server *server = &differ->sides[locator->side].servers[record];
    VECTOR_OF(struct group) groups = {0};
    for (size_t i = 0, end; i < count; i = end) {
        for (end = i + 1; end < count && entries[end].index == entries[i].index;) {
            end++;
        }
        uint32_t names = classify_names(locator, entries + i, end - i);
        VECTOR_PUSH(&differ->scratch, &groups, (struct group){names, entries[i].index});
    }
    server->names = classify_names(locator, entries, count);
    server->routes = classify_routes(locator, groups.items, groups.count);
    if (groups.count > 1) {
        qsort(groups.items, groups.count, sizeof *groups.items, compare_indexes);
    }
    server->addresses = classify_addresses(locator, groups.items, groups.count);
    server->name = diff_class_of_string(differ, locator->side, locator->table->server[record].name);
    server->partner = TABLE_NONE;
}

static void mark_ambiguous(struct locator *locator) {
    struct diff_server *servers = locator->differ->sides[locator->side].servers;
    struct map first;
    map_init(&first, &locator->differ->scratch);
    for (uint32_t i = 0; i < locator->table->server_count; i++) {
        struct slice key = {(const char *)&servers[i].name, sizeof servers[i].name};
        struct diff_server *other = map_insert(&first, key, &servers[i]);
        if (other != &servers[i]) {
            other->is_ambiguous = true;
            servers[i].is_ambiguous = true;
        }
    }
}

void diff_locate_servers(struct differ *differ, enum diff_side side) {
    struct locator locator = {differ, side, differ->sides[side].table, NULL, 0, NULL, NULL, {0}};
    uint32_t count = locator.table->server_count;
    struct diff_server *servers =
        arena_require(differ->arena, ((size_t)count + 1) * sizeof *servers);
    differ->sides[side].servers = servers;
    map_init(&locator.address_sets, &differ->scratch);
    classify_endpoints(&locator);
    list_endpoints(&locator);
    collect_entries(&locator);
    size_t next = 0;
    for (uint32_t i = 0; i < count; i++) {
        size_t first = next;
        while (next < locator.count && locator.entries[next].server == i) {
            next++;
        }
        locate_server(&locator, i, locator.entries + first, next - first);
    }
    mark_ambiguous(&locator);
}
