/* What nghttp2 tells of a connection to a backend, noted. Frames of other streams than the current
 * exchange's are left-overs of one that was given up; they count for the connection's window. */
#include "proxy/http2.h"

#include "http/http2_fields.h"
#include "http/http2_memory.h"

#include <string.h>

/* The exchange that a frame of this stream is for, or NULL. */
static struct proxy *proxy_of(const struct proxy_http2 *http2, int32_t stream) {
    return stream == http2->stream && stream != 0 ? http2->back->user : NULL;
}

/* --- heads --- */

static void begin_head(struct proxy *proxy) {
    struct http_fields fields = proxy->head.fields;
    fields.count = 0;
    proxy->head = (struct http_response_head){.minor = 1, .fields = fields};
    proxy_begin_fields(proxy);
}

static int on_begin_headers(nghttp2_session *session, const nghttp2_frame *frame, void *user) {
    struct proxy_http2 *http2 = user;
    struct proxy *proxy = proxy_of(http2, frame->hd.stream_id);
    (void)session;
    http2->head_size = 0;
    if (proxy != NULL && !http2->has_head) {
        begin_head(proxy);
    }
    return 0;
}

static bool reserve_trailer(struct proxy_http2 *http2, struct arena *arena) {
    struct http_fields *fields = &http2->trailers;
    if (fields->items == NULL) {
        fields->items = arena_allocate(arena, EXCHANGE_FIELDS * sizeof *fields->items);
        fields->ids = arena_allocate(arena, EXCHANGE_FIELDS);
        fields->capacity = EXCHANGE_FIELDS;
    }
    return fields->items != NULL && fields->ids != NULL && fields->count < fields->capacity;
}

static bool add_field(struct arena *arena, struct http_fields *fields, struct slice name,
                      struct slice value) {
    char *bytes = arena_allocate_bytes(arena, name.size + value.size);
    if (bytes == NULL) {
        return false;
    }
    memcpy(mempcpy(bytes, name.data, name.size), value.data, value.size);
    fields->items[fields->count] = (struct engine_header){
        .name = {bytes, name.size},
        .value = {bytes + name.size, value.size},
    };
    fields->ids[fields->count++] = (uint8_t)http_field_find(name);
    return true;
}

/* nghttp2 has seen to it that a status is three digits, and a length one number. */
static bool add_to_head(struct proxy *proxy, struct slice name, struct slice value) {
    struct http_response_head *head = &proxy->head;
    uint64_t number = 0;
    if (slice_equals(name, SLICE(":status"))) {
        bool is_number = slice_parse_u64(value, 999, &number);
        head->status = (uint32_t)number;
        return is_number;
    }
    if (slice_equals(name, SLICE("content-length"))) {
        head->has_content_length = true;
        return slice_parse_u64(value, INT64_MAX, &head->content_length);
    }
    return true;
}

static bool note_field(struct proxy_http2 *http2, struct proxy *proxy, struct slice name,
                       struct slice value) {
    struct arena *arena = &proxy->exchange->arena;
    struct http_fields *fields = http2->has_head ? &http2->trailers : &proxy->head.fields;
    if (!http2->has_head && !add_to_head(proxy, name, value)) {
        return false;
    }
    if (slice_starts_with(name, SLICE(":"))) {
        return true;
    }
    bool has_room = http2->has_head ? reserve_trailer(http2, arena)
                                    : fields->count < fields->capacity || proxy_grow_fields(proxy);
    http2->is_head_too_big = !has_room && fields->capacity == EXCHANGE_FIELDS_LIMIT;
    if (has_room && add_field(arena, fields, name, value)) {
        return true;
    }
    http2->lacks_memory = !http2->is_head_too_big;
    return false;
}

static int on_header(nghttp2_session *session, const nghttp2_frame *frame, const uint8_t *name,
                     size_t name_size, const uint8_t *value, size_t value_size, uint8_t flags,
                     void *user) {
    struct proxy_http2 *http2 = user;
    struct proxy *proxy = proxy_of(http2, frame->hd.stream_id);
    (void)session;
    (void)flags;
    if (proxy == NULL) {
        return 0;
    }
    /* As the same head would have in HTTP/1. */
    http2->head_size += name_size + value_size + 4;
    uint64_t limit = http2->has_head ? PROXY_HTTP2_TRAILER_LIMIT : proxy_head_limit(proxy);
    if (http2->head_size > limit) {
        http2->is_head_too_big = true;
        return NGHTTP2_ERR_TEMPORAL_CALLBACK_FAILURE;
    }
    return note_field(http2, proxy, (struct slice){(const char *)name, name_size},
                      (struct slice){(const char *)value, value_size})
               ? 0
               : NGHTTP2_ERR_TEMPORAL_CALLBACK_FAILURE;
}

