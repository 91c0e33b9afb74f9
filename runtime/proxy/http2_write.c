/* Requests to backends by HTTP/2: their fields, their bodies as far as the backend's windows go,
 * and the frames of everything else, joined in few writes. */
#include "proxy/http2.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

enum {
    FRAME_HEADER = 9,
    FRAME_MIN = 1024,  /* less of a large body is no frame for itself */
    PSEUDO_FIELDS = 4, /* at most: the request line's, and :authority */
};

/* --- fields --- */

/* Without white space around the value (RFC 9113 8.2.1). */
static nghttp2_nv make_field(struct slice name, struct slice value) {
    value = slice_trim(value);
    return (nghttp2_nv){
        .name = (uint8_t *)(uintptr_t)name.data,
        .namelen = name.size,
        .value = (uint8_t *)(uintptr_t)value.data,
        .valuelen = value.size,
        .flags = NGHTTP2_NV_FLAG_NONE,
    };
}

static struct slice find_host(const struct engine_upstream_head *head) {
    for (uint32_t i = 0; i < head->count; i++) {
        if (http_field_find(head->fields[i].name) == HTTP_FIELD_HOST) {
            return slice_trim(head->fields[i].value);
        }
    }
    return (struct slice){"", 0};
}

/* Host is :authority here (RFC 9113 8.3.1), which is left out rather than empty; and the rest is in
 * lower case by nghttp2. */
static void fill_in(struct proxy *proxy, const struct engine_upstream_head *head,
                    struct proxy_http2_request *request) {
    struct slice scheme = proxy->security.context != NULL ? SLICE("https") : SLICE("http");
    struct slice authority = find_host(head);
    nghttp2_nv *fields = request->fields;
    size_t count = 0;
    fields[count++] = make_field(SLICE(":method"), head->method);
    fields[count++] = make_field(SLICE(":scheme"), scheme);
    fields[count++] = make_field(SLICE(":path"), proxy->uri);
    if (authority.size > 0) {
        fields[count++] = make_field(SLICE(":authority"), authority);
    }
    for (uint32_t i = 0; i < head->count; i++) {
        if (http_field_find(head->fields[i].name) != HTTP_FIELD_HOST) {
            fields[count++] = make_field(head->fields[i].name, head->fields[i].value);
        }
    }
    request->count = count;
}

/* What the fields are made of may lie on the stack: their bytes do not. */
static bool copy_length(struct proxy *proxy, struct proxy_request_head *made) {
    char *length = arena_allocate_bytes(&proxy->exchange->arena, PROXY_LENGTH_SIZE);
    for (uint32_t i = 0; length != NULL && i < made->head.count; i++) {
        struct slice *value = &made->head.fields[i].value;
        if (value->data == made->length) {
            memcpy(length, made->length, value->size);
            value->data = length;
        }
    }
    return length != NULL;
}

bool proxy_http2_prepare(struct proxy *proxy) {
    struct arena *arena = &proxy->exchange->arena;
    struct proxy_request_head made;
    if (proxy->protocol_data != NULL) {
        return true;
    }
    struct proxy_http2_request *request = arena_allocate(arena, sizeof *request);
    if (request == NULL || !proxy_make_request_head(proxy, &made) || !copy_length(proxy, &made)) {
        return false;
    }
    request->fields =
        arena_allocate(arena, (made.head.count + PSEUDO_FIELDS) * sizeof *request->fields);
    if (request->fields == NULL) {
        return false;
    }
    fill_in(proxy, &made.head, request);
    request->body = made.head.body;
    request->has_body =
        request->body.size > 0 || (proxy->body != PROXY_BODY_NONE && !proxy->keeps_body);
    proxy->asks_head = slice_equals(made.head.method, SLICE("HEAD"));
    proxy->protocol_data = request;
    return true;
}

/* --- the stream --- */

/* Bytes of the body as nghttp2 asks for them: as many as fit into `out`, too. Of the type of its
 * callback. NOLINTNEXTLINE(readability-non-const-parameter) */
