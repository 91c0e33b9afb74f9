/* Virtual servers: which one answers for a host name. The precedence is nginx's
 * (ngx_http_find_virtual_server): exact, *.x longest first, x.* longest first, regexes in order,
 * the endpoint's default. */
#include "engine/engine.h"

#include "engine/hash_slot.h"
#include "engine/state.h"

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

bool engine_find_server(struct engine_request *request, const struct table_endpoint *endpoint) {
    const struct table *table = request->engine->table;
    const struct table_name_index *names = &table->name_index[endpoint->names];
    const struct engine_keys keys = {.table = table,
                                     .slots = table_name_slots(table, names),
                                     .has_leading = names->has_leading != 0,
                                     .has_trailing = names->has_trailing != 0};
    uint64_t effort = 0;
    uint32_t server = engine_find_key(&keys, request->host, &effort);
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
