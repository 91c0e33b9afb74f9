/* Between nghttp2 and a connection: the session's settings, its callbacks, bytes in and out. */
#include "http/http2_front.h"

#include "http/http2_fields.h"
#include "http/http2_memory.h"

#include <stdlib.h>
#include <string.h>

enum {
    LARGEST_WINDOW = INT32_MAX,
    USELESS_ALLOWANCE = 1 << 20, /* bytes of a client's that are neither fields nor bodies, */
    USELESS_RATIO = 8,           /* besides this many for each that is, in any direction */
    RESETS_PER_SECOND = 33,      /* a client may cancel what it has asked for, within reason */
    RESET_ALLOWANCE = 500,
    PENDING_ACKNOWLEDGEMENTS = 500, /* of pings and settings that the client does not read */
    SETTINGS_IN_FRAME = 32,
    GONE_LIMIT = 64, /* streams that are over and still hold memory, before others may begin */
};

struct http2_stream *http2_find_stream(nghttp2_session *session, int32_t id) {
    return nghttp2_session_get_stream_user_data(session, id);
}

static const char FLOODED[] = "client floods the connection with frames";

/* --- callbacks: notes of what has arrived --- */

/* RFC 9113 5.4.2 and 10.5: each costs the client a few bytes, and us a request. A frame that makes
 * nghttp2 reset the stream is as good for that as RST_STREAM (CVE-2025-8671). */
static void note_reset(struct http2_front *front) {
    uint64_t now = front->connection.service->loop->now;
    uint64_t refill = (now - front->reset_refilled) * RESETS_PER_SECOND / 1000;
    if (refill > 0) {
        front->reset_refilled = now;
        front->reset_allowance = refill < RESET_ALLOWANCE - front->reset_allowance
                                     ? front->reset_allowance + (uint32_t)refill
                                     : RESET_ALLOWANCE;
    }
    if (front->reset_allowance == 0) {
        http2_accuse(front, NGHTTP2_ENHANCE_YOUR_CALM, "client resets streams too often");
        return;
    }
    front->reset_allowance--;
}

static int on_begin_headers(nghttp2_session *session, const nghttp2_frame *frame, void *data) {
    (void)session;
    if (frame->headers.cat != NGHTTP2_HCAT_REQUEST) {
        return 0; /* trailers */
    }
    return http2_request_open(data, frame->hd.stream_id);
}

static int on_header(nghttp2_session *session, const nghttp2_frame *frame, nghttp2_rcbuf *name,
                     nghttp2_rcbuf *value, uint8_t flags, void *data) {
    struct http2_front *front = data;
    bool is_heading = front->heading != NULL && front->heading->id == frame->hd.stream_id;
    struct http2_stream *stream =
        is_heading ? front->heading : http2_find_stream(session, frame->hd.stream_id);
    (void)flags;
    if (stream != NULL) {
        http2_request_add_field(stream, name, value);
    }
    if (front->gone_count >= GONE_LIMIT) {
        front->must_pause = true;
        return NGHTTP2_ERR_PAUSE;
    }
    return 0;
}

/* What nghttp2 would merely leave out. */
static int on_invalid_header(nghttp2_session *session, const nghttp2_frame *frame,
                             nghttp2_rcbuf *name, nghttp2_rcbuf *value, uint8_t flags, void *data) {
    struct http2_stream *stream = http2_find_stream(session, frame->hd.stream_id);
    (void)name;
    (void)value;
    (void)flags;
    (void)data;
    if (stream != NULL && !stream->has_head) {
        http2_request_refuse(stream, 400, "client sent invalid header line");
    }
    return 0;
}

static int on_data_chunk(nghttp2_session *session, uint8_t flags, int32_t id, const uint8_t *bytes,
                         size_t size, void *data) {
    struct http2_front *front = data;
    (void)flags;
    front->useful_bytes += size;
    front->chunk_stream = http2_find_stream(session, id);
    front->chunk = (struct slice){(const char *)bytes, size};
    front->has_chunk = true;
    return NGHTTP2_ERR_PAUSE;
}

static void note_end(struct http2_stream *stream) {
    stream->has_ended = true;
    stream->front->has_news = true;
    http2_stream_due(stream);
}

/* As nginx counts: without what a frame says of priorities. */
static size_t block_size(const nghttp2_frame *frame) {
    size_t priority = (frame->hd.flags & NGHTTP2_FLAG_PRIORITY) != 0 ? 5 : 0;
    return frame->hd.length - priority;
}

