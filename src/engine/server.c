/* Virtual servers: which one answers for a host name. The precedence is nginx's
 * (ngx_http_find_virtual_server): exact, *.x longest first, x.* longest first, regexes in order,
 * the endpoint's default. */
#include "engine/engine.h"

#include "engine/hash_slot.h"
#include "engine/observe.h"
#include "engine/state.h"

static bool find_regex(struct engine_request *request, const struct table_name_index *names,
                       struct slice host, uint32_t *server) {
    struct engine *engine = request->engine;
    for (uint32_t i = 0; i < names->regexes.count; i++) {
        const struct table_name_regex *name = &engine->table->name_regex[names->regexes.first + i];
        enum engine_regex_result result =
            engine_regex_match(&engine->regexes, request, name->regex, host);
        if (result == ENGINE_REGEX_FAILED) {
            return false;
        }
        ENGINE_TELL(request, (struct engine_event){.kind = ENGINE_EVENT_NAME_REGEX,
                                                   .record = names->regexes.first + i,
                                                   .result = result == ENGINE_REGEX_MATCHED,
                                                   .subject = host});
        if (result == ENGINE_REGEX_MATCHED) {
            *server = name->server;
            return true;
        }
    }
    return true;
}

static uint32_t find_by_text(const struct engine_request *request,
                             const struct table_name_index *names, struct slice host) {
    const struct table *table = request->engine->table;
    const struct engine_keys keys = {.table = table,
                                     .slots = table_name_slots(table, names),
                                     .has_leading = names->has_leading != 0,
                                     .has_trailing = names->has_trailing != 0};
    uint64_t effort = 0;
    uint32_t slot = engine_find_slot(&keys, host, &effort);
    if (slot == TABLE_NONE) {
        return TABLE_NONE;
    }
    ENGINE_TELL(request, (struct engine_event){.kind = ENGINE_EVENT_NAME,
                                               .record = names->slots.first + slot,
                                               .subject = host});
    return keys.slots.items[slot].target;
}

/* The server of that name, TABLE_NONE when there is none. False when a regex exceeded its limits.
 * An absent host may be named "", but no regex is asked about it. */
static bool find(struct engine_request *request, const struct table_endpoint *endpoint,
                 struct slice host, uint32_t *server) {
    const struct table_name_index *names = &request->engine->table->name_index[endpoint->names];
    *server = find_by_text(request, names, host);
    return *server != TABLE_NONE || host.size == 0 || find_regex(request, names, host, server);
}

static void use(struct engine_request *request, uint32_t server) {
    const struct table *table = request->engine->table;
    request->server = &table->server[server];
    request->settings = &table->settings[request->server->settings];
}

void engine_use_default_server(struct engine_request *request,
                               const struct table_endpoint *endpoint) {
    struct slice name;
    uint32_t server;
    use(request, endpoint->default_server);
    if (request->asked_name.size > 0 &&
        engine_parse_host(request->arena, request->asked_name, &name) &&
        find(request, endpoint, name, &server) && server != TABLE_NONE) {
        use(request, server);
    }
}

bool engine_find_server(struct engine_request *request, const struct table_endpoint *endpoint) {
    uint32_t server = TABLE_NONE;
    /* What the name in the handshake has led to already is not looked for again. */
    if (request->server != NULL && request->asked_name.size > 0 &&
        slice_equals(request->host, request->asked_name)) {
        return true;
    }
    if (!find(request, endpoint, request->host, &server)) {
        return false;
    }
    bool has_name = server != TABLE_NONE;
    use(request, has_name ? server : endpoint->default_server);
    ENGINE_TELL(request, (struct engine_event){
                             .kind = ENGINE_EVENT_SERVER,
                             .record = (uint32_t)(request->server - request->engine->table->server),
                             .result = has_name,
                             .subject = request->host});
    return true;
}

/* As in nginx, none at all is another one, too. */
bool engine_names_another_server(struct engine_request *request,
                                 const struct table_endpoint *endpoint) {
    struct slice name;
    uint32_t server;
    return request->asked_name.size > 0 &&
           engine_parse_host(request->arena, request->asked_name, &name) &&
           !slice_equals(name, request->host) && find(request, endpoint, name, &server) &&
           server != TABLE_NONE;
}
