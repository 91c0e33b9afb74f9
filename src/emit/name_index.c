/* Server-name indexes: the hash table over the exact and wildcard names behind one endpoint, and
 * its regexes in order. Endpoints with the same servers share one. */
#include "emit/emitter.h"

static uint64_t count_keys(const struct endpoint *endpoint) {
    uint64_t keys = 0;
    for (size_t i = 0; i < endpoint->servers.count; i++) {
        const struct server *server = endpoint->servers.items[i];
        for (size_t j = 0; j < server->names.count; j++) {
            enum server_name_kind kind = server->names.items[j]->kind;
            keys += kind == SERVER_NAME_REGEX ? 0 : kind == SERVER_NAME_BOTH ? 2 : 1;
        }
    }
    return keys;
}

static bool is_taken(const struct hash_slots *slots, struct slice key, enum table_name_kind kind) {
    return hash_slots_find(slots, key, kind) != TABLE_NONE;
}

/* As nginx: .example.com is one name. If one half is taken, by another name of the same server
 * even, the other is ignored, too. */
static void put_both(struct hash_slots *slots, struct slice name, uint32_t server) {
    struct slice exact = slice_skip(name, 1);
    if (is_taken(slots, exact, TABLE_NAME_EXACT) || is_taken(slots, name, TABLE_NAME_LEADING)) {
        return;
    }
    hash_slots_put(slots, exact, TABLE_NAME_EXACT, server);
    hash_slots_put(slots, name, TABLE_NAME_LEADING, server);
}

/* The first server that claims a name keeps it; the model has warned about the others. */
static void put_server_name(struct hash_slots *slots, const struct server_name *name,
                            uint32_t server) {
    switch (name->kind) {
    case SERVER_NAME_EXACT:
        hash_slots_put(slots, name->text, TABLE_NAME_EXACT, server);
        break;
    case SERVER_NAME_LEADING:
        hash_slots_put(slots, name->text, TABLE_NAME_LEADING, server);
        break;
    case SERVER_NAME_BOTH:
        put_both(slots, name->text, server);
        break;
    case SERVER_NAME_TRAILING:
        hash_slots_put(slots, name->text, TABLE_NAME_TRAILING, server);
        break;
    case SERVER_NAME_REGEX: {
        struct table_name_regex regex = {emit_regex(slots->emitter, name->regex), server};
        emit_append(slots->emitter, TABLE_SECTION_name_regex, &regex);
        break;
    }
    }
}

static void put_servers(struct hash_slots *slots, const struct endpoint *endpoint) {
    for (size_t i = 0; i < endpoint->servers.count; i++) {
        const struct server *server = endpoint->servers.items[i];
        uint32_t record = emit_find_thing(&slots->emitter->servers, server);
        for (size_t j = 0; j < server->names.count; j++) {
            put_server_name(slots, server->names.items[j], record);
        }
    }
}

static uint32_t build(struct emitter *emitter, const struct endpoint *endpoint) {
    struct hash_slots slots;
    hash_slots_begin(&slots, emitter, count_keys(endpoint));
    struct table_name_index record = {
        .regexes = {emit_next(emitter, TABLE_SECTION_name_regex), 0},
    };
    put_servers(&slots, endpoint);
    record.slots = hash_slots_emit(&slots, TABLE_SECTION_name_slot);
    record.regexes.count = emit_next(emitter, TABLE_SECTION_name_regex) - record.regexes.first;
    record.has_leading = slots.has[TABLE_NAME_LEADING];
    record.has_trailing = slots.has[TABLE_NAME_TRAILING];
    return emit_append(emitter, TABLE_SECTION_name_index, &record);
}

uint32_t emit_name_index(struct emitter *emitter, const struct endpoint *endpoint) {
    struct slice servers = {(const char *)endpoint->servers.items,
                            endpoint->servers.count * sizeof(struct server *)};
    uint32_t index = emit_find(&emitter->name_indexes, servers);
    if (index == TABLE_NONE) {
        index = build(emitter, endpoint);
        emit_remember(&emitter->name_indexes, servers, index);
    }
    return index;
}
