/* The life of an HTTP/1 client connection: events, timers, the step from one exchange to the next,
 * the end. */
#include "http/http1_front.h"

#include "base/container.h"

#include <stdlib.h>
#include <string.h>
#include <unistd.h>

enum { LINGER_TOTAL_MS = 30000, LINGER_STEP_MS = 5000, BURST = 64 };

const struct table_settings *http1_default_settings(const struct http1_front *front) {
    const struct table *table = &http_listener_generation(front->listener)->table;
    const struct table_endpoint *endpoint = http_listener_endpoint(front->listener, &front->local);
    return &table->settings[table->server[endpoint->default_server].settings];
}

void http1_settle_later(struct http1_front *front) {
    loop_defer(front->service->loop, &front->settle);
}

static void start_read_timer(struct http1_front *front, uint64_t milliseconds) {
    struct loop *loop = front->service->loop;
    timer_start(&loop->timers, &front->read_timer, loop->now + milliseconds);
}

void http1_close(struct http1_front *front) {
    if (front->state == HTTP1_CLOSED) {
        return;
    }
    front->state = HTTP1_CLOSED;
    loop_remove(front->service->loop, &front->handle);
    close(front->handle.fd);
    timer_remove(&front->service->loop->timers, &front->read_timer);
    timer_remove(&front->service->loop->timers, &front->write_timer);
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

/* Only a backend's answer is worth waiting for when nobody gets it. */
static bool ignores_abort(const struct http1_front *front) {
    const struct exchange *exchange = front->exchange;
    return front->state == HTTP1_EXCHANGE && exchange->proxy_data != NULL &&
           !exchange->is_upgraded && !exchange->response.is_complete &&
           exchange->request.settings->proxy_ignore_client_abort != 0;
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
        struct linger reset = {.l_onoff = 1, .l_linger = 0};
        (void)setsockopt(front->handle.fd, SOL_SOCKET, SO_LINGER, &reset, sizeof reset);
    }
    front->message->is_broken = true;
    http1_settle_later(front);
}

const struct front_operations http1_operations = {
    .send_head = http1_send_head,
    .send_body = http1_send_body,
    .want_body = http1_want_body,
    .send_interim = http1_send_interim,
    .abort = abort_exchange,
};

static void destroy(struct http1_front *front) {
    struct http_service *service = front->service;
    *front->link = front->next;
    if (front->next != NULL) {
        front->next->link = front->link;
    }
    http_listener_release(front->listener);
    free(front);
    http_service_give_connection(service);
    http_service_check_idle(service);
}

/* Logs and releases the exchange and what its head lay in. */
static void end_exchange(struct http1_front *front) {
    struct buffer *head_buffer = front->message == NULL ? NULL : front->message->head_buffer;
    struct exchange *exchange = front->exchange;
    front->exchange = NULL;
    front->message = NULL;
    exchange_end(exchange);
    buffer_give(&front->service->buffers, head_buffer);
}

static void finish_closed(struct http1_front *front) {
    if (front->exchange != NULL) {
        end_exchange(front);
    }
    buffer_give(&front->service->buffers, front->in);
    buffer_give(&front->service->buffers, front->out);
    front->in = front->out = NULL;
    destroy(front);
}

/* Closed for sending, but input is read and dropped for a while: closing a socket with unread bytes
 * would reset the connection and could destroy the response on its way. */
static void start_lingering(struct http1_front *front) {
    shutdown(front->handle.fd, SHUT_WR);
    front->state = HTTP1_LINGER;
    front->first_byte = front->service->loop->now + LINGER_TOTAL_MS;
    buffer_give(&front->service->buffers, front->in);
    front->in = NULL;
    start_read_timer(front, LINGER_STEP_MS);
    http1_read(front);
}

