/* Trailers of responses (RFC 9110 6.5): whether they pass, filtered like a head's fields. */
#include "proxy/internal.h"

static bool is_wanted(const struct exchange *exchange) {
    const struct engine_request *request = &exchange->request;
    for (uint32_t i = 0; i < request->header_count; i++) {
        if (request->header_ids[i] == HTTP_FIELD_TE &&
            http_list_has_token(request->headers[i].value, SLICE("trailers"))) {
            return exchange->head.minor >= 1;
        }
    }
    return false;
}

void proxy_decide_trailers(struct proxy *proxy) {
    proxy->passes_trailers = proxy->head.framing == HTTP_BODY_CHUNKED &&
                             proxy->exchange->request.settings->proxy_pass_trailers != 0 &&
                             is_wanted(proxy->exchange);
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
