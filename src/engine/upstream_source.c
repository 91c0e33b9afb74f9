/* proxy_bind: where connections to backends come from. */
#include "base/ip.h"
#include "engine/observe.h"
#include "engine/state.h"
#include "engine/upstream.h"

bool engine_find_source(struct engine_request *request, struct engine_source *source) {
    const struct table *table = request->engine->table;
    uint32_t record = request->settings->proxy_bind;
    *source = (struct engine_source){.is_bound = false};
    if (record == TABLE_NONE) {
        return true;
    }
    const struct table_binding *binding = &table->binding[record];
    if (!engine_run_template(request, binding->address, &source->text)) {
        return false;
    }
    size_t size = ip_parse_endpoint(source->text, source->bytes, &source->port);
    if (size == 0 && source->text.size > 0) {
        engine_note(request, TABLE_LOG_ERROR, "invalid local address \"%.*s\" in proxy_bind",
                    SLICE_ARGS(source->text));
    }
    source->is_bound = size > 0;
    source->is_transparent = size > 0 && binding->transparent != 0;
    source->family = size == IP_V4_SIZE ? TABLE_FAMILY_IPV4 : TABLE_FAMILY_IPV6;
    return true;
}
