/* The life of an HTTP/2 client connection: events, timers, streams that end, the goodbye. */
#include "http/http2_front.h"

#include "base/container.h"

#include <stdlib.h>

enum {
    READS_PER_TURN = 16, /* then others have their turn */
    STREAM_LINGER_MS = 200,
    LINGERING_OFF = 0, /* a word of lingering_close */
    LEAVING_MS = 1000, /* for the answer to the ping that follows a first GOAWAY */
};

static struct loop *loop_of(const struct http2_front *front) {
    return front->connection.service->loop;
}

static void start_read_timer(struct http2_front *front, uint64_t milliseconds) {
    timer_start(&loop_of(front)->timers, &front->read_timer, loop_of(front)->now + milliseconds);
}

void http2_settle_later(struct http2_front *front) {
    if (!front->is_settling) {
        loop_defer(loop_of(front), &front->settle);
    }
}

/* --- streams --- */

static void body_timeout(struct timer *timer) {
    struct http2_stream *stream = CONTAINER_OF(timer, struct http2_stream, body_timer);
    if (stream->is_lingering) {
        stream->is_told_to_stop = true;
        http2_stream_due(stream);
        return;
    }
    exchange_log(stream->exchange, TABLE_LOG_INFO, (struct slice){0},
                 "client timed out while sending its request body");
    http2_stream_give_up(stream, 408);
}

static void send_timeout(struct timer *timer) {
    struct http2_stream *stream = CONTAINER_OF(timer, struct http2_stream, send_timer);
    exchange_log(stream->exchange, TABLE_LOG_INFO, (struct slice){0},
                 "client timed out while the response was sent to it");
    http2_stream_give_up(stream, 408);
}

void http2_stream_enter(struct http2_front *front, struct http2_stream *stream,
                        struct exchange *exchange, int32_t id) {
    stream->front = front;
    stream->exchange = exchange;
    stream->id = id;
    stream->body_timer.on_expire = body_timeout;
    stream->send_timer.on_expire = send_timeout;
    stream->next = front->streams;
    stream->link = &front->streams;
    if (stream->next != NULL) {
        stream->next->link = &stream->next;
    }
    front->streams = stream;
    front->stream_count++;
    front->heading = stream;
    start_read_timer(front, stream->limits->client_header_timeout);
}

void http2_stream_due(struct http2_stream *stream) {
    struct http2_front *front = stream->front;
    if (!stream->is_due) {
        stream->is_due = true;
        stream->next_due = NULL;
        *front->due_end = stream;
        front->due_end = &stream->next_due;
    }
    http2_settle_later(front);
}

void http2_stream_break(struct http2_stream *stream) {
    stream->is_broken = true;
    http2_stream_due(stream);
}

void http2_stream_give_up(struct http2_stream *stream, uint32_t status) {
    exchange_client_gone(stream->exchange, status);
    http2_stream_break(stream);
}

/* An end of the stream that cannot be taken for the end of the response. */
static void abort_exchange(struct exchange *exchange) {
    http2_stream_break(exchange->front);
}

static void mind_end(struct exchange *exchange) {
    struct http2_stream *stream = exchange->front;
    stream->is_discarding = false;
    http2_stream_due(stream);
}

const struct front_operations http2_operations = {
    .send_head = http2_send_head,
    .send_body = http2_send_body,
    .want_body = http2_want_body,
    .send_interim = http2_send_interim,
    .abort = abort_exchange,
    .mind_end = mind_end,
};

/* A stream that the client has not ended, or not got to its end, is reset. */
static void end_stream(struct http2_stream *stream) {
    struct http2_front *front = stream->front;
    struct exchange *exchange = stream->exchange;
    if (!stream->is_gone) {
        (void)nghttp2_session_set_stream_user_data(front->session, stream->id, NULL);
        if (stream->is_broken || !stream->has_ended) {
            (void)nghttp2_submit_rst_stream(front->session, NGHTTP2_FLAG_NONE, stream->id,
                                            stream->is_broken ? NGHTTP2_INTERNAL_ERROR
                                                              : NGHTTP2_NO_ERROR);
        }
    }
    *stream->link = stream->next;
    if (stream->next != NULL) {
        stream->next->link = stream->link;
    }
    front->stream_count--;
    front->heading = front->heading == stream ? NULL : front->heading;
    http2_wait_leave(stream);
    timer_remove(&loop_of(front)->timers, &stream->body_timer);
    timer_remove(&loop_of(front)->timers, &stream->send_timer);
    exchange_stop(exchange);
    http2_body_release(stream);
    exchange_end(exchange);
}

static bool is_request_whole(const struct http2_stream *stream) {
    return stream->has_ended || stream->body_ended;
}