static ssize_t read_body(nghttp2_session *session, int32_t stream, uint8_t *buffer, size_t limit,
                         uint32_t *flags, nghttp2_data_source *source, void *user) {
    struct proxy_http2 *http2 = user;
    size_t size = http2->offered.size < limit ? http2->offered.size : limit;
    size_t room = http2->out == NULL ? 0 : buffer_room(http2->out);
    (void)session, (void)stream, (void)buffer, (void)source;
    if (size + FRAME_HEADER > room) {
        size = room < FRAME_MIN ? 0 : room - FRAME_HEADER;
    }
    bool is_whole = size == http2->offered.size && room >= FRAME_HEADER;
    if (size == 0 && !(is_whole && http2->offered_is_last)) {
        http2->is_deferred = true;
        return NGHTTP2_ERR_DEFERRED;
    }
    *flags |= NGHTTP2_DATA_FLAG_NO_COPY;
    if (is_whole && http2->offered_is_last) {
        *flags |= NGHTTP2_DATA_FLAG_EOF;
        http2->has_given_end = true;
    }
    return (ssize_t)size;
}

static struct proxy_http2 *create(struct back *back) {
    struct proxy_http2 *http2 = calloc(1, sizeof *http2);
    if (http2 == NULL) {
        return NULL;
    }
    http2->back = back;
    http2->session = proxy_http2_session(http2);
    if (http2->session == NULL) {
        free(http2);
        return NULL;
    }
    back->protocol_data = http2;
    return http2;
}

/* Opens the exchange's stream, unless that has been done. NULL without memory. */
static struct proxy_http2 *begin(struct proxy *proxy) {
    const struct proxy_http2_request *request = proxy->protocol_data;
    struct proxy_http2 *http2 = proxy->back->protocol_data;
    if (http2 == NULL) {
        http2 = create(proxy->back);
    }
    if (http2 == NULL || http2->stream != 0) {
        return http2;
    }
    nghttp2_data_provider provider = {.read_callback = read_body};
    int32_t stream = nghttp2_submit_request(http2->session, NULL, request->fields, request->count,
                                            request->has_body ? &provider : NULL, NULL);
    if (stream <= 0) {
        return NULL;
    }
    http2->stream = stream;
    http2->interims_end = &http2->interims;
    http2->has_given_end = !request->has_body;
    return http2;
}

/* --- frames out --- */

bool proxy_http2_is_unsent(const struct proxy_http2 *http2) {
    return http2->out != NULL || http2->pending.size > 0 ||
           nghttp2_session_want_write(http2->session) != 0;
}

static bool take_out(struct proxy_http2 *http2) {
    if (http2->out == NULL) {
        bool is_large = http2->offered.size > BUFFER_STANDARD;
        http2->out = buffer_take_large(&http2->back->service->buffers, is_large);
    }
    return http2->out != NULL;
}

/* Collects frames. A frame that does not fit behind the others stays where nghttp2 has it until all
 * before it is written. */
static bool collect(struct proxy_http2 *http2) {
    while (http2->pending.size == 0) {
        const uint8_t *frame;
        ssize_t size = nghttp2_session_mem_send(http2->session, &frame);
        if (size <= 0) {
            errno = ENOMEM;
            return size == 0;
        }
        struct slice bytes = {(const char *)frame, (size_t)size};
        if (!buffer_append(http2->out, bytes)) {
            http2->pending = bytes;
        }
    }
    return true;
}

static void count(struct proxy_http2 *http2, size_t written) {
    struct slice collected = buffer_content(http2->out);
    size_t of_collected = written < collected.size ? written : collected.size;
    struct proxy *proxy = http2->back->user;
    http2->out->begin += of_collected;
    http2->pending = slice_skip(http2->pending, written - of_collected);
    if (http2->out->begin == http2->out->end) {
        http2->out->begin = http2->out->end = 0;
    }
    if (proxy != NULL) {
        proxy_current_attempt(proxy)->bytes_sent += written;
        proxy->request_written += written;
    }
}

static bool write_out(struct proxy_http2 *http2) {
    struct slice collected = buffer_content(http2->out);
    struct iovec parts[2];
    int used = 0;
    if (collected.size > 0) {
        parts[used++] = (struct iovec){(void *)(uintptr_t)collected.data, collected.size};
    }
    if (http2->pending.size > 0) {
        parts[used++] = (struct iovec){(void *)(uintptr_t)http2->pending.data, http2->pending.size};
    }
    if (used == 0 || (http2->back->handle.ready & LOOP_WRITE) == 0) {
        return true;
    }
    ssize_t written = back_write(http2->back, parts, used);
    if (written == SOCKET_FAILED) {
        return false;
    }
    count(http2, written == SOCKET_AGAIN ? 0 : (size_t)written);
    return true;
}