static void note(struct proxy_http2 *http2, const char *problem, size_t size) {
    if (http2->problem[0] == '\0' && size > 0) {
        size = size < sizeof http2->problem ? size : sizeof http2->problem - 1;
        memcpy(http2->problem, problem, size);
        http2->problem[size] = '\0';
    }
}

/* What makes no sense is refused, not left out. */
static int on_invalid_header(nghttp2_session *session, const nghttp2_frame *frame,
                             const uint8_t *name, size_t name_size, const uint8_t *value,
                             size_t value_size, uint8_t flags, void *user) {
    static const char problem[] = "invalid header";
    (void)session, (void)frame, (void)name, (void)name_size;
    (void)value, (void)value_size, (void)flags;
    note(user, problem, sizeof problem - 1);
    return NGHTTP2_ERR_TEMPORAL_CALLBACK_FAILURE;
}

static bool keep_interim(struct proxy_http2 *http2, struct proxy *proxy) {
    struct arena *arena = &proxy->exchange->arena;
    const struct http_fields *fields = &proxy->head.fields;
    struct proxy_http2_interim *interim = arena_allocate(arena, sizeof *interim);
    if (interim == NULL) {
        return false;
    }
    *interim = (struct proxy_http2_interim){.status = proxy->head.status, .fields = *fields};
    interim->fields.items = arena_allocate(arena, (fields->count + 1) * sizeof *fields->items);
    interim->fields.ids = arena_allocate(arena, fields->count + 1);
    if (interim->fields.items == NULL || interim->fields.ids == NULL) {
        return false;
    }
    memcpy(interim->fields.items, fields->items, fields->count * sizeof *fields->items);
    memcpy(interim->fields.ids, fields->ids, fields->count);
    *http2->interims_end = interim;
    http2->interims_end = &interim->next;
    return true;
}

/* A block of fields is complete: an interim head, the final one, or trailers. */
static void end_head(struct proxy_http2 *http2, struct proxy *proxy) {
    if (http2->has_head) {
        return;
    }
    if (proxy->head.status < 200) {
        http2->lacks_memory = http2->lacks_memory || !keep_interim(http2, proxy);
    } else {
        http2->has_head = true;
    }
}

/* --- bodies --- */

/* The part that comes before anybody has looked at the head waits, and the rest with it. */
static int on_data(nghttp2_session *session, uint8_t flags, int32_t stream, const uint8_t *data,
                   size_t size, void *user) {
    struct proxy_http2 *http2 = user;
    struct proxy *proxy = proxy_of(http2, stream);
    struct slice piece = {(const char *)data, size};
    (void)flags;
    if (proxy == NULL || (proxy->has_head && proxy->head.framing == HTTP_BODY_NONE)) {
        return nghttp2_session_consume_connection(session, size) == 0
                   ? 0
                   : NGHTTP2_ERR_CALLBACK_FAILURE;
    }
    http2->held += size;
    if (!proxy->has_head) {
        http2->early = piece;
        http2->is_paused = true;
    } else {
        proxy_add_piece(proxy, piece);
        http2->is_paused = proxy->piece_count == EXCHANGE_PIECES;
    }
    return http2->is_paused ? NGHTTP2_ERR_PAUSE : 0;
}

/* --- frames --- */

static int on_frame(nghttp2_session *session, const nghttp2_frame *frame, void *user) {
    struct proxy_http2 *http2 = user;
    struct proxy *proxy = proxy_of(http2, frame->hd.stream_id);
    (void)session;
    http2->is_going_away = http2->is_going_away || frame->hd.type == NGHTTP2_GOAWAY;
    if (proxy == NULL) {
        return 0;
    }
    bool is_headers = frame->hd.type == NGHTTP2_HEADERS;
    if (is_headers) {
        end_head(http2, proxy);
    }
    if ((is_headers || frame->hd.type == NGHTTP2_DATA) &&
        (frame->hd.flags & NGHTTP2_FLAG_END_STREAM) != 0) {
        http2->is_ended = true;
    }
    return 0;
}

static int on_invalid_frame(nghttp2_session *session, const nghttp2_frame *frame, int error,
                            void *user) {
    const char *problem = nghttp2_strerror(error);
    (void)session, (void)frame;
    note(user, problem, strlen(problem));
    return 0;
}

