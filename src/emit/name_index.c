/* Server-name indexes: the hash table over the exact and wildcard names behind one endpoint, and
 * its regexes in order. Endpoints with the same servers share one. */
#include "emit/emitter.h"

#include <string.h>

struct name_index {
    struct emitter *emitter;
    struct table_name_slot *slots;
    uint32_t slot_count;
    bool has[TABLE_name_kind_COUNT];
};

/* Half as many slots again as there are names: a name is on average in the second slot looked at.
 * Zero when there are none. */
static uint32_t choose_slot_count(const struct endpoint *endpoint) {
    uint64_t names = 0;
    for (size_t i = 0; i < endpoint->servers.count; i++) {
        const struct server *server = endpoint->servers.items[i];
        for (size_t j = 0; j < server->names.count; j++) {
            enum server_name_kind kind = server->names.items[j]->kind;
            names += kind == SERVER_NAME_REGEX ? 0 : kind == SERVER_NAME_BOTH ? 2 : 1;
        }
    }
    uint64_t count = names + (names + 1) / 2;
    return count < TABLE_NONE ? (uint32_t)count : TABLE_NONE;
}

/* The first server that claims a name keeps it; the model has warned about the others. */
static void put_name(struct name_index *index, struct slice key, enum table_name_kind kind,
                     uint32_t server) {
    uint64_t hash = slice_hash(key);
    struct table_string text = emit_string(index->emitter, key);
    uint32_t i = table_name_home(hash, index->slot_count);
    while (index->slots[i].server != TABLE_NONE) {
        /* Equal strings are stored once, so their offsets tell. */
        if (index->slots[i].kind == (uint32_t)kind && index->slots[i].key.offset == text.offset &&
            index->slots[i].key.length == text.length) {
            return;
        }
        i = i + 1 < index->slot_count ? i + 1 : 0;
    }
    index->slots[i] = (struct table_name_slot){hash, text, kind, server};
    index->has[kind] = true;
}

static void put_server_name(struct name_index *index, const struct server_name *name,
                            uint32_t server) {
    switch (name->kind) {
    case SERVER_NAME_EXACT:
        put_name(index, name->text, TABLE_NAME_EXACT, server);
        break;
    case SERVER_NAME_LEADING:
        put_name(index, name->text, TABLE_NAME_LEADING, server);
        break;
    case SERVER_NAME_BOTH:
        put_name(index, slice_skip(name->text, 1), TABLE_NAME_EXACT, server);
        put_name(index, name->text, TABLE_NAME_LEADING, server);
        break;
    case SERVER_NAME_TRAILING:
        put_name(index, name->text, TABLE_NAME_TRAILING, server);
        break;
    case SERVER_NAME_REGEX: {
        struct table_name_regex regex = {emit_regex(index->emitter, name->regex), server};
        emit_append(index->emitter, TABLE_SECTION_name_regex, &regex);
        break;
    }
    }
}

static void put_servers(struct name_index *index, const struct endpoint *endpoint) {
    for (size_t i = 0; i < endpoint->servers.count; i++) {
        const struct server *server = endpoint->servers.items[i];
        uint32_t record = emit_find_thing(&index->emitter->servers, server);
        for (size_t j = 0; j < server->names.count; j++) {
            put_server_name(index, server->names.items[j], record);
        }
    }
}

static uint32_t build(struct emitter *emitter, const struct endpoint *endpoint) {
    uint32_t count = choose_slot_count(endpoint);
    struct name_index index = {
        .emitter = emitter,
        .slots = arena_require(&emitter->scratch, (count + (size_t)1) * sizeof *index.slots),
        .slot_count = count,
    };
    for (uint32_t i = 0; i < count; i++) {
        index.slots[i].server = TABLE_NONE;
    }
    struct table_name_index record = {
        .slots = {emit_next(emitter, TABLE_SECTION_name_slot), count},
        .regexes = {emit_next(emitter, TABLE_SECTION_name_regex), 0},
    };
    put_servers(&index, endpoint);
    for (uint32_t i = 0; i < count; i++) {
        emit_append(emitter, TABLE_SECTION_name_slot, &index.slots[i]);
    }
    record.regexes.count = emit_next(emitter, TABLE_SECTION_name_regex) - record.regexes.first;
    record.has_leading = index.has[TABLE_NAME_LEADING];
    record.has_trailing = index.has[TABLE_NAME_TRAILING];
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
