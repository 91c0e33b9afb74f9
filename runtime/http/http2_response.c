/* HTTP/2 responses: heads and trailers by nghttp2, bodies copied into frames while the handler
 * offers them. A handler offers again what found no room, in a window or in the output. */
#include "http/http2_front.h"

#include "http/http2_fields.h"

#include <string.h>

enum {
    INTERIM_BACKLOG = 16384, /* bytes that a client may be behind and still be told */
    TURN_SIZE = 32768,       /* bytes of one stream, while others wait for their turn */
};

static bool has_window(const struct http2_stream *stream) {
    nghttp2_session *session = stream->front->session;
    return nghttp2_session_get_remote_window_size(session) > 0 &&
           nghttp2_session_get_stream_remote_window_size(session, stream->id) > 0;
}

static const struct table_settings *settings_of(const struct http2_stream *stream) {
    return stream->exchange->request.settings;
}

/* --- heads --- */

bool http2_send_head(struct exchange *exchange) {
    struct http2_stream *stream = exchange->front;
    if (stream->is_tunnel && !exchange->response.is_upgrade &&
        exchange->response.status / 100 == 2) {
        exchange->response.status = 502; /* to such a client any success means a tunnel */
    }
    if (exchange->response.is_upgrade && !http2_tunnel_is_accepted(stream)) {
        exchange_log(exchange, TABLE_LOG_ERROR, (struct slice){0},
                     "upstream did not accept the WebSocket's key");
        http2_stream_break(stream);
        return true;
    }
    stream->is_bodiless = !exchange->response.is_upgrade && !exchange_response_has_body(exchange);
    stream->has_response = true;
    return true; /* it waits for the body, so that its end may come with it */
}

static bool needs_length(const struct http2_stream *stream) {
    const struct exchange *exchange = stream->exchange;
    return exchange->response.has_length && !exchange->response.is_upgrade &&
           (!stream->is_bodiless || slice_equals(exchange->head.method, SLICE("HEAD")));
}

/* What is known of the response, for nghttp2 to copy. Returns the number, or -1 without memory. */
static ssize_t make_head(struct http2_stream *stream, struct http2_field_list *list) {
    const struct http_response *response = &stream->exchange->response;
    if (!http2_fields_start(list, &stream->exchange->arena, response->field_count + 2)) {
        return -1;
    }
    http2_fields_add_status(list, response->is_upgrade ? 200 : response->status);
    for (uint32_t i = 0; i < response->field_count; i++) {
        if (!stream->is_tunnel || !http2_tunnel_hides(response->fields[i].name)) {
            http2_fields_add(list, response->fields[i].name, response->fields[i].value);
        }
    }
    if (needs_length(stream)) {
        http2_fields_add(list, SLICE("content-length"),
                         slice_format_u64(response->length, list->length));
    }
    return (ssize_t)list->count;
}

static bool submit_head(struct http2_stream *stream, bool has_body) {
    struct http2_field_list list;
    const nghttp2_data_provider provider = {.read_callback = http2_response_measure};
    ssize_t count = make_head(stream, &list);
    stream->is_submitted = true;
    return count >= 0 && nghttp2_submit_response(stream->front->session, stream->id, list.items,
                                                 (size_t)count, has_body ? &provider : NULL) == 0;
}

void http2_send_interim(struct exchange *exchange, uint32_t status,
                        const struct engine_header *fields, uint32_t count) {
    struct http2_stream *stream = exchange->front;
    struct http2_front *front = stream->front;
    struct http2_field_list list;
    bool is_behind = front->out != NULL && front->out->end - front->out->begin > INTERIM_BACKLOG;
    if (stream->is_gone || stream->is_broken || front->state != HTTP2_OPEN || is_behind ||
        !http2_fields_start(&list, &exchange->arena, count + 1)) {
        return;
    }
    http2_fields_add_status(&list, status);
    for (uint32_t i = 0; i < count; i++) {
        http2_fields_add(&list, fields[i].name, fields[i].value);
    }
    (void)nghttp2_submit_headers(front->session, NGHTTP2_FLAG_NONE, stream->id, NULL, list.items,
                                 list.count, NULL);
    http2_settle_later(front);
}

/* --- bodies: what nghttp2 asks for --- */