/* A request that nghttp2 could not begin was refused before anybody saw it. */
static int on_frame_not_sent(nghttp2_session *session, const nghttp2_frame *frame, int error,
                             void *user) {
    struct proxy_http2 *http2 = user;
    (void)session, (void)error;
    if (frame->hd.type == NGHTTP2_HEADERS && proxy_of(http2, frame->hd.stream_id) != NULL) {
        http2->is_closed = true;
        http2->error = NGHTTP2_REFUSED_STREAM;
    }
    return 0;
}

static int on_stream_close(nghttp2_session *session, int32_t stream, uint32_t error, void *user) {
    struct proxy_http2 *http2 = user;
    (void)session;
    if (stream == http2->stream) {
        http2->is_closed = true;
        http2->error = error;
    }
    return 0;
}

static int on_problem(nghttp2_session *session, int error, const char *text, size_t size,
                      void *user) {
    (void)session, (void)error;
    note(user, text, size);
    return 0;
}

/* The frame's header and its bytes, which were offered. There is room for both. */
static int send_data(nghttp2_session *session, nghttp2_frame *frame, const uint8_t *header,
                     size_t size, nghttp2_data_source *source, void *user) {
    enum { FRAME_HEADER = 9 };
    struct proxy_http2 *http2 = user;
    (void)session, (void)frame, (void)source;
    (void)buffer_append(http2->out, (struct slice){(const char *)header, FRAME_HEADER});
    (void)buffer_append(http2->out, slice_take(http2->offered, size));
    http2->offered = slice_skip(http2->offered, size);
    return 0;
}

/* --- the session --- */

static nghttp2_session_callbacks *make_callbacks(void) {
    nghttp2_session_callbacks *callbacks = NULL;
    if (nghttp2_session_callbacks_new(&callbacks) != 0) {
        return NULL;
    }
    nghttp2_session_callbacks_set_on_begin_headers_callback(callbacks, on_begin_headers);
    nghttp2_session_callbacks_set_on_header_callback(callbacks, on_header);
    nghttp2_session_callbacks_set_on_invalid_header_callback(callbacks, on_invalid_header);
    nghttp2_session_callbacks_set_on_data_chunk_recv_callback(callbacks, on_data);
    nghttp2_session_callbacks_set_on_frame_recv_callback(callbacks, on_frame);
    nghttp2_session_callbacks_set_on_invalid_frame_recv_callback(callbacks, on_invalid_frame);
    nghttp2_session_callbacks_set_on_frame_not_send_callback(callbacks, on_frame_not_sent);
    nghttp2_session_callbacks_set_on_stream_close_callback(callbacks, on_stream_close);
    nghttp2_session_callbacks_set_error_callback2(callbacks, on_problem);
    nghttp2_session_callbacks_set_send_data_callback(callbacks, send_data);
    return callbacks;
}

/* Windows are opened by hand, when bytes were passed on. */
static nghttp2_option *make_options(void) {
    nghttp2_option *options = NULL;
    if (nghttp2_option_new(&options) != 0) {
        return NULL;
    }
    nghttp2_option_set_no_auto_window_update(options, 1);
    nghttp2_option_set_no_closed_streams(options, 1);
    nghttp2_option_set_max_send_header_block_length(options, HTTP2_HEAD_LIMIT);
    return options;
}

nghttp2_session *proxy_http2_session(struct proxy_http2 *http2) {
    static const nghttp2_settings_entry settings[] = {
        {NGHTTP2_SETTINGS_ENABLE_PUSH, 0},
        {NGHTTP2_SETTINGS_INITIAL_WINDOW_SIZE, PROXY_HTTP2_WINDOW},
    };
    nghttp2_session *session = NULL;
    nghttp2_session_callbacks *callbacks = make_callbacks();
    nghttp2_option *options = make_options();
    nghttp2_mem memory = http2_memory(http2->back->service->memory);
    if (callbacks != NULL && options != NULL &&
        nghttp2_session_client_new3(&session, callbacks, http2, options, &memory) == 0 &&
        (nghttp2_submit_settings(session, NGHTTP2_FLAG_NONE, settings,
                                 sizeof settings / sizeof settings[0]) != 0 ||
         nghttp2_session_set_local_window_size(session, NGHTTP2_FLAG_NONE, 0, PROXY_HTTP2_WINDOW) !=
             0)) {
        nghttp2_session_del(session);
        session = NULL;
    }
    nghttp2_option_del(options);
    nghttp2_session_callbacks_del(callbacks);
    return session;
}