static void note_headers(struct http2_front *front, const nghttp2_frame *frame,
                         struct http2_stream *stream) {
    if (stream == NULL) {
        return;
    }
    if (front->heading == stream) {
        front->heading = NULL;
        stream->has_head = true;
        front->has_news = true;
        stream->exchange->request_length = block_size(frame);
        http2_stream_due(stream);
    }
    if ((frame->hd.flags & NGHTTP2_FLAG_END_STREAM) != 0) {
        note_end(stream);
    }
}

static void note_ping(struct http2_front *front, const nghttp2_frame *frame) {
    if ((frame->hd.flags & NGHTTP2_FLAG_ACK) != 0 && front->is_leaving) {
        http2_tell_last(front);
    }
}

/* For a stream that does not exist yet nghttp2 keeps it, and nobody else does. */
static void note_priority(nghttp2_session *session, const nghttp2_frame *frame) {
    const nghttp2_ext_priority_update *update = frame->ext.payload;
    struct http2_stream *stream = http2_find_stream(session, update->stream_id);
    if (stream != NULL) {
        http2_priority_change(
            stream, (struct slice){(const char *)update->field_value, update->field_value_len});
    }
}

static int on_frame(nghttp2_session *session, const nghttp2_frame *frame, void *data) {
    struct http2_front *front = data;
    struct http2_stream *stream;
    switch (frame->hd.type) {
    case NGHTTP2_HEADERS:
        note_headers(front, frame, http2_find_stream(session, frame->hd.stream_id));
        break;
    case NGHTTP2_DATA:
        stream = http2_find_stream(session, frame->hd.stream_id);
        if (stream != NULL && (frame->hd.flags & NGHTTP2_FLAG_END_STREAM) != 0) {
            note_end(stream);
        }
        break;
    case NGHTTP2_RST_STREAM:
        note_reset(front);
        break;
    case NGHTTP2_PING:
        note_ping(front, frame);
        break;
    case NGHTTP2_PRIORITY_UPDATE:
        note_priority(session, frame);
        break;
    case NGHTTP2_GOAWAY:
        http2_begin_leaving(front);
        break;
    default:
        break;
    }
    return 0;
}

static int on_stream_close(nghttp2_session *session, int32_t id, uint32_t code, void *data) {
    struct http2_stream *stream = http2_find_stream(session, id);
    struct http2_front *front = data;
    (void)code;
    if (stream != NULL) {
        stream->is_gone = true;
        front->gone_count++;
        front->heading = front->heading == stream ? NULL : front->heading;
        http2_stream_due(stream);
    }
    return 0;
}

static void note_sent(const nghttp2_frame *frame, struct http2_stream *stream) {
    struct http_response *response = &stream->exchange->response;
    stream->front->useful_bytes += frame->hd.length; /* for which the client opens windows */
    bool is_data = frame->hd.type == NGHTTP2_DATA;
    size_t size = frame->hd.length + (is_data ? 0 : HTTP2_FRAME_HEADER); /* as nginx counts */
    response->bytes_sent += size;
    response->head_size += is_data || stream->has_trailers ? 0 : size;
    if ((frame->hd.flags & NGHTTP2_FLAG_END_STREAM) != 0) {
        stream->has_sent_all = true;
        http2_stream_due(stream);
    }
}

/* Of those two codes are all resets that are not for the client's faults. */
static bool is_clients_fault(uint32_t code) {
    return code != NGHTTP2_NO_ERROR && code != NGHTTP2_INTERNAL_ERROR;
}

static int on_frame_sent(nghttp2_session *session, const nghttp2_frame *frame, void *data) {
    struct http2_stream *stream;
    switch (frame->hd.type) {
    case NGHTTP2_DATA:
    case NGHTTP2_HEADERS:
        stream = http2_find_stream(session, frame->hd.stream_id);
        if (stream != NULL) {
            note_sent(frame, stream);
        }
        break;
    case NGHTTP2_RST_STREAM:
        if (is_clients_fault(frame->rst_stream.error_code)) {
            note_reset(data);
        }
        break;
    case NGHTTP2_GOAWAY:
        if (frame->goaway.error_code != NGHTTP2_NO_ERROR) {
            http2_accuse(data, frame->goaway.error_code, "client broke the rules of HTTP/2");
        }
        break;
    default:
        break;
    }
    return 0;
}