/* The client has given the stream up, or is gone altogether. */
static void lose_client(struct http2_stream *stream) {
    struct exchange *exchange = stream->exchange;
    if (!stream->is_begun) {
        stream->is_begun = true;
        exchange_refuse(exchange, 0, 400,
                        "client prematurely closed connection while sending its request");
    } else if (is_request_whole(stream) && exchange_ignores_abort(exchange)) {
        stream->is_discarding = true;
        exchange->is_left = true;
        http2_body_end(stream);
        exchange_resume(exchange);
    } else if (!exchange->response.is_complete) {
        exchange_client_gone(exchange, 499);
    }
}

/* A client that is still sending its body when it has its answer may read that before it is told to
 * stop: some forget what they have not read when they are. */
static bool has_linger_time(struct http2_stream *stream) {
    if (stream->has_ended || stream->is_told_to_stop) {
        return false;
    }
    if (!stream->is_lingering) {
        stream->is_lingering = true;
        exchange_stop(stream->exchange);
        stream->wants_body = false;
        http2_body_release(stream);
        timer_start(&loop_of(stream->front)->timers, &stream->body_timer,
                    loop_of(stream->front)->now + STREAM_LINGER_MS);
    }
    return true;
}

static bool is_over(struct http2_stream *stream) {
    const struct exchange *exchange = stream->exchange;
    if (stream->is_discarding) {
        return exchange->response.is_complete || stream->is_broken;
    }
    if (stream->is_gone || stream->is_broken) {
        return true;
    }
    if (!stream->has_sent_all || !exchange->response.is_complete) {
        return false;
    }
    return exchange->is_upgraded ? stream->body_ended : !has_linger_time(stream);
}

void http2_settle_streams(struct http2_front *front) {
    front->gone_count = 0;
    while (front->due != NULL) {
        struct http2_stream *stream = front->due;
        front->due = stream->next_due;
        if (front->due == NULL) {
            front->due_end = &front->due;
        }
        stream->is_due = false;
        if (stream->is_gone && !stream->has_sent_all && !stream->is_discarding) {
            lose_client(stream);
        }
        if (is_over(stream) && !stream->is_due) {
            end_stream(stream);
        }
    }
}

/* --- the end --- */

void http2_close(struct http2_front *front) {
    if (front->state == HTTP2_CLOSED) {
        return;
    }
    front->state = HTTP2_CLOSED;
    http_connection_close(&front->connection);
    timer_remove(&loop_of(front)->timers, &front->read_timer);
    timer_remove(&loop_of(front)->timers, &front->write_timer);
    for (struct http2_stream *stream = front->streams; stream != NULL; stream = stream->next) {
        stream->is_gone = true;
        http2_stream_due(stream);
    }
    http2_settle_later(front);
}

void http2_accuse(struct http2_front *front, uint32_t code, const char *what) {
    if (!front->is_failed) {
        front->is_failed = true;
        http_connection_log(&front->connection, TABLE_LOG_INFO, "%s: %s", what,
                            nghttp2_http2_strerror(code));
        (void)nghttp2_session_terminate_session(front->session, code);
        http2_settle_later(front);
    }
}

void http2_begin_leaving(struct http2_front *front) {
    if (!front->is_leaving) {
        front->is_leaving = true;
        front->leaving_since = loop_of(front)->now;
    }
}

void http2_tell_last(struct http2_front *front) {
    if (!front->has_left) {
        front->has_left = true;
        (void)nghttp2_submit_goaway(front->session, NGHTTP2_FLAG_NONE,
                                    nghttp2_session_get_last_proc_stream_id(front->session),
                                    NGHTTP2_NO_ERROR, NULL, 0);
    }
}

/* Who has said goodbye itself, or does not answer, may not go on for ever. */
static bool is_overdue(const struct http2_front *front) {
    return front->is_leaving && !front->has_left && front->stream_count > 0 &&
           loop_of(front)->now - front->leaving_since > LEAVING_MS;
}

/* The first GOAWAY says that it is time to go; what the client had sent by the time it answers the
 * ping is still served, and the second one says so (RFC 9113 6.8). */
static void leave(struct http2_front *front) {
    if (!front->is_leaving) {
        http2_begin_leaving(front);
        (void)nghttp2_submit_shutdown_notice(front->session);
        (void)nghttp2_submit_ping(front->session, NGHTTP2_FLAG_NONE, NULL);
        http2_settle_later(front);
    }
}

static void leave_now(struct http2_front *front) {
    front->is_leaving = front->has_left = true;
    (void)nghttp2_session_terminate_session(front->session, NGHTTP2_NO_ERROR);
    http2_settle_later(front);
}

