/* Bodies of requests over HTTP/2: offered as they arrive; what the handler does not take is kept,
 * within the stream's window, which is opened again only by what was taken. */
#include "http/http2_front.h"

enum { WIDE_WINDOW = 16 << 20 /* of a stream whose body is put aside as fast as it comes */ };

static struct buffer_pool *pool_of(const struct http2_stream *stream) {
    return &stream->front->connection.service->buffers;
}

void http2_body_start_timer(struct http2_stream *stream) {
    struct loop *loop = stream->front->connection.service->loop;
    const struct exchange *exchange = stream->exchange;
    if (!exchange->is_upgraded) { /* the proxy's time-outs are a tunnel's */
        timer_start(&loop->timers, &stream->body_timer,
                    loop->now + exchange->request.settings->client_body_timeout);
    }
}

/* --- what was not taken yet --- */

static bool keep(struct http2_stream *stream, struct slice bytes) {
    while (bytes.size > 0) {
        struct buffer *last = stream->body_end;
        if (last == NULL || buffer_room(last) == 0) {
            struct buffer *buffer = buffer_take(pool_of(stream), BUFFER_STANDARD);
            if (buffer == NULL) {
                return false;
            }
            *(last == NULL ? &stream->body : &last->next_free) = buffer;
            stream->body_end = last = buffer;
        }
        struct slice part = slice_take(bytes, buffer_room(last));
        (void)buffer_append(last, part);
        bytes = slice_skip(bytes, part.size);
    }
    return true;
}

static void drop_kept(struct http2_stream *stream, size_t size) {
    struct buffer *first = stream->body;
    if (first == NULL) {
        return;
    }
    first->begin += size;
    if (first->begin == first->end) {
        stream->body = first->next_free;
        stream->body_end = stream->body == NULL ? NULL : stream->body_end;
        buffer_give(pool_of(stream), first);
    }
}

void http2_body_release(struct http2_stream *stream) {
    while (stream->body != NULL) {
        drop_kept(stream, stream->body->end - stream->body->begin);
    }
}

/* --- offering --- */

/* Whether nobody wants to know of bodies any more. What has arrived of one is good for an exchange
 * that goes on without its client. */
static bool is_lost(const struct http2_stream *stream) {
    return (stream->is_gone && !stream->is_discarding) || stream->is_broken;
}

static bool is_open(const struct http2_stream *stream) {
    return !is_lost(stream) && stream->wants_body && !stream->body_ended;
}

/* Whether the body ends with the bytes that have arrived. */
static bool is_end_known(const struct http2_stream *stream) {
    const struct http_request_head *head = &stream->exchange->head;
    return stream->has_ended ||
           (head->framing == HTTP_BODY_LENGTH && stream->body_received == head->content_length);
}

/* Returns how many bytes were taken. */
static size_t offer(struct http2_stream *stream, struct slice piece, bool last) {
    stream->is_pumping = true;
    size_t taken = exchange_take_body(stream->exchange, piece, last);
    stream->is_pumping = false;
    stream->exchange->request_length += taken; /* as nginx, what nobody reads is not counted */
    if (taken > 0 && !stream->is_gone) {
        (void)nghttp2_session_consume_stream(stream->front->session, stream->id, taken);
        http2_settle_later(stream->front);
    }
    if (taken < piece.size) {
        stream->wants_body = false;
        timer_stop(&stream->body_timer);
    } else if (last) {
        stream->body_ended = true;
        stream->exchange->body_complete = true;
        timer_stop(&stream->body_timer);
        http2_stream_due(stream);
    }
    return taken;
}

/* Offers what is kept, and the end once nothing is left before it. */
static void pump(struct http2_stream *stream) {
    while (is_open(stream)) {
        struct buffer *first = stream->body;
        bool last = is_end_known(stream) && (first == NULL || first == stream->body_end);
        if (first == NULL && !last) {
            http2_body_start_timer(stream);
            return;
        }
        struct slice piece = first == NULL ? SLICE("") : buffer_content(first);
        size_t taken = offer(stream, piece, last);
        drop_kept(stream, taken);
        if (first == NULL && !stream->body_ended) {
            return; /* not even the end */
        }
    }
}

void http2_body_take(struct http2_stream *stream, struct slice bytes) {
    stream->body_received += bytes.size;
    if (stream->is_lingering) {
        return; /* the window stays as far open as it is: nobody needs more */
    }
    if (is_open(stream) && stream->body == NULL && !stream->is_pumping) {
        bytes = slice_skip(bytes, offer(stream, bytes, is_end_known(stream)));
        if (is_open(stream)) {
            http2_body_start_timer(stream);
        }
    }
    if (stream->body_ended && !stream->is_tunnel) {
        (void)nghttp2_session_consume_stream(stream->front->session, stream->id, bytes.size);
    } else if (!keep(stream, bytes)) {
        exchange_log(stream->exchange, TABLE_LOG_ALERT, (struct slice){0},
                     "no memory for a request body");
        http2_stream_give_up(stream, 500);
    }
}

void http2_body_end(struct http2_stream *stream) {
    if (!stream->is_pumping) {
        pump(stream);
    }
}

/* What a handler will put aside whole need not wait for windows. */
static void widen_window(struct http2_stream *stream) {
    const struct exchange *exchange = stream->exchange;
    if (!stream->is_window_wide && !exchange->is_upgraded &&
        exchange->request.settings->proxy_request_buffering != 0) {
        stream->is_window_wide = true;
        (void)nghttp2_session_set_local_window_size(stream->front->session, NGHTTP2_FLAG_NONE,
                                                    stream->id, WIDE_WINDOW);
        http2_settle_later(stream->front);
    }
}

void http2_want_body(struct exchange *exchange) {
    struct http2_stream *stream = exchange->front;
    if (exchange->is_upgraded && exchange->head.framing != HTTP_BODY_UNTIL_CLOSE) {
        /* From here on the stream carries opaque bytes until it is closed. */
        exchange->head.framing = HTTP_BODY_UNTIL_CLOSE;
        stream->body_ended = false;
    }
    stream->wants_body = true;
    if (!is_open(stream)) {
        return;
    }
    if (!is_end_known(stream)) {
        widen_window(stream);
    }
    if (!stream->is_pumping) {
        pump(stream);
    }
}
