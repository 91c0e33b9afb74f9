/* An engine's life, and what a request needs before anything is decided about it. */
#include "engine/engine.h"

#include "engine/observe.h"
#include "engine/state.h"

#include <stdlib.h>

enum { STATUS_BAD_REQUEST = 400, STATUS_INTERNAL_ERROR = 500 };

struct engine *engine_create(const struct table *table) {
    struct engine *engine = calloc(1, sizeof *engine);
    if (engine == NULL) {
        return NULL;
    }
    engine->table = table;
    if (!engine_regexes_init(&engine->regexes, table)) {
        engine_destroy(engine);
        return NULL;
    }
    return engine;
}

void engine_destroy(struct engine *engine) {
    if (engine == NULL) {
        return;
    }
    engine_regexes_release(&engine->regexes);
    free(engine);
}

const struct table *engine_table(const struct engine *engine) {
    return engine->table;
}

bool engine_request_prepare(struct engine_request *request) {
    uint32_t count = request->engine->table->slot_count;
    if (count == 0) {
        return true;
    }
    request->slots = arena_allocate(request->arena, count * sizeof *request->slots);
    return request->slots != NULL;
}

static bool parse_host(struct engine_request *request, struct slice text) {
    return text.size > 0 && engine_parse_host(request->arena, text, &request->host);
}

/* An empty Host is refused, as by nginx, also beside a host in the target (RFC 9112 3.2), and then
 * the target has named the server; none at all is HTTP/1.0's right. */
static uint32_t find_server(struct engine_request *request, const struct table_endpoint *endpoint,
                            struct slice authority, const struct slice *host_field) {
    bool has_authority = authority.size > 0;
    bool is_good = has_authority ? parse_host(request, authority)
                                 : host_field == NULL || parse_host(request, *host_field);
    if (is_good && !engine_find_server(request, endpoint)) {
        return STATUS_INTERNAL_ERROR;
    }
    struct slice ignored;
    if (is_good && has_authority && host_field != NULL) {
        is_good = host_field->size > 0 && engine_parse_host(request->arena, *host_field, &ignored);
    }
    if (!is_good) {
        engine_note(request, TABLE_LOG_INFO, "client sent invalid host");
        return STATUS_BAD_REQUEST;
    }
    return 0;
}

uint32_t engine_begin(struct engine_request *request, const struct table_endpoint *endpoint,
                      const struct slice *host_field) {
    struct slice authority = {0};
    engine_use_default_server(request, endpoint);
    switch (engine_parse_target(request, request->settings->merge_slashes != 0, &authority)) {
    case ENGINE_TARGET_OK:
        break;
    case ENGINE_TARGET_INVALID:
        engine_note(request, TABLE_LOG_INFO, "client sent invalid request target");
        return STATUS_BAD_REQUEST;
    case ENGINE_TARGET_NO_MEMORY:
        return STATUS_INTERNAL_ERROR;
    }
    return find_server(request, endpoint, authority, host_field);
}
