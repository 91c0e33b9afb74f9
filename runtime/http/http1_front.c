/* The life of an HTTP/1 client connection: events, timers, the step from one exchange to the next,
 * the end. */
#include "http/http1_front.h"

#include "http/http2_front.h"

#include "base/container.h"

#include <stdlib.h>

enum { BURST = 64, LINGERING_OFF = 0, LINGERING_ALWAYS = 2 /* words of lingering_close */ };

void http1_settle_later(struct http1_front *front) {
    loop_defer(front->connection.service->loop, &front->settle);
}

static void start_read_timer(struct http1_front *front, uint64_t milliseconds) {
    struct loop *loop = front->connection.service->loop;
    timer_start(&loop->timers, &front->read_timer, loop->now + milliseconds);
}

void http1_close(struct http1_front *front) {
    if (front->state == HTTP1_CLOSED) {
        return;
    }
    front->state = HTTP1_CLOSED;
    http_connection_close(&front->connection);
    timer_remove(&front->connection.service->loop->timers, &front->read_timer);
    timer_remove(&front->connection.service->loop->timers, &front->write_timer);
    if (front->exchange != NULL) {
        exchange_client_gone(front->exchange, 499);
    }
    http1_settle_later(front);
}

void http1_client_gone(struct http1_front *front, uint32_t status) {
    if (front->state != HTTP1_CLOSED && front->exchange != NULL) {
        exchange_client_gone(front->exchange, status);
    }
    http1_close(front);
}

static bool ignores_abort(const struct http1_front *front) {
    return front->state == HTTP1_EXCHANGE && exchange_ignores_abort(front->exchange);
}

bool http1_goes_on_alone(struct http1_front *front) {
    if (!ignores_abort(front)) {
        return false;
    }
    front->message->is_discarding = true;
    front->exchange->keep_alive = false;
    timer_stop(&front->write_timer);
    http1_drop_out(front);
    return true;
}

/* An end of the connection that cannot be taken for the end of the response. */
static void abort_exchange(struct exchange *exchange) {
    struct http1_front *front = exchange->front;
    if (front->message->must_reset && front->state != HTTP1_CLOSED) {
        http_connection_reset(&front->connection);
    }
    if (exchange->is_silent && front->state != HTTP1_CLOSED) {
        exchange_reset_timed_out(exchange, &front->connection);
    }
    front->message->is_broken = true;
    http1_settle_later(front);
}

static void mind_end(struct exchange *exchange) {
    http1_settle_later(exchange->front);
}

const struct front_operations http1_operations = {
    .send_head = http1_send_head,
    .send_body = http1_send_body,
    .send_file = http1_send_file,
    .want_body = http1_want_body,
    .send_interim = http1_send_interim,
    .abort = abort_exchange,
    .mind_end = mind_end,
};

/* Logs and releases the exchange and what its head lay in. */
static void end_exchange(struct http1_front *front) {
    struct buffer *head_buffer = front->message == NULL ? NULL : front->message->head_buffer;
    struct exchange *exchange = front->exchange;
    front->exchange = NULL;
    front->message = NULL;
    exchange_end(exchange);
    buffer_give(&front->connection.service->buffers, head_buffer);
}

static void finish_closed(struct http1_front *front) {
    if (front->exchange != NULL) {
        end_exchange(front);
    }
    buffer_give(&front->connection.service->buffers, front->in);
    buffer_give(&front->connection.service->buffers, front->out);
    front->in = front->out = NULL;
    http_connection_release(&front->connection);
    free(front);
}

/* Closed for sending, but input is read and dropped for a while: closing a socket with unread bytes
 * would reset the connection and could destroy the response on its way. */
static void start_lingering(struct http1_front *front, const struct http_lingering *lingering) {
    http_connection_end_for_good(&front->connection);
    front->state = HTTP1_LINGER;
    front->first_byte = front->connection.service->loop->now + lingering->time;
    front->linger_timeout = (uint32_t)lingering->timeout;
    front->idle_rest = front->connection.service->loop->now;
    buffer_give(&front->connection.service->buffers, front->in);
    front->in = NULL;
    start_read_timer(front, lingering->timeout);
    http1_read(front);
}

/* Within keepalive_min_timeout neither a want of connections nor the end of the worker closes it.
 */
static void start_idle_timer(struct http1_front *front, uint64_t timeout, uint64_t min_timeout) {
    front->is_held = min_timeout > 0;
    front->idle_rest = front->is_held && timeout > min_timeout ? timeout - min_timeout : 0;
    start_read_timer(front, timeout - front->idle_rest);
}

static void start_next(struct http1_front *front, uint64_t timeout, uint64_t min_timeout) {
    front->state = HTTP1_IDLE;
    front->first_byte = front->connection.service->loop->now;
    front->has_read = false;
    front->scanned = 0;
    start_idle_timer(front, timeout, min_timeout);
    if (front->connection.service->is_draining || front->is_last) {
        http1_close(front);
        return;
    }
    if (++front->burst < BURST) {
        http1_read(front);
    } else {
        front->burst = 0;
        http1_read_next_turn(front); /* a client that pipelines without end is not alone here */
    }
}

