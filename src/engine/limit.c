/* Limits of requests and connections: what is counted, and telling observers of them. The counting
 * itself is the caller's, who has what lasts longer than a request. */
#include "engine/decide.h"
#include "engine/observe.h"
#include "engine/state.h"

bool engine_limit_key(struct engine_request *request, uint32_t zone, struct slice *key) {
    return engine_run_template(request, request->engine->table->limit_zone[zone].key, key);
}

void engine_tell_limits(const struct engine_request *request) {
    struct table_range requests = request->settings->limit_req;
    struct table_range connections = request->settings->limit_conn;
    for (uint32_t i = 0; request->observer != NULL && i < requests.count; i++) {
        ENGINE_TELL(request, (struct engine_event){.kind = ENGINE_EVENT_LIMIT_REQUESTS,
                                                   .record = requests.first + i});
    }
    for (uint32_t i = 0; request->observer != NULL && i < connections.count; i++) {
        ENGINE_TELL(request, (struct engine_event){.kind = ENGINE_EVENT_LIMIT_CONNECTIONS,
                                                   .record = connections.first + i});
    }
}