static void start_next(struct http1_front *front, uint64_t keepalive_timeout) {
    front->state = HTTP1_IDLE;
    front->has_read = false;
    front->scanned = 0;
    start_read_timer(front, keepalive_timeout);
    if (front->service->is_draining || front->is_last) {
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

/* The response is out and the request read: on to the next request, or to the end. */
static void leave_exchange(struct http1_front *front) {
    bool keep_alive = front->exchange->keep_alive;
    bool has_unread = front->needs_linger || !front->message->body_ended;
    uint64_t keepalive_timeout = front->exchange->request.settings->keepalive_timeout.first;
    end_exchange(front);
    if (keep_alive) {
        start_next(front, keepalive_timeout);
        return;
    }
    has_unread = has_unread || (front->handle.ready & LOOP_READ) != 0 ||
                 (front->in != NULL && front->in->begin < front->in->end);
    if (has_unread && (front->handle.ready & LOOP_HANGUP) == 0) {
        start_lingering(front);
    } else {
        http1_close(front);
    }
}

/* Reads the rest of a body that nobody wants, so that the connection can be used again. */
static void discard_body(struct http1_front *front) {
    if (!front->message->wants_body) {
        exchange_stop(front->exchange);
        front->first_byte = front->service->loop->now + LINGER_TOTAL_MS;
        front->message->wants_body = true;
        http1_read(front);
    }
}

static void settle_exchange(struct http1_front *front) {
    struct exchange *exchange = front->exchange;
    if (front->message->is_broken) {
        http1_close(front);
        return;
    }
    if (!exchange->response.is_complete || front->out != NULL) {
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
    }
}

static void write_ready(struct http1_front *front) {
    if (front->exchange == NULL || front->write_timer.deadline == 0) {
        return; /* nobody waits for it */
    }
    if (!http1_flush(front) && !http1_goes_on_alone(front)) {
        http1_client_gone(front, 499);
    } else if (front->out == NULL && front->exchange->response.is_complete) {
        if (front->exchange->is_upgraded) {
            shutdown(front->handle.fd, SHUT_WR);
        }
        http1_settle_later(front);
    } else if (front->out == NULL) {
        exchange_resume(front->exchange);
    }
}

/* As nginx: a client that closes while its answer is awaited from a backend is gone. Bytes of a
 * body or a tunnel are read first. */
static bool is_client_gone(const struct http1_front *front) {
    return front->state == HTTP1_EXCHANGE && front->message->body_ended &&
           !front->exchange->is_upgraded && !front->exchange->response.is_complete &&
           front->exchange->proxy_data != NULL && !ignores_abort(front);
}

static void front_ready(struct loop_handle *handle, uint32_t events) {
    struct http1_front *front = CONTAINER_OF(handle, struct http1_front, handle);
    if ((events & LOOP_WRITE) != 0) {
        write_ready(front);
    }
    if ((events & LOOP_HANGUP) != 0 && is_client_gone(front)) {
        exchange_log(front->exchange, TABLE_LOG_INFO, (struct slice){0},
                     "client prematurely closed connection, so upstream connection is closed too");
        http1_client_gone(front, 499);
    }
    if ((events & (LOOP_READ | LOOP_HANGUP)) != 0 && front->state != HTTP1_CLOSED) {
        http1_read(front);
    }
}

static void read_timeout(struct timer *timer) {
    struct http1_front *front = CONTAINER_OF(timer, struct http1_front, read_timer);
    if (front->state == HTTP1_HEAD) {
        http1_head_timeout(front);
    } else if (front->state == HTTP1_EXCHANGE && !front->exchange->response.is_complete) {
        exchange_log(front->exchange, TABLE_LOG_INFO, (struct slice){0},
                     "client timed out while sending its request body");
        http1_client_gone(front, 408);
    } else {
        http1_close(front);
    }
}

static void write_timeout(struct timer *timer) {
    struct http1_front *front = CONTAINER_OF(timer, struct http1_front, write_timer);
    exchange_log(front->exchange, TABLE_LOG_INFO, (struct slice){0},
                 "client timed out while the response was sent to it");
    http1_client_gone(front, 408);
}

bool http1_front_create(struct http_service *service, struct http_listener *listener, int fd,
                        const union socket_address *remote, const union socket_address *local) {
    struct http1_front *front = calloc(1, sizeof *front);
    if (front == NULL) {
        return false;
    }
    front->handle.fd = fd;
    front->handle.on_ready = front_ready;
    if (!loop_add(service->loop, &front->handle)) {
        free(front);
        return false;
    }
    front->handle.ready |= LOOP_WRITE; /* an empty send buffer; saves waiting for the event */
    front->settle.run = settle;
    front->read_timer.on_expire = read_timeout;
    front->write_timer.on_expire = write_timeout;
    front->service = service;
    front->listener = listener;
    listener->references++;
    front->number = ++service->connection_serial;
    front->opened = service->loop->now;
    front->remote = *remote;
    front->local = *local;
    front->next = service->fronts;
    front->link = &service->fronts;
    if (front->next != NULL) {
        front->next->link = &front->next;
    }
    service->fronts = front;
    start_read_timer(front, http1_default_settings(front)->client_header_timeout);
    return true;
}

void http1_front_drain(struct http_service *service, const struct http_listener *listener) {
    for (struct http1_front *front = service->fronts; front != NULL; front = front->next) {
        if (listener != NULL && front->listener != listener) {
            continue;
        }
        front->is_last = true;
        if (front->state == HTTP1_IDLE) {
            http1_close(front);
        }
    }
}

void http1_front_close_all(struct http_service *service) {
    for (struct http1_front *front = service->fronts; front != NULL; front = front->next) {
        http1_close(front);
    }
}

void http1_front_destroy_all(struct http_service *service) {
    struct http1_front *next;
    for (struct http1_front *front = service->fronts; front != NULL; front = next) {
        next = front->next;
        http1_close(front);
        loop_cancel(service->loop, &front->settle);
        finish_closed(front);
    }
}
