/* Virtual servers: which one answers for a host name. The precedence is nginx's
 * (ngx_http_find_virtual_server): exact, *.x longest first, x.* longest first, regexes in order,
 * the endpoint's default. */
#include "engine/engine.h"

#include "engine/state.h"

/* Nobody, or record number of the server. */
static uint32_t find_name(const struct table *table, const struct table_name_index *names,
                          struct slice key, enum table_name_kind kind) {
    if (names->slots.count == 0) {
        return TABLE_NONE;
    }
    const struct table_name_slot *slots = table->name_slot + names->slots.first;
    uint32_t count = names->slots.count;
    uint64_t hash = slice_hash(key);
    for (uint32_t i = table_name_home(hash, count); slots[i].server != TABLE_NONE;
         i = i + 1 < count ? i + 1 : 0) {
        if (slots[i].hash == hash && slots[i].kind == (uint32_t)kind &&
            slice_equals(table_text(table, slots[i].key), key)) {
            return slots[i].server;
        }
    }
    return TABLE_NONE;
}

/* *.example.com, whose key is ".example.com": the parts of the host from each dot on. */
static uint32_t find_leading(const struct table *table, const struct table_name_index *names,
                             struct slice host) {
    uint32_t server = TABLE_NONE;
    for (size_t dot = slice_find_byte(host, '.'); dot < host.size && server == TABLE_NONE;
         dot += 1 + slice_find_byte(slice_skip(host, dot + 1), '.')) {
        server = find_name(table, names, slice_skip(host, dot), TABLE_NAME_LEADING);
    }
    return server;
}

/* www.*, whose key is "www.": the parts of the host up to each dot. */
static uint32_t find_trailing(const struct table *table, const struct table_name_index *names,
                              struct slice host) {
    for (size_t end = host.size; end > 0; end--) {
        if (host.data[end - 1] == '.') {
            uint32_t server = find_name(table, names, slice_take(host, end), TABLE_NAME_TRAILING);
            if (server != TABLE_NONE) {
                return server;
            }
        }
    }
    return TABLE_NONE;
}

static bool find_regex(struct engine_request *request, const struct table_name_index *names,
                       uint32_t *server) {
    struct engine *engine = request->engine;
    for (uint32_t i = 0; i < names->regexes.count; i++) {
        const struct table_name_regex *name = &engine->table->name_regex[names->regexes.first + i];
        enum engine_regex_result result =
            engine_regex_match(&engine->regexes, request, name->regex, request->host);
        if (result == ENGINE_REGEX_FAILED) {
            return false;
        }
        if (result == ENGINE_REGEX_MATCHED) {
            *server = name->server;
            return true;
        }
    }
    return true;
}

static uint32_t find_by_text(const struct table *table, const struct table_name_index *names,
                             struct slice host) {
    uint32_t server = find_name(table, names, host, TABLE_NAME_EXACT);
    if (server == TABLE_NONE && names->has_leading) {
        server = find_leading(table, names, host);
    }
    if (server == TABLE_NONE && names->has_trailing) {
        server = find_trailing(table, names, host);
    }
    return server;
}

bool engine_find_server(struct engine_request *request, const struct table_endpoint *endpoint) {
    const struct table *table = request->engine->table;
    const struct table_name_index *names = &table->name_index[endpoint->names];
    uint32_t server = find_by_text(table, names, request->host);
    /* An absent host may be named "", but no regex is asked about it. */
    if (server == TABLE_NONE && request->host.size > 0 && !find_regex(request, names, &server)) {
        return false;
    }
    if (server == TABLE_NONE) {
        server = endpoint->default_server;
    }
    request->server = &table->server[server];
    request->settings = &table->settings[request->server->settings];
    return true;
}
