/* Virtual servers: which one answers for a host name. The precedence is nginx's
 * (ngx_http_find_virtual_server): exact, *.x longest first, x.* longest first, regexes in order,
 * the endpoint's default. */
#include "engine/engine.h"

#include "engine/hash_slot.h"
#include "engine/observe.h"
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
        ENGINE_TELL(request, (struct engine_event){.kind = ENGINE_EVENT_NAME_REGEX,
                                                   .record = names->regexes.first + i,
                                                   .result = result == ENGINE_REGEX_MATCHED,
                                                   .subject = request->host});
        if (result == ENGINE_REGEX_MATCHED) {
            *server = name->server;
            return true;
        }
    }
    return true;
}

static uint32_t find_by_text(const struct engine_request *request,
                             const struct table_name_index *names) {
    const struct table *table = request->engine->table;
    const struct engine_keys keys = {.table = table,
                                     .slots = table_name_slots(table, names),
                                     .has_leading = names->has_leading != 0,
                                     .has_trailing = names->has_trailing != 0};
    uint64_t effort = 0;
    uint32_t slot = engine_find_slot(&keys, request->host, &effort);
    if (slot == TABLE_NONE) {
        return TABLE_NONE;
    }
    ENGINE_TELL(request, (struct engine_event){.kind = ENGINE_EVENT_NAME,
                                               .record = names->slots.first + slot,
                                               .subject = request->host});
    return keys.slots.items[slot].target;
}

bool engine_find_server(struct engine_request *request, const struct table_endpoint *endpoint) {
    const struct table *table = request->engine->table;
    const struct table_name_index *names = &table->name_index[endpoint->names];
    uint32_t server = find_by_text(request, names);
    /* An absent host may be named "", but no regex is asked about it. */
    if (server == TABLE_NONE && request->host.size > 0 && !find_regex(request, names, &server)) {
        return false;
    }
    bool has_name = server != TABLE_NONE;
    if (!has_name) {
        server = endpoint->default_server;
    }
    ENGINE_TELL(request, (struct engine_event){.kind = ENGINE_EVENT_SERVER,
                                               .record = server,
                                               .result = has_name,
                                               .subject = request->host});
    request->server = &table->server[server];
    request->settings = &table->settings[request->server->settings];
    return true;
}
