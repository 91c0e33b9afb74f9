/* HTTP/1 to backends: heads and bodies of responses (RFC 9112), out of the buffer they were read
 * into, and whether a connection is kept. Requests are made in http1_request.c and written in
 * http1_write.c. */
#include "proxy/http1.h"

#include <string.h>

/* --- heads --- */

static enum http_parse_result parse(struct proxy *proxy, struct slice bytes) {
    struct http_response_head *head = &proxy->head;
    proxy_begin_fields(proxy);
    enum http_parse_result result =
        http_parse_response(bytes.data, bytes.size, proxy->asks_head, head);
    if (result != HTTP_PARSE_TOO_MANY_FIELDS || head->fields.capacity == EXCHANGE_FIELDS_LIMIT) {
        return result;
    }
    if (!proxy_grow_fields(proxy)) {
        head->reason = "no memory for its fields";
        return HTTP_PARSE_BAD;
    }
    return http_parse_response(bytes.data, bytes.size, proxy->asks_head, head);
}

/* The next head gets all the room. */
static void drop_interim(struct buffer *in) {
    struct slice rest = buffer_content(in);
    memmove(in->bytes, rest.data, rest.size);
    in->begin = 0;
    in->end = rest.size;
}

static bool take_head(struct proxy *proxy) {
    struct buffer *in = proxy->response;
    for (;;) {
        struct slice content = buffer_content(in);
        size_t limit = proxy_head_limit(proxy);
        size_t size = http_head_find_end(content.data, content.size, &proxy->scanned);
        if (size > limit || (size == 0 && content.size >= limit)) {
            proxy_fail_too_big(proxy);
            return false;
        }
        if (size == 0) {
            return true;
        }
        if (parse(proxy, slice_take(content, size)) != HTTP_PARSE_OK) {
            proxy_fail_bad(proxy, proxy->head.reason);
            return false;
        }
        in->begin += size;
        proxy->scanned = 0;
        bool is_interim = proxy->head.status < 200 && proxy->head.status != 101;
        if (!is_interim) {
            proxy->body_offset = in->begin;
            proxy_use_head(proxy);
            return false;
        }
        const char *problem = proxy_take_interim(proxy);
        if (problem != NULL) {
            proxy_fail_bad(proxy, problem);
            return false;
        }
        drop_interim(in);
    }
}

/* --- trailers --- */

/* The decoder refuses a longer section. */
enum { SECTION_LIMIT = 8192 + 2 };

static bool keep_trailer(struct proxy *proxy, struct slice bytes) {
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

/* The section is complete. False when it makes no sense. */
static bool pass_trailers(struct proxy *proxy) {
    struct arena *arena = &proxy->exchange->arena;
    struct http_fields fields = {.capacity = count_lines(proxy->trailer)};
    fields.items = arena_allocate(arena, fields.capacity * sizeof *fields.items);
    fields.ids = arena_allocate(arena, fields.capacity);
    if (fields.items == NULL || fields.ids == NULL ||
        http_parse_trailers(proxy->trailer.data, proxy->trailer.size, &fields) != HTTP_PARSE_OK) {
        return false;
    }
    proxy_pass_trailers(proxy, &fields);
    return true;
}

/* --- bodies --- */

static bool decode_chunked(struct proxy *proxy) {
    struct buffer *in = proxy->response;
    while (in->begin < in->end && proxy->piece_count < EXCHANGE_PIECES && !proxy->pieces_are_last) {
        size_t consumed = 0;
        struct slice data = {0};
        enum http_chunked_result result =
            http_chunked_decode(&proxy->chunked, buffer_content(in), &consumed, &data);
        in->begin += consumed;
        if (result == HTTP_CHUNKED_BAD) {
            return false;
        }
        if (result == HTTP_CHUNKED_DATA) {
            proxy_add_piece(proxy, data);
        }
        if (result != HTTP_CHUNKED_DATA && data.size > 0 && !keep_trailer(proxy, data)) {
            return false;
        }
        proxy->pieces_are_last = result == HTTP_CHUNKED_END;
    }
    return !proxy->pieces_are_last || !proxy->passes_trailers || pass_trailers(proxy);
}

static const char *decode(struct proxy *proxy) {
    struct buffer *in = proxy->response;
    struct slice content = buffer_content(in);
    switch (proxy->head.framing) {
    case HTTP_BODY_NONE:
        proxy->pieces_are_last = true;
        return NULL;
    case HTTP_BODY_CHUNKED:
        return decode_chunked(proxy) ? NULL : "sent an invalid chunked response";
    case HTTP_BODY_LENGTH:
        content = slice_take(content, content.size < proxy->remaining ? content.size
                                                                      : (size_t)proxy->remaining);
        proxy->remaining -= content.size;
        proxy->pieces_are_last = proxy->remaining == 0;
        break;
    case HTTP_BODY_UNTIL_CLOSE:
        break;
    }
    if (content.size > 0) {
        proxy_add_piece(proxy, content);
        in->begin += content.size;
    }
    return NULL;
}

/* --- the connection --- */

static bool let_go(struct proxy *proxy) {
    const struct http_response_head *head = &proxy->head;
    bool is_persistent = head->minor >= 1 ? !head->connection_close : head->connection_keep_alive;
    bool is_sent = proxy->body_sent && !proxy->protocol->has_unsent(proxy);
    return proxy->has_head && proxy->pieces_are_last && is_persistent && !proxy->asks_close &&
           is_sent && head->framing != HTTP_BODY_UNTIL_CLOSE && !proxy->exchange->is_upgraded &&
           proxy->response->begin == proxy->response->end;
}

/* What arrives is the connection's end, or an answer to nothing. */
static bool idle(struct back *back) {
    return back_is_quiet(back);
}

const struct proxy_protocol proxy_http1 = {
    .prepare = proxy_http1_prepare,
    .can_write = proxy_http1_can_write,
    .has_unsent = proxy_http1_has_unsent,
    .owes_end = proxy_http1_owes_end,
    .write = proxy_http1_write,
    .take_head = take_head,
    .decode = decode,
    .window = 0,
    .let_go = let_go,
    .idle = idle,
};
