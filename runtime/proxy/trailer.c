/* Trailers of chunked responses (RFC 9110 6.5): collected as they arrive, taken apart at the end,
 * passed on filtered like a head's fields. */
#include "proxy/internal.h"

#include <string.h>

/* The decoder refuses a longer section. */
enum { SECTION_LIMIT = 8192 + 2 };

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

bool proxy_keep_trailer(struct proxy *proxy, struct slice bytes) {
    struct slice *kept = &proxy->trailer;
    if (kept->data == NULL) {
        kept->data = arena_allocate_bytes(&proxy->exchange->arena, SECTION_LIMIT);
        kept->size = 0;
    }
    if (kept->data == NULL || bytes.size > SECTION_LIMIT - kept->size) {
        return false;
    }
    memcpy((char *)(uintptr_t)kept->data + kept->size, bytes.data, bytes.size);
    kept->size += bytes.size;
    return true;
}

static uint32_t count_lines(struct slice section) {
    uint32_t count = 0;
    for (size_t i = 0; i < section.size; i++) {
        count += section.data[i] == '\n' ? 1 : 0;
    }
    return count;
}

static bool parse(struct proxy *proxy, struct http_fields *fields) {
    struct arena *arena = &proxy->exchange->arena;
    fields->capacity = count_lines(proxy->trailer);
    fields->items = arena_allocate(arena, fields->capacity * sizeof *fields->items);
    fields->ids = arena_allocate(arena, fields->capacity);
    return fields->items != NULL && fields->ids != NULL &&
           http_parse_trailers(proxy->trailer.data, proxy->trailer.size, fields) == HTTP_PARSE_OK;
}

bool proxy_pass_trailers(struct proxy *proxy) {
    struct http_response *response = &proxy->exchange->response;
    struct http_fields fields = {0};
    if (!parse(proxy, &fields)) {
        return false;
    }
    response->trailers = fields.items;
    for (uint32_t i = 0; i < fields.count; i++) {
        if (proxy_passes_field(proxy, &fields, i, false)) {
            response->trailers[response->trailer_count++] = fields.items[i];
        }
    }
    return true;
}
