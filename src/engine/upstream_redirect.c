/* proxy_redirect: redirects of backends seen from outside. Its default makes of a Location under
 * proxy_pass's URL one under the location's own prefix. */
#include "engine/decide.h"
#include "engine/replacement.h"
#include "engine/reply.h"
#include "engine/state.h"
#include "engine/upstream.h"

/* --- default --- */

/* The rest of `value` behind the scheme, host and `uri`; false when it begins otherwise. */
static bool strip_prefix(const struct engine_request *request, bool is_tls, struct slice value,
                         struct slice uri, struct slice *rest) {
    struct slice scheme = is_tls ? SLICE("https://") : SLICE("http://");
    struct slice usual_port = is_tls ? SLICE(":443/") : SLICE(":80/");
    if (!slice_starts_with(value, scheme)) {
        return false;
    }
    value = slice_skip(value, scheme.size);
    if (!slice_starts_with(value, request->proxy_host)) {
        return false;
    }
    value = slice_skip(value, request->proxy_host.size);
    /* $proxy_host leaves the usual port out; a backend may write it. */
    struct slice port = {usual_port.data + 1, usual_port.size - 2};
    if (slice_starts_with(value, usual_port) && slice_equals(request->proxy_port, port)) {
        value = slice_skip(value, port.size + 1);
    }
    if (!slice_starts_with(value, uri)) {
        return false;
    }
    *rest = slice_skip(value, uri.size);
    return true;
}

/* It does not apply where proxy_pass has variables. */
static enum engine_replaced replace_by_default(struct engine_request *request,
                                               struct slice *subject) {
    const struct table *table = request->engine->table;
    const struct table_proxy *proxy = &table->proxy[request->location->proxy];
    bool has_uri = proxy->has_uri != 0;
    struct slice rest;
    if (proxy->upstream == TABLE_NONE ||
        !strip_prefix(request, proxy->is_tls != 0, *subject,
                      has_uri ? table_text(table, proxy->uri) : SLICE("/"), &rest)) {
        return ENGINE_REPLACED_NOT;
    }
    struct slice parts[] = {
        has_uri ? table_text(table, request->location->name) : SLICE("/"),
        rest,
    };
    return engine_join(request, parts, 2, subject) ? ENGINE_REPLACED : ENGINE_REPLACED_FAILED;
}

/* --- fields --- */

static enum engine_replaced replace(struct engine_request *request, struct slice *subject) {
    const struct table *table = request->engine->table;
    struct table_range list = request->settings->proxy_redirect;
    enum engine_replaced result = ENGINE_REPLACED_NOT;
    for (uint32_t i = 0; i < list.count && result == ENGINE_REPLACED_NOT; i++) {
        const struct table_replacement *replacement = &table->replacement[list.first + i];
        result = replacement->text == TABLE_NONE
                     ? replace_by_default(request, subject)
                     : engine_replace(request, replacement, engine_replacement_begins, subject);
    }
    return result;
}

/* What the backend sent as a relative reference stays one. */
bool engine_rewrite_location(struct engine_request *request, struct slice *value) {
    enum engine_replaced result = replace(request, value);
    if (result == ENGINE_REPLACED) {
        *value = engine_absolute_location(request, *value);
        return value->data != NULL;
    }
    return result == ENGINE_REPLACED_NOT;
}

bool engine_rewrite_refresh(struct engine_request *request, struct slice *value) {
    static const struct slice mark = SLICE_INIT("url=");
    size_t at = 0;
    while (at + mark.size <= value->size &&
           !slice_equals_nocase(slice_take(slice_skip(*value, at), mark.size), mark)) {
        at++;
    }
    if (at + mark.size > value->size) {
        return true;
    }
    struct slice url = slice_skip(*value, at + mark.size);
    enum engine_replaced result = replace(request, &url);
    if (result != ENGINE_REPLACED) {
        return result == ENGINE_REPLACED_NOT;
    }
    struct slice parts[] = {slice_take(*value, at + mark.size), url};
    return engine_join(request, parts, 2, value);
}