static void read_lingering(struct http2_front *front) {
    char dropped[4096];
    for (int reads = 0; (front->connection.handle.ready & LOOP_READ) != 0; reads++) {
        if (reads == READS_PER_TURN) {
            front->is_reading_on = true;
            loop_defer_next(loop_of(front), &front->settle);
            return;
        }
        ssize_t got = http_connection_read(&front->connection, dropped, sizeof dropped);
        if (got == SOCKET_END || got == SOCKET_FAILED ||
            loop_of(front)->now >= front->linger_until) {
            http2_close(front);
            return;
        }
    }
    uint64_t silence = http_connection_settings(&front->connection)->lingering_timeout;
    uint64_t rest = front->linger_until - loop_of(front)->now;
    start_read_timer(front, silence < rest ? silence : rest);
}

/* Closing with unread bytes would reset the connection, and could destroy the goodbye. */
static void linger(struct http2_front *front) {
    const struct table_settings *settings = http_connection_settings(&front->connection);
    if (settings->lingering_close == LINGERING_OFF) {
        http2_close(front);
        return;
    }
    front->state = HTTP2_LINGER;
    front->linger_until = loop_of(front)->now + http_lingering_of(settings).time;
    timer_stop(&front->write_timer);
    http_connection_end_for_good(&front->connection);
    if ((front->connection.handle.ready & LOOP_HANGUP) != 0) {
        http2_close(front);
    } else {
        read_lingering(front);
    }
}

static void finish_closed(struct http2_front *front) {
    buffer_give(&front->connection.service->buffers, front->out);
    nghttp2_session_del(front->session);
    http_connection_release(&front->connection);
    free(front);
}

/* --- reading --- */

static void read_frames(struct http2_front *front) {
    for (int reads = 0;
         front->state == HTTP2_OPEN && (front->connection.handle.ready & LOOP_READ) != 0; reads++) {
        if (reads == READS_PER_TURN) {
            front->is_reading_on = true;
            loop_defer_next(loop_of(front), &front->settle);
            return;
        }
        struct buffer *input = http2_shared_input(front->connection.service);
        if (input == NULL) {
            http_connection_log(&front->connection, TABLE_LOG_ALERT, "no memory for a request");
            http2_close(front);
            return;
        }
        ssize_t got = http_connection_read(&front->connection, input->bytes, input->capacity);
        if (got == SOCKET_END || got == SOCKET_FAILED) {
            http2_close(front);
        } else if (got > 0) {
            http2_take(front, (struct slice){input->bytes, (size_t)got});
        }
    }
}

/* --- turns --- */

/* As nginx: a connection that has served enough, or long enough, goes. */
static bool has_served_enough(struct http2_front *front) {
    struct http_connection *connection = &front->connection;
    const struct table_settings *settings = http_connection_settings(connection);
    return connection->requests > 0 &&
           (connection->requests >= settings->keepalive_requests ||
            loop_of(front)->now - connection->opened > settings->keepalive_time);
}

static void watch_idle(struct http2_front *front) {
    const struct table_settings *settings = http_connection_settings(&front->connection);
    if (front->heading != NULL) {
        return; /* the time for a head is running */
    }
    front->idle_since = loop_of(front)->now;
    front->min_idle = settings->keepalive_min_timeout;
    if (front->stream_count > 0) {
        timer_stop(&front->read_timer);
    } else if (front->is_leaving) {
        start_read_timer(front, LEAVING_MS);
    } else {
        start_read_timer(front, front->connection.requests == 0
                                    ? settings->client_header_timeout
                                    : settings->keepalive_timeout.first);
    }
}

static void give_up_all(struct http2_front *front) {
    for (struct http2_stream *stream = front->streams; stream != NULL; stream = stream->next) {
        if (!stream->is_broken && !stream->is_discarding) {
            http2_stream_give_up(stream, 400);
        }
    }
    http2_settle_streams(front);
}

/* Nothing is left to be said. */
static bool is_done(const struct http2_front *front) {
    bool is_silent = front->out == NULL && !http_connection_has_unsent(&front->connection) &&
                     nghttp2_session_want_write(front->session) == 0;
    bool is_over = front->is_failed || nghttp2_session_want_read(front->session) == 0 ||
                   (front->is_leaving && front->has_left && front->stream_count == 0);
    return is_silent && is_over;
}

/* As long as something comes of it: what was written makes room for those that wait for it. */
static void settle_open(struct http2_front *front) {
    if (has_served_enough(front)) {
        leave(front);
    }
    if (is_overdue(front)) {
        http2_tell_last(front);
    }
    do {
        http2_settle_streams(front);
        if (front->is_failed) {
            give_up_all(front);
        }
        front->has_progressed = false;
        http2_resume_blocked(front);
        http2_pack(front);
        if (front->state == HTTP2_OPEN && (!http2_flush(front) || front->is_write_failed)) {
            http2_close(front);
        }
    } while (front->state == HTTP2_OPEN && (front->due != NULL || front->has_progressed));
    if (front->state == HTTP2_OPEN && is_done(front)) {
        linger(front);
    } else if (front->state == HTTP2_OPEN) {
        watch_idle(front);
    }
}