static bool is_empty(const struct proxy_http2 *http2) {
    return http2->out->begin == http2->out->end && http2->pending.size == 0;
}

/* nghttp2 could not get of the body what it can have now. */
static bool has_more_body(const struct proxy_http2 *http2) {
    return http2->is_deferred && (http2->offered.size > 0 || http2->offered_is_last);
}

static bool resume_body(struct proxy_http2 *http2) {
    if (!has_more_body(http2)) {
        return false;
    }
    http2->is_deferred = false;
    return nghttp2_session_resume_data(http2->session, http2->stream) == 0;
}

bool proxy_http2_flush(struct proxy_http2 *http2) {
    bool is_fine = true;
    bool may_have_more;
    if (!has_more_body(http2) && !proxy_http2_is_unsent(http2)) {
        return true;
    }
    if (!take_out(http2)) {
        errno = ENOMEM;
        return false;
    }
    (void)resume_body(http2);
    do {
        is_fine = collect(http2);
        may_have_more = http2->pending.size > 0;
        is_fine = is_fine && write_out(http2);
    } while (is_fine && is_empty(http2) && (resume_body(http2) || may_have_more));
    if (is_empty(http2)) {
        buffer_give(&http2->back->service->buffers, http2->out);
        http2->out = NULL;
    }
    return is_fine;
}

/* --- the body --- */

static bool has_window(const struct proxy_http2 *http2) {
    return nghttp2_session_get_remote_window_size(http2->session) > 0 &&
           nghttp2_session_get_stream_remote_window_size(http2->session, http2->stream) > 0;
}

bool proxy_http2_can_write(const struct proxy *proxy) {
    struct proxy_http2 *http2 = proxy_http2_of(proxy);
    if ((proxy->back->handle.ready & LOOP_WRITE) == 0) {
        return false;
    }
    if (http2 == NULL || http2->stream == 0 || http2->is_closed) {
        return true; /* a write finds out */
    }
    http2->is_starved = !has_window(http2);
    return !http2->is_starved || proxy_http2_is_unsent(http2);
}

static size_t own_left(const struct proxy *proxy) {
    const struct proxy_http2_request *request = proxy->protocol_data;
    const struct proxy_http2 *http2 = proxy_http2_of(proxy);
    return request->body.size - http2->own_written;
}

bool proxy_http2_has_unsent(const struct proxy *proxy) {
    const struct proxy_http2 *http2 = proxy_http2_of(proxy);
    return http2 == NULL || http2->stream == 0 || proxy_http2_is_unsent(http2) ||
           (own_left(proxy) > 0 && !http2->is_closed);
}

bool proxy_http2_owes_end(const struct proxy *proxy) {
    const struct proxy_http2_request *request = proxy->protocol_data;
    const struct proxy_http2 *http2 = proxy_http2_of(proxy);
    return request->has_body && (http2 == NULL || !http2->has_given_end);
}

/* Offers the bytes and writes. Returns how many were taken, or -1. */
static ssize_t offer(struct proxy_http2 *http2, struct slice body, bool last) {
    http2->offered = body;
    http2->offered_is_last = last && !http2->has_given_end;
    bool is_fine = proxy_http2_flush(http2);
    size_t taken = body.size - http2->offered.size;
    http2->is_starved = http2->offered.size > 0 && !http2->is_closed && !has_window(http2);
    http2->offered = (struct slice){"", 0};
    http2->offered_is_last = false;
    return is_fine ? (ssize_t)taken : -1;
}

ssize_t proxy_http2_write(struct proxy *proxy, struct slice body, bool last) {
    const struct proxy_http2_request *request = proxy->protocol_data;
    struct proxy_http2 *http2 = begin(proxy);
    if (http2 == NULL) {
        errno = ENOMEM;
        return -1;
    }
    if (http2->is_closed) {
        errno = EPIPE;
        return -1;
    }
    if ((proxy->back->handle.ready & LOOP_WRITE) == 0) {
        return 0;
    }
    if (request->body.size == 0) {
        return offer(http2, body, last);
    }
    ssize_t taken = offer(http2, slice_skip(request->body, http2->own_written), true);
    http2->own_written += taken > 0 ? (size_t)taken : 0;
    return taken < 0 ? -1 : 0;
}
