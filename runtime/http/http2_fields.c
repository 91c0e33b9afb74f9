/* Fields for nghttp2. */
#include "http/http2_fields.h"

#include "engine/http_field.h"

bool http2_fields_start(struct http2_field_list *list, struct arena *arena, uint32_t limit) {
    list->count = 0;
    list->items = list->few;
    if (limit > HTTP2_FEW_FIELDS) {
        list->items = arena_allocate(arena, limit * sizeof *list->items);
    }
    return list->items != NULL;
}

static bool is_of_connection(struct slice name) {
    switch (http_field_find(name)) {
    case HTTP_FIELD_CONNECTION:
    case HTTP_FIELD_KEEP_ALIVE:
    case HTTP_FIELD_PROXY_CONNECTION:
    case HTTP_FIELD_TRANSFER_ENCODING:
    case HTTP_FIELD_UPGRADE:
        return true;
    default:
        return false;
    }
}

void http2_fields_add(struct http2_field_list *list, struct slice name, struct slice value) {
    if (is_of_connection(name)) {
        return;
    }
    value = slice_trim(value);
    list->items[list->count++] = (nghttp2_nv){
        .name = (uint8_t *)(uintptr_t)name.data,
        .namelen = name.size,
        .value = (uint8_t *)(uintptr_t)value.data,
        .valuelen = value.size,
    };
}

void http2_fields_add_status(struct http2_field_list *list, uint32_t status) {
    list->status[0] = (char)('0' + status / 100 % 10);
    list->status[1] = (char)('0' + status / 10 % 10);
    list->status[2] = (char)('0' + status % 10);
    http2_fields_add(list, SLICE(":status"), (struct slice){list->status, sizeof list->status});
}
