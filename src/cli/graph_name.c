/* Names of servers, from the indexes that lead to them. */
#include "cli/graph.h"

#include "base/map.h"

#include <stdlib.h>
#include <string.h>

struct collector {
    struct arena *arena;
    const struct table *table;
    struct graph_server *servers;
    struct map seen; /* numbers of servers with their names */
};

/* An endpoint's index is not the only one that knows a name. */
static void add_name(struct collector *collector, uint32_t server, struct slice name) {
    struct slice key = arena_format(collector->arena, "%u %.*s", server, SLICE_ARGS(name));
    struct graph_server *found = &collector->servers[server];
    if (name.size > 0 && map_find(&collector->seen, key) == NULL) {
        map_insert(&collector->seen, key, found);
        VECTOR_PUSH(collector->arena, &found->names, name);
    }
}

static void add_index(struct collector *collector, uint32_t server, uint32_t index) {
    struct graph_server *found = &collector->servers[server];
    size_t count = found->indexes.count;
    if (count == 0 || found->indexes.items[count - 1] != index) {
        VECTOR_PUSH(collector->arena, &found->indexes, index);
    }
}

static struct slice slot_name(struct collector *collector, const struct table_name_slot *slot) {
    struct slice key = table_text(collector->table, slot->key);
    switch (slot->kind) {
    case TABLE_NAME_LEADING:
        return arena_format(collector->arena, "*%.*s", SLICE_ARGS(key));
    case TABLE_NAME_TRAILING:
        return arena_format(collector->arena, "%.*s*", SLICE_ARGS(key));
    default:
        return key;
    }
}

static void collect_index(struct collector *collector, uint32_t index) {
    const struct table *table = collector->table;
    struct table_range slots = table->name_index[index].slots;
    for (uint32_t i = slots.first; i < slots.first + slots.count; i++) {
        const struct table_name_slot *slot = &table->name_slot[i];
        if (slot->server != TABLE_NONE) {
            add_name(collector, slot->server, slot_name(collector, slot));
            add_index(collector, slot->server, index);
        }
    }
    struct table_range regexes = table->name_index[index].regexes;
    for (uint32_t i = regexes.first; i < regexes.first + regexes.count; i++) {
        const struct table_name_regex *regex = &table->name_regex[i];
        struct slice pattern = table_text(table, table->regex[regex->regex].pattern);
        add_name(collector, regex->server,
                 arena_format(collector->arena, "~%.*s", SLICE_ARGS(pattern)));
        add_index(collector, regex->server, index);
    }
}

static int compare_names(const void *left, const void *right) {
    return slice_compare(*(const struct slice *)left, *(const struct slice *)right);
}

/* The order of an index is that of hashes: the first name first, the others by alphabet. */
static void sort_names(struct graph_server *server, struct slice first) {
    if (server->names.count < 2) {
        return;
    }
    qsort(server->names.items, server->names.count, sizeof(struct slice), compare_names);
    size_t place = 0;
    while (place + 1 < server->names.count && !slice_equals(server->names.items[place], first)) {
        place++;
    }
    if (slice_equals(server->names.items[place], first)) {
        memmove(server->names.items + 1, server->names.items, place * sizeof(struct slice));
        server->names.items[0] = first;
    }
}

struct graph_server *graph_find_names(struct arena *arena, const struct table *table) {
    struct collector collector = {.arena = arena, .table = table};
    collector.servers =
        arena_require(arena, ((size_t)table->server_count + 1) * sizeof *collector.servers);
    map_init(&collector.seen, arena);
    for (uint32_t i = 0; i < table->name_index_count; i++) {
        collect_index(&collector, i);
    }
    for (uint32_t i = 0; i < table->server_count; i++) {
        sort_names(&collector.servers[i], table_text(table, table->server[i].name));
    }
    return collector.servers;
}

/* "*.example.com" covers a.example.com, "www.*" www.example.org; an expression but itself. */
static bool covers(struct slice pattern, struct slice name) {
    if (slice_equals_nocase(pattern, name)) {
        return true;
    }
    if (slice_starts_with(pattern, SLICE("*."))) {
        struct slice rest = slice_skip(pattern, 1);
        return name.size > rest.size &&
               slice_equals_nocase(slice_skip(name, name.size - rest.size), rest);
    }
    return slice_ends_with(pattern, SLICE(".*")) && name.size >= pattern.size &&
           slice_starts_with_nocase(name, slice_take(pattern, pattern.size - 1));
}

static bool has_name(const struct graph_server *server, struct slice name) {
    for (size_t i = 0; i < server->names.count; i++) {
        if (covers(server->names.items[i], name)) {
            return true;
        }
    }
    return false;
}

bool graph_choose_servers(struct graph_server *servers, const struct table *table,
                          struct slice name) {
    bool found = false;
    for (uint32_t i = 0; i < table->server_count; i++) {
        if (has_name(&servers[i], name) ||
            slice_equals_nocase(table_text(table, table->server[i].name), name)) {
            servers[i].is_chosen = true;
            found = true;
        }
    }
    return found;
}
