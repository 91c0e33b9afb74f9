/* What the head of a request to a backend says, whatever protocol carries it: the engine's head for
 * the body that this exchange has. */
#include "proxy/internal.h"

#include "engine/upstream.h"

static struct slice body_size(const struct proxy *proxy, struct proxy_request_head *made) {
    uint64_t size = 0;
    if (proxy->exchange->head.framing == HTTP_BODY_NONE) {
        return (struct slice){NULL, 0};
    }
    if (proxy->body == PROXY_BODY_COLLECT) {
        size = spool_size(&proxy->spool);
    } else if (proxy->body == PROXY_BODY_STREAM) {
        size = proxy->exchange->head.content_length;
    }
    return slice_format_u64(size, made->length);
}

bool proxy_make_request_head(struct proxy *proxy, struct proxy_request_head *made) {
    struct engine_request *request = &proxy->exchange->request;
    struct engine_upstream_head *head = &made->head;
    uint32_t limit = engine_upstream_field_limit(request);
    *head = (struct engine_upstream_head){.fields = made->few,
                                          .is_chunked = proxy_has_unknown_size(proxy)};
    if (limit > PROXY_FEW_FIELDS) {
        head->fields = arena_allocate(request->arena, limit * sizeof *head->fields);
        if (head->fields == NULL) {
            return false;
        }
    }
    return engine_make_upstream_head(request, proxy->host, body_size(proxy, made), head);
}
