/* Trailers of responses (RFC 9110 6.5): whether they pass, filtered like a head's fields. */
#include "proxy/internal.h"

static bool is_wanted(const struct exchange *exchange) {
    const struct engine_request *request = &exchange->request;
    if (exchange->is_http2) {
        return true; /* every client of HTTP/2 can take them */
    }
    for (uint32_t i = 0; i < request->header_count; i++) {
        if (request->header_ids[i] == HTTP_FIELD_TE &&
            http_list_has_token(request->headers[i].value, SLICE("trailers"))) {
            return exchange->head.minor >= 1;
        }
    }
    return false;
}

/* Nobody understands the answer to a gRPC call without them. */
static bool is_call(const struct proxy *proxy) {
    return proxy->record->is_grpc != 0 && proxy->exchange->head.minor >= 1;
}

void proxy_decide_trailers(struct proxy *proxy) {
    const struct exchange *exchange = proxy->exchange;
    bool is_asked = exchange->request.settings->proxy_pass_trailers != 0 && is_wanted(exchange);
    proxy->passes_trailers =
        proxy->head.framing == HTTP_BODY_CHUNKED && (is_asked || is_call(proxy));
}

void proxy_pass_trailers(struct proxy *proxy, const struct http_fields *fields) {
    struct http_response *response = &proxy->exchange->response;
    response->trailers = fields->items;
    for (uint32_t i = 0; i < fields->count; i++) {
        if (proxy_passes_field(proxy, fields, i, false)) {
            response->trailers[response->trailer_count++] = fields->items[i];
        }
    }
}
