/* HTTP/1 requests that are none: heads that are wrong, too large, or never end. As much of one as
 * can be understood is known to logs and error pages all the same, as in nginx. */
#include "http/http1_front.h"

#include <string.h>

enum { TOO_LONG_URI = 414, LOGGED_URI = 256 /* bytes of one that is too long */, LINE_END = 2 };

static void fill_connection_facts(struct http1_front *front, struct exchange *exchange) {
    exchange->front = front;
    exchange->front_operations = &http1_operations;
    exchange->started = front->first_byte;
    http_connection_describe(&front->connection, exchange);
}

struct exchange *http1_take_exchange(struct http1_front *front) {
    struct http_service *service = front->connection.service;
    struct exchange *exchange =
        exchange_take(service, http_listener_generation(front->connection.listener));
    if (exchange == NULL) {
        log_message(service->log, TABLE_LOG_ALERT, "no memory for a request");
        http1_close(front);
        return NULL;
    }
    front->message = arena_allocate(&exchange->arena, sizeof *front->message);
    front->connection.requests++;
    front->exchange = exchange;
    front->state = HTTP1_EXCHANGE;
    fill_connection_facts(front, exchange);
    timer_stop(&front->read_timer);
    if (front->message == NULL) {
        http1_client_gone(front, 500);
        return NULL;
    }
    return exchange;
}

/* The first line and its end, or all there is. */
static struct slice first_line(struct slice bytes) {
    size_t end = slice_find_byte(bytes, '\n');
    return slice_take(bytes, end < bytes.size ? end + 1 : end);
}

static struct slice without_end(struct slice line) {
    if (line.size > 0 && line.data[line.size - 1] == '\n') {
        line.size--;
    }
    if (line.size > 0 && line.data[line.size - 1] == '\r') {
        line.size--;
    }
    return line;
}

/* The server is that of the Host, if it comes before what is wrong. */
static void describe_host(struct http1_front *front, struct slice bytes) {
    const struct table_settings *settings = http_connection_settings(&front->connection);
    struct exchange *exchange = front->exchange;
    struct slice host = SLICE("");
    struct http_request_head *head = &exchange->head;
    bytes = slice_take(bytes, (size_t)http_head_limit(settings));
    head->has_host =
        http_find_host(bytes.data, bytes.size, http_line_limit(settings) + LINE_END, &host);
    char *copy = arena_allocate_bytes(&exchange->arena, host.size);
    if (copy == NULL) {
        host.size = 0;
    } else if (host.size > 0) {
        memcpy(copy, host.data, host.size);
    }
    head->host = (struct slice){copy, host.size};
}

/* Takes the first line apart when it is whole, whatever is behind it. It is copied, since the
 * buffer of a head that is not taken out of it may get another content. */
static void describe_line(struct http1_front *front, struct slice bytes) {
    struct exchange *exchange = front->exchange;
    struct engine_request *request = &exchange->request;
    struct http_request_head *head = &exchange->head;
    struct slice line = first_line(bytes);
    char *copy = arena_allocate_bytes(&exchange->arena, line.size);
    if (copy == NULL) {
        return;
    }
    memcpy(copy, line.data, line.size);
    request->line = without_end((struct slice){copy, line.size});
    if (http_parse_request_line(copy, line.size, head)) {
        request->method = head->method;
        request->target = head->target;
        request->protocol = head->protocol;
        describe_host(front, bytes);
    }
}

static void refuse(struct http1_front *front, uint32_t status, uint32_t log_status,
                   const char *reason) {
    front->message->body_ended = true;
    front->is_last = true;
    front->needs_linger = true;
    exchange_refuse(front->exchange, status, log_status, reason);
}

void http1_refuse_head(struct http1_front *front, struct slice bytes, uint32_t status,
                       const char *reason) {
    if (status == TOO_LONG_URI) {
        front->exchange->request.line = slice_take(bytes, LOGGED_URI);
    } else {
        describe_line(front, bytes);
    }
    refuse(front, status, 0, reason);
}

void http1_give_up_head(struct http1_front *front, uint32_t log_status, const char *reason) {
    struct exchange *exchange = http1_take_exchange(front);
    if (exchange == NULL) {
        return;
    }
    if (front->in != NULL) {
        describe_line(front, buffer_content(front->in));
    }
    refuse(front, 0, log_status, reason);
    http1_client_gone(front, log_status);
}

void http1_head_timeout(struct http1_front *front) {
    if (http_connection_settings(&front->connection)->reset_timedout_connection != 0) {
        http_connection_reset(&front->connection);
    }
    http1_give_up_head(front, 408, "client timed out while sending its request");
}