/* As nginx: a body that nobody wants is read whatever lingering_close says, which is about what
 * follows. */
static bool must_linger(struct http1_front *front, uint32_t choice, bool body_ended) {
    bool has_unread = front->needs_linger || (front->connection.handle.ready & LOOP_READ) != 0 ||
                      (front->in != NULL && front->in->begin < front->in->end);
    if ((front->connection.handle.ready & LOOP_HANGUP) != 0) {
        return false;
    }
    return !body_ended || choice == LINGERING_ALWAYS || (choice != LINGERING_OFF && has_unread);
}

/* The response is out and the request read: on to the next request, or to the end. */
static void leave_exchange(struct http1_front *front) {
    const struct table_settings *settings = front->exchange->request.settings;
    bool keep_alive = front->exchange->keep_alive;
    bool body_ended = front->message->body_ended;
    uint64_t timeout = settings->keepalive_timeout.first;
    uint64_t min_timeout = settings->keepalive_min_timeout;
    struct http_lingering lingering = http_lingering_of(settings);
    uint32_t choice = settings->lingering_close;
    end_exchange(front);
    if (keep_alive) {
        start_next(front, timeout, min_timeout);
    } else if (must_linger(front, choice, body_ended)) {
        start_lingering(front, &lingering);
    } else {
        http1_close(front);
    }
}

/* Reads the rest of a body that nobody wants, so that the connection can be used again. */
static void discard_body(struct http1_front *front) {
    struct http1_message *message = front->message;
    if (message->discard_until == 0) {
        exchange_stop(front->exchange);
        struct http_lingering lingering = http_lingering_of(front->exchange->request.settings);
        message->discard_until = front->connection.service->loop->now + lingering.time;
        start_read_timer(front, lingering.timeout);
    }
    if (!message->wants_body) {
        message->wants_body = true;
        http1_read(front);
    }
}

static bool is_waiting(const struct http1_front *front) {
    return front->state == HTTP1_EXCHANGE && front->exchange->handler != NULL &&
           front->exchange->handler->is_waiting;
}

/* As nginx: a client that closes while its answer is awaited from a backend is gone. Bytes of a
 * body or a tunnel are read first. */
static bool needs_client(const struct http1_front *front) {
    bool is_awaited = front->state == HTTP1_EXCHANGE && front->message->body_ended &&
                      !front->exchange->is_upgraded && !front->exchange->response.is_complete &&
                      front->exchange->proxy_data != NULL;
    return is_waiting(front) || is_awaited;
}

/* A hang-up is told once. When it came before the request was read, as with a client that sends its
 * request and its end at once, the exchange learns of it here. */
static bool end_if_client_gone(struct http1_front *front) {
    if ((front->connection.handle.ready & LOOP_HANGUP) == 0 || !needs_client(front)) {
        return false;
    }
    if (ignores_abort(front)) {
        front->exchange->is_left = true;
        return false;
    }
    exchange_log(front->exchange, TABLE_LOG_INFO, (struct slice){0}, "%s",
                 exchange_awaits_backend(front->exchange)
                     ? "client prematurely closed connection, so upstream connection is closed too"
                     : "client prematurely closed connection");
    http1_client_gone(front, 499);
    return true;
}

static void settle_exchange(struct http1_front *front) {
    struct exchange *exchange = front->exchange;
    if (front->message->is_broken) {
        http1_close(front);
        return;
    }
    if (end_if_client_gone(front)) {
        return;
    }
    if (!exchange->response.is_complete || front->out != NULL ||
        http_connection_has_unsent(&front->connection)) {
        return;
    }
    if (exchange->is_upgraded && front->message->body_ended) {
        http1_close(front);
    } else if (exchange->is_upgraded) {
        return; /* the other direction is still open */
    } else if (!front->message->body_ended && exchange->keep_alive) {
        discard_body(front);
    } else {
        leave_exchange(front);
    }
}

static void settle(struct loop_task *task) {
    struct http1_front *front = CONTAINER_OF(task, struct http1_front, settle);
    if (front->is_reading_on && front->state != HTTP1_CLOSED) {
        front->is_reading_on = false;
        http1_read(front);
    }
    if (front->state == HTTP1_EXCHANGE) {
        settle_exchange(front);
    } else if (front->state == HTTP1_CLOSED && !task->is_queued) {
        finish_closed(front);
    } else if (front->state == HTTP1_MOVED) {
        free(front);
    }
}

static void write_ready(struct http1_front *front) {
    if (front->exchange == NULL || front->write_timer.deadline == 0) {
        return; /* nobody waits for it */
    }
    if (!http1_flush(front) && !http1_goes_on_alone(front)) {
        http1_client_gone(front, 499);
    } else if (front->out == NULL && front->exchange->response.is_complete) {
        timer_stop(&front->write_timer);
        if (front->exchange->is_upgraded) {
            http_connection_end(&front->connection);
        }
        http1_settle_later(front);
    } else if (front->out == NULL) {
        exchange_resume(front->exchange);
    }
}