/* The end of the body comes before the trailers, which end the stream then. */
static int submit_trailers(struct http2_stream *stream) {
    const struct http_response *response = &stream->exchange->response;
    struct http2_field_list list;
    if (!http2_fields_start(&list, &stream->exchange->arena, response->trailer_count)) {
        return NGHTTP2_ERR_NOMEM;
    }
    for (uint32_t i = 0; i < response->trailer_count; i++) {
        http2_fields_add(&list, response->trailers[i].name, response->trailers[i].value);
    }
    stream->has_trailers = true;
    return nghttp2_submit_trailer(stream->front->session, stream->id, list.items, list.count);
}

static ssize_t defer(struct http2_stream *stream) {
    stream->is_deferred = true;
    return NGHTTP2_ERR_DEFERRED;
}

/* As nghttp2 wants it. NOLINTNEXTLINE(readability-non-const-parameter) */
ssize_t http2_response_measure(nghttp2_session *session, int32_t id, uint8_t *bytes, size_t size,
                               uint32_t *flags, nghttp2_data_source *source, void *data) {
    struct http2_stream *stream = http2_find_stream(session, id);
    struct http2_front *front = data;
    (void)bytes;
    (void)source;
    if (stream == NULL) {
        return NGHTTP2_ERR_TEMPORAL_CALLBACK_FAILURE; /* it is being reset */
    }
    size_t left = stream->offered - stream->taken;
    if (left == 0 && !stream->is_last) {
        return defer(stream);
    }
    uint64_t chunk = settings_of(stream)->http2_chunk_size;
    size = chunk > 0 && chunk < size ? (size_t)chunk : size;
    size = size < front->turn ? size : front->turn;
    if (size == 0) {
        return defer(stream);
    }
    size = http2_data_room(front, size < left ? size : left);
    if (size == SIZE_MAX) {
        return defer(stream);
    }
    *flags |= NGHTTP2_DATA_FLAG_NO_COPY;
    if (size == left && stream->is_last) {
        *flags |= NGHTTP2_DATA_FLAG_EOF;
        if (stream->exchange->response.trailer_count > 0) {
            *flags |= NGHTTP2_DATA_FLAG_NO_END_STREAM;
            if (submit_trailers(stream) != 0) {
                return NGHTTP2_ERR_TEMPORAL_CALLBACK_FAILURE;
            }
        }
    }
    return (ssize_t)size;
}

/* Moves `size` bytes from the pieces, as they were measured. */
static void copy_pieces(struct http2_stream *stream, struct buffer *out, size_t size) {
    stream->taken += size;
    while (size > 0) {
        struct slice rest = slice_skip(*stream->pieces, stream->piece_used);
        struct slice part = slice_take(rest, size);
        (void)buffer_append(out, part);
        size -= part.size;
        stream->piece_used += part.size;
        if (part.size == rest.size) {
            stream->pieces++;
            stream->piece_used = 0;
        }
    }
}

int http2_response_pack(nghttp2_session *session, nghttp2_frame *frame, const uint8_t *header,
                        size_t size, nghttp2_data_source *source, void *data) {
    struct http2_stream *stream = http2_find_stream(session, frame->hd.stream_id);
    struct http2_front *front = data;
    (void)source;
    if (stream == NULL) {
        return NGHTTP2_ERR_TEMPORAL_CALLBACK_FAILURE;
    }
    (void)buffer_append(front->out, (struct slice){(const char *)header, HTTP2_FRAME_HEADER});
    copy_pieces(stream, front->out, size);
    front->turn -= front->turn == SIZE_MAX ? 0 : size;
    return 0;
}

/* --- bodies: what handlers offer --- */

static void block(struct http2_stream *stream, bool has_progressed) {
    struct loop *loop = stream->front->connection.service->loop;
    http2_wait_enter(stream);
    if (has_progressed || stream->send_timer.deadline == 0) {
        timer_start(&loop->timers, &stream->send_timer,
                    loop->now + settings_of(stream)->send_timeout);
    }
}

static void complete(struct http2_stream *stream) {
    stream->exchange->response.is_complete = true;
    http2_stream_due(stream);
}

static size_t sum_pieces(const struct slice *pieces, uint32_t count) {
    size_t total = 0;
    for (uint32_t i = 0; i < count; i++) {
        total += pieces[i].size;
    }
    return total;
}

/* nghttp2 has an empty frame of the body wait for windows, which a client need not open any more;
 * trailers can end the stream without it. */
static bool must_end_without_window(const struct http2_stream *stream) {
    return stream->exchange->response.trailer_count > 0 && !stream->has_trailers &&
           !has_window(stream);
}

