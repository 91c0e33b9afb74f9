/* Fields of a message on their way to nghttp2, which copies them, with their names in lower case.
 */
#ifndef HTTP_HTTP2_FIELDS_H
#define HTTP_HTTP2_FIELDS_H

#include "base/arena.h"
#include "engine/engine.h"

#include <nghttp2/nghttp2.h>

enum {
    HTTP2_FEW_FIELDS = 48,
    /* Of a head that is sent, which other limits bound: nghttp2's own is 64 KB. */
    HTTP2_HEAD_LIMIT = 1 << 24,
};

struct http2_field_list {
    nghttp2_nv *items;
    size_t count;
    nghttp2_nv few[HTTP2_FEW_FIELDS];
    char status[3]; /* what fields of the list may be in */
    char length[SLICE_U64_SIZE];
};

/* An empty list with room for `limit` fields, in `arena` when they are many. False without memory.
 */
__attribute__((warn_unused_result)) bool http2_fields_start(struct http2_field_list *list,
                                                            struct arena *arena, uint32_t limit);

/* Adds :status, of three digits. */
void http2_fields_add_status(struct http2_field_list *list, uint32_t status);

/* Adds a field, unless it is one of those that belong to a connection of HTTP/1 (RFC 9113 8.2.2),
 * without white space around its value (8.2.1). Name and value are borrowed. */
void http2_fields_add(struct http2_field_list *list, struct slice name, struct slice value);

#endif