static void front_ready(struct loop_handle *handle, uint32_t events) {
    struct http1_front *front = CONTAINER_OF(handle, struct http1_front, connection.handle);
    events = http_connection_translate(&front->connection, events);
    if ((events & LOOP_WRITE) != 0) {
        write_ready(front);
    }
    if ((events & LOOP_HANGUP) != 0) {
        (void)end_if_client_gone(front);
    }
    if ((events & (LOOP_READ | LOOP_HANGUP)) != 0 && front->state != HTTP1_CLOSED) {
        http1_read(front);
    }
}

/* What follows keepalive_min_timeout is time that the connection has only while it is not needed.
 */
static void idle_timeout(struct http1_front *front) {
    front->is_held = false;
    if (front->idle_rest == 0 || front->is_last) {
        http1_close(front);
    } else {
        start_read_timer(front, front->idle_rest);
        front->idle_rest = 0;
    }
}

/* As nginx: reset_timedout_connection is about requests, not about idle connections. */
static void body_timeout(struct http1_front *front) {
    exchange_reset_timed_out(front->exchange, &front->connection);
    if (front->exchange->response.is_complete) {
        http1_close(front);
        return;
    }
    exchange_log(front->exchange, TABLE_LOG_INFO, (struct slice){0},
                 "client timed out while sending its request body");
    http1_client_gone(front, 408);
}

static void read_timeout(struct timer *timer) {
    struct http1_front *front = CONTAINER_OF(timer, struct http1_front, read_timer);
    switch ((enum http1_state)front->state) {
    case HTTP1_HEAD:
        http1_head_timeout(front);
        return;
    case HTTP1_EXCHANGE:
        body_timeout(front);
        return;
    case HTTP1_IDLE:
        idle_timeout(front);
        return;
    case HTTP1_LINGER:
    case HTTP1_CLOSED:
    case HTTP1_MOVED:
        http1_close(front);
        return;
    }
}

static void write_timeout(struct timer *timer) {
    struct http1_front *front = CONTAINER_OF(timer, struct http1_front, write_timer);
    exchange_log(front->exchange, TABLE_LOG_INFO, (struct slice){0},
                 "client timed out while the response was sent to it");
    exchange_reset_timed_out(front->exchange, &front->connection);
    http1_client_gone(front, 408);
}

static void drain(struct http_connection *connection) {
    struct http1_front *front = CONTAINER_OF(connection, struct http1_front, connection);
    front->is_last = true;
    if (front->state == HTTP1_IDLE && !front->is_held) {
        http1_close(front);
    }
}

/* One that has not sent a byte of a request, or that is only read to its end. */
static uint64_t idle_since(const struct http_connection *connection) {
    const struct http1_front *front =
        (const struct http1_front *)(const void *)connection; /* its first member */
    if (front->state == HTTP1_IDLE && !front->is_held) {
        return connection->requests > 0 ? front->first_byte : connection->opened;
    }
    return front->state == HTTP1_LINGER ? front->idle_rest : HTTP_NOT_IDLE;
}

static void close_front(struct http_connection *connection) {
    http1_close(CONTAINER_OF(connection, struct http1_front, connection));
}

static void destroy(struct http_connection *connection) {
    struct http1_front *front = CONTAINER_OF(connection, struct http1_front, connection);
    http1_close(front);
    loop_cancel(connection->service->loop, &front->settle);
    finish_closed(front);
}

static const struct http_protocol http1_protocol = {
    .drain = drain,
    .idle_since = idle_since,
    .close = close_front,
    .destroy = destroy,
};

/* The memory stays for the rest of the turn, for who is still reading. */
void http1_leave_to_http2(struct http1_front *front) {
    struct http_service *service = front->connection.service;
    if (!http2_front_take(&front->connection, buffer_content(front->in))) {
        http_connection_log(&front->connection, TABLE_LOG_ALERT, "no memory for HTTP/2");
        http1_close(front);
        return;
    }
    front->state = HTTP1_MOVED;
    timer_remove(&service->loop->timers, &front->read_timer);
    buffer_give(&service->buffers, front->in);
    http1_settle_later(front);
}

static struct http1_front *create(void) {
    struct http1_front *front = calloc(1, sizeof *front);
    if (front != NULL) {
        front->connection.handle.on_ready = front_ready;
        front->connection.protocol = &http1_protocol;
        front->settle.run = settle;
        front->read_timer.on_expire = read_timeout;
        front->write_timer.on_expire = write_timeout;
    }
    return front;
}

static void start_first_request(struct http1_front *front) {
    start_read_timer(front, http_connection_settings(&front->connection)->client_header_timeout);
}

bool http1_front_create(const struct http_accepted *accepted) {
    struct http1_front *front = create();
    if (front == NULL || !http_connection_open(&front->connection, accepted)) {
        free(front);
        return false;
    }
    start_first_request(front);
    return true;
}

bool http1_front_take(struct http_connection *connection) {
    struct http1_front *front = create();
    if (front == NULL) {
        return false;
    }
    http_connection_move(&front->connection, connection);
    front->is_last = front->connection.service->is_draining;
    start_first_request(front);
    http1_read(front);
    return true;
}