/* Lets nghttp2 make frames of the pieces. Returns how many bytes it has used. */
static size_t pack_pieces(struct http2_stream *stream, const struct slice *pieces, size_t total,
                          bool last) {
    stream->pieces = pieces;
    stream->piece_used = 0;
    stream->offered = total;
    stream->taken = 0;
    stream->is_last = last;
    if (total == 0 && last && must_end_without_window(stream)) {
        (void)submit_trailers(stream); /* else the last frame waits for a window, as without any */
    } else if (stream->is_deferred && (total > 0 || last)) {
        stream->is_deferred = false;
        (void)nghttp2_session_resume_data(stream->front->session, stream->id);
    }
    http2_pack(stream->front);
    size_t taken = stream->taken;
    stream->front->has_progressed = stream->front->has_progressed || taken > 0;
    stream->is_last = last && taken == total;
    stream->pieces = NULL;
    stream->offered = stream->taken = 0;
    return taken;
}

/* What is sent to a client that is gone, or where there is nothing to be sent. */
static size_t discard(struct http2_stream *stream, size_t total, bool last) {
    if (last) {
        complete(stream);
    }
    return total;
}

/* The client is gone; whether the exchange goes on without it is decided when the turn ends. Then
 * what is offered now is offered again, but for an end alone. */
static size_t wait_for_verdict(struct http2_stream *stream, size_t total, bool last) {
    return total == 0 ? discard(stream, total, last) : 0;
}

size_t http2_send_body(struct exchange *exchange, const struct slice *pieces, uint32_t count,
                       bool last) {
    struct http2_stream *stream = exchange->front;
    struct http2_front *front = stream->front;
    size_t total = sum_pieces(pieces, count);
    if (stream->is_discarding) {
        return discard(stream, total, last);
    }
    if (stream->is_broken || front->state == HTTP2_LINGER) {
        return total;
    }
    if (stream->is_gone) {
        return wait_for_verdict(stream, total, last);
    }
    if (!stream->is_submitted) {
        bool is_empty = last && total == 0 && exchange->response.trailer_count == 0;
        if (!submit_head(stream, !stream->is_bodiless && !is_empty)) {
            exchange_log(exchange, TABLE_LOG_ALERT, (struct slice){0}, "no memory for a response");
            http2_stream_give_up(stream, 500);
            return total;
        }
        stream->is_bodiless = stream->is_bodiless || is_empty;
    }
    http2_settle_later(front);
    if (stream->is_bodiless) {
        http2_pack(front);
        return discard(stream, total, last);
    }
    size_t taken = pack_pieces(stream, pieces, total, last);
    if (taken < total || (last && !stream->has_sent_all)) {
        block(stream, taken > 0);
    } else {
        timer_stop(&stream->send_timer);
    }
    if (last && taken == total) {
        complete(stream);
    }
    return taken;
}

/* --- those that wait --- */

/* The next one that has a window, and has not been asked in this round: who was asked may wait
 * again, farther behind. */
static struct http2_stream *take_blocked(struct http2_front *front) {
    while (front->cursor != NULL) {
        struct http2_stream *stream = front->cursor;
        front->cursor = stream->next_blocked;
        if (stream->round != front->round && has_window(stream)) {
            stream->round = front->round;
            http2_wait_leave(stream);
            return stream;
        }
    }
    return NULL;
}

/* The last frame alone is missing. */
static void resume_end(struct http2_stream *stream) {
    if (stream->is_deferred) {
        stream->is_deferred = false;
        (void)nghttp2_session_resume_data(stream->front->session, stream->id);
    }
    http2_pack(stream->front);
    if (!stream->has_sent_all) {
        block(stream, false);
    }
}

static void ask_again(struct http2_stream *stream) {
    if (stream->is_gone || stream->is_broken || stream->has_sent_all) {
        return;
    }
    if (stream->exchange->response.is_complete) {
        resume_end(stream);
    } else {
        timer_stop(&stream->send_timer);
        exchange_resume(stream->exchange);
    }
}

void http2_resume_blocked(struct http2_front *front) {
    struct http2_stream *stream;
    front->round++;
    front->cursor = front->blocked;
    while (front->state == HTTP2_OPEN && http2_has_room(front) &&
           (stream = take_blocked(front)) != NULL) {
        bool has_others = front->blocked != NULL;
        front->turn = has_others && stream->priority.takes_turns ? TURN_SIZE : SIZE_MAX;
        ask_again(stream);
    }
    front->turn = SIZE_MAX;
    front->cursor = NULL;
}