static void settle(struct loop_task *task) {
    struct http2_front *front = CONTAINER_OF(task, struct http2_front, settle);
    if (front->is_reading_on && front->state != HTTP2_CLOSED) {
        front->is_reading_on = false;
        if (front->state == HTTP2_LINGER) {
            read_lingering(front);
        } else {
            read_frames(front);
        }
    }
    front->is_settling = true;
    if (front->state == HTTP2_OPEN) {
        settle_open(front);
    }
    if (front->state != HTTP2_OPEN) {
        http2_settle_streams(front);
    }
    front->is_settling = false;
    if (front->state == HTTP2_CLOSED && front->streams == NULL && !task->is_queued) {
        finish_closed(front);
    }
}

static void front_ready(struct loop_handle *handle, uint32_t events) {
    struct http2_front *front = CONTAINER_OF(handle, struct http2_front, connection.handle);
    events = http_connection_translate(&front->connection, events);
    if ((events & LOOP_WRITE) != 0 && front->state == HTTP2_OPEN) {
        http2_settle_later(front);
    }
    if ((events & (LOOP_READ | LOOP_HANGUP)) == 0) {
        return;
    }
    if (front->state == HTTP2_LINGER) {
        read_lingering(front);
    } else if (front->state == HTTP2_OPEN) {
        read_frames(front);
    }
}

static void read_timeout(struct timer *timer) {
    struct http2_front *front = CONTAINER_OF(timer, struct http2_front, read_timer);
    if (front->state != HTTP2_OPEN) {
        http2_close(front);
    } else if (front->heading != NULL) {
        http2_accuse(front, NGHTTP2_PROTOCOL_ERROR, "client timed out while sending its request");
    } else {
        leave_now(front);
    }
}

static void write_timeout(struct timer *timer) {
    struct http2_front *front = CONTAINER_OF(timer, struct http2_front, write_timer);
    http_connection_log(&front->connection, TABLE_LOG_INFO,
                        "client timed out while responses were sent to it");
    http2_close(front);
}

/* --- what the service asks for --- */

static void drain(struct http_connection *connection) {
    leave(CONTAINER_OF(connection, struct http2_front, connection));
}

/* Within keepalive_min_timeout it is left alone. */
static uint64_t idle_since(const struct http_connection *connection) {
    const struct http2_front *front =
        (const struct http2_front *)(const void *)connection; /* its first member */
    uint64_t idle = loop_of(front)->now - front->idle_since;
    if (front->state == HTTP2_LINGER) {
        return front->idle_since;
    }
    if (front->state != HTTP2_OPEN || front->stream_count > 0 || front->idle_since == 0) {
        return HTTP_NOT_IDLE;
    }
    bool is_held = connection->requests > 0 && idle < front->min_idle;
    return is_held ? HTTP_NOT_IDLE : front->idle_since;
}

static void close_front(struct http_connection *connection) {
    http2_close(CONTAINER_OF(connection, struct http2_front, connection));
}

static void destroy(struct http_connection *connection) {
    struct http2_front *front = CONTAINER_OF(connection, struct http2_front, connection);
    http2_close(front);
    loop_cancel(loop_of(front), &front->settle);
    while (front->streams != NULL) {
        struct http2_stream *stream = front->streams;
        exchange_client_gone(stream->exchange, 499);
        end_stream(stream);
    }
    finish_closed(front);
}

static const struct http_protocol http2_protocol = {
    .drain = drain,
    .idle_since = idle_since,
    .close = close_front,
    .destroy = destroy,
};

bool http2_front_take(struct http_connection *connection, struct slice bytes) {
    struct http2_front *front = calloc(1, sizeof *front);
    if (front == NULL) {
        return false;
    }
    front->connection.handle.on_ready = front_ready;
    front->connection.protocol = &http2_protocol;
    front->settle.run = settle;
    front->read_timer.on_expire = read_timeout;
    front->write_timer.on_expire = write_timeout;
    front->due_end = &front->due;
    front->turn = SIZE_MAX;
    if (!http2_session_begin(front, connection)) {
        nghttp2_session_del(front->session);
        free(front);
        return false;
    }
    http_connection_move(&front->connection, connection);
    http_connection_use_delay(&front->connection, http_connection_settings(&front->connection));
    if (bytes.size > 0) {
        http2_take(front, bytes);
    }
    read_frames(front);
    http2_settle_later(front);
    return true;
}