/* A head that nghttp2 could not make. The stream would wait for it for ever. */
static int on_frame_not_sent(nghttp2_session *session, const nghttp2_frame *frame, int error,
                             void *data) {
    struct http2_stream *stream = http2_find_stream(session, frame->hd.stream_id);
    bool is_over = error == NGHTTP2_ERR_STREAM_CLOSED || error == NGHTTP2_ERR_STREAM_CLOSING;
    (void)data;
    if (frame->hd.type == NGHTTP2_HEADERS && stream != NULL && !is_over) {
        exchange_log(stream->exchange, TABLE_LOG_ERROR, (struct slice){0},
                     "a response header could not be sent: %s", nghttp2_strerror(error));
        http2_stream_break(stream);
    }
    return 0;
}

/* --- what connections share --- */

static bool set_callbacks(nghttp2_session_callbacks **made) {
    if (nghttp2_session_callbacks_new(made) != 0) {
        return false;
    }
    nghttp2_session_callbacks *callbacks = *made;
    nghttp2_session_callbacks_set_on_begin_headers_callback(callbacks, on_begin_headers);
    nghttp2_session_callbacks_set_on_header_callback2(callbacks, on_header);
    nghttp2_session_callbacks_set_on_invalid_header_callback2(callbacks, on_invalid_header);
    nghttp2_session_callbacks_set_on_data_chunk_recv_callback(callbacks, on_data_chunk);
    nghttp2_session_callbacks_set_on_frame_recv_callback(callbacks, on_frame);
    nghttp2_session_callbacks_set_on_stream_close_callback(callbacks, on_stream_close);
    nghttp2_session_callbacks_set_on_frame_send_callback(callbacks, on_frame_sent);
    nghttp2_session_callbacks_set_on_frame_not_send_callback(callbacks, on_frame_not_sent);
    nghttp2_session_callbacks_set_send_data_callback(callbacks, http2_response_pack);
    return true;
}

/* Windows are opened when a handler has taken bytes, not when they arrive. Streams that are over
 * are forgotten, as nobody orders them by what depends on what. */
static bool set_options(nghttp2_option **made) {
    if (nghttp2_option_new(made) != 0) {
        return false;
    }
    nghttp2_option *options = *made;
    nghttp2_option_set_no_auto_window_update(options, 1);
    nghttp2_option_set_no_closed_streams(options, 1);
    nghttp2_option_set_max_outbound_ack(options, PENDING_ACKNOWLEDGEMENTS);
    nghttp2_option_set_max_settings(options, SETTINGS_IN_FRAME);
    nghttp2_option_set_max_send_header_block_length(options, HTTP2_HEAD_LIMIT);
    nghttp2_option_set_builtin_recv_extension_type(options, NGHTTP2_PRIORITY_UPDATE);
    return true;
}

/* What all HTTP/2 connections of a service share. */
struct http2_shared {
    nghttp2_session_callbacks *callbacks;
    nghttp2_option *options;
    struct buffer *input; /* what is being read lies here while it is taken apart */
};

static void release_shared(struct http_service *service) {
    struct http2_shared *shared = service->http2;
    nghttp2_session_callbacks_del(shared->callbacks);
    nghttp2_option_del(shared->options);
    buffer_give(&service->buffers, shared->input);
    free(shared);
    service->http2 = NULL;
}

static struct http2_shared *get_shared(struct http_service *service) {
    if (service->http2 != NULL) {
        return service->http2;
    }
    service->http2 = calloc(1, sizeof *service->http2);
    if (service->http2 == NULL) {
        return NULL;
    }
    service->release_http2 = release_shared;
    if (!set_callbacks(&service->http2->callbacks) || !set_options(&service->http2->options)) {
        release_shared(service);
    }
    return service->http2;
}

struct buffer *http2_shared_input(struct http_service *service) {
    struct http2_shared *shared = service->http2;
    size_t size = (size_t)service->generation->table.server_settings[0].http2_recv_buffer_size;
    if (shared->input == NULL || shared->input->capacity < size) {
        buffer_give(&service->buffers, shared->input);
        shared->input = buffer_take(&service->buffers, size);
    }
    return shared->input;
}

/* --- beginning --- */

static bool submit_settings(struct http2_front *front,
                            const struct table_server_settings *settings) {
    const nghttp2_settings_entry entries[] = {
        {NGHTTP2_SETTINGS_MAX_CONCURRENT_STREAMS, settings->http2_max_concurrent_streams},
        {NGHTTP2_SETTINGS_INITIAL_WINDOW_SIZE, (uint32_t)settings->http2_body_preread_size},
        {NGHTTP2_SETTINGS_ENABLE_CONNECT_PROTOCOL, 1},
        {NGHTTP2_SETTINGS_NO_RFC7540_PRIORITIES, 1},
    };
    return nghttp2_submit_settings(front->session, NGHTTP2_FLAG_NONE, entries,
                                   sizeof entries / sizeof entries[0]) == 0;
}

/* What bounds memory are the windows of streams; that of the connection would only let one stream
 * hold up the others. */
bool http2_session_begin(struct http2_front *front, struct http_connection *connection) {
    struct http2_shared *shared = get_shared(connection->service);
    nghttp2_mem memory = http2_memory(connection->service->memory);
    front->reset_allowance = RESET_ALLOWANCE;
    front->reset_refilled = connection->service->loop->now;
    return shared != NULL &&
           nghttp2_session_server_new3(&front->session, shared->callbacks, front, shared->options,
                                       &memory) == 0 &&
           submit_settings(front, http_connection_own_settings(connection)) &&
           nghttp2_session_set_local_window_size(front->session, NGHTTP2_FLAG_NONE, 0,
                                                 LARGEST_WINDOW) == 0;
}

/* --- in --- */

static void fail(struct http2_front *front, int error) {
    switch (error) {
    case NGHTTP2_ERR_FLOODED:
        http2_accuse(front, NGHTTP2_ENHANCE_YOUR_CALM, FLOODED);
        break;
    case NGHTTP2_ERR_BAD_CLIENT_MAGIC:
        http2_accuse(front, NGHTTP2_PROTOCOL_ERROR, "client sent invalid HTTP/2 preface");
        break;
    case NGHTTP2_ERR_NOMEM:
    case NGHTTP2_ERR_CALLBACK_FAILURE:
        http2_accuse(front, NGHTTP2_INTERNAL_ERROR, nghttp2_strerror(error));
        break;
    default: /* one of nghttp2's own limits */
        http2_accuse(front, NGHTTP2_ENHANCE_YOUR_CALM, nghttp2_strerror(error));
        break;
    }
}

static void use_chunk(struct http2_front *front) {
    struct http2_stream *stream = front->chunk_stream;
    (void)nghttp2_session_consume_connection(front->session, front->chunk.size);
    if (stream != NULL && !stream->is_gone) {
        http2_body_take(stream, front->chunk);
    }
}

/* Frames that only keep us busy are limited by what is useful besides. */
static bool is_useless(const struct http2_front *front) {
    return front->total_bytes / USELESS_RATIO > front->useful_bytes + USELESS_ALLOWANCE;
}

/* Requests begin, and get their bodies, as soon as their frames were read and nghttp2 has returned.
 * It returns for each piece of a body, however small: there must be news for all to be looked at.
 */
static void begin_due(struct http2_front *front) {
    if (!front->has_news) {
        return;
    }
    front->has_news = false;
    for (struct http2_stream *stream = front->due; stream != NULL; stream = stream->next_due) {
        if (stream->has_head && !stream->is_begun) {
            http2_request_begin(stream);
        }
        if (stream->has_ended && stream->is_begun && !stream->is_gone) {
            http2_body_end(stream);
        }
    }
}

void http2_take(struct http2_front *front, struct slice bytes) {
    front->total_bytes += bytes.size;
    while (front->state == HTTP2_OPEN && !front->is_failed) {
        front->has_chunk = front->must_pause = false;
        ssize_t used =
            nghttp2_session_mem_recv(front->session, (const uint8_t *)bytes.data, bytes.size);
        if (used < 0) {
            fail(front, (int)used);
            break;
        }
        bytes = slice_skip(bytes, (size_t)used);
        begin_due(front);
        if (front->has_chunk) {
            use_chunk(front);
        } else if (front->must_pause) {
            http2_settle_streams(front);
        } else {
            break;
        }
    }
    if (is_useless(front)) {
        http2_accuse(front, NGHTTP2_ENHANCE_YOUR_CALM, FLOODED);
    }
    http2_settle_later(front);
}
