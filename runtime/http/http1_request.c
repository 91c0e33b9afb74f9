/* HTTP/1 requests off the wire: heads, then bodies as their handler wants them. */
#include "http/http1_front.h"

#include <string.h>

enum {
    READS_PER_TURN = 16,  /* then others have their turn */
    BODY_ROOM_MIN = 4096, /* a body is read behind its head only while this much fits there */
    SMALLEST_FIELD = 4,   /* bytes of one on its line */
    SMALL_HEAD = 2048,    /* moves out of the buffer it was read into */
};

static struct loop *loop_of(const struct http1_front *front) {
    return front->connection.service->loop;
}

void http1_read_next_turn(struct http1_front *front) {
    front->is_reading_on = true;
    loop_defer_next(loop_of(front), &front->settle);
}

/* --- exchanges from heads --- */

/* The same head once more, with room for as many fields as are allowed. */
static enum http_parse_result parse_with_more_room(struct exchange *exchange, struct slice bytes,
                                                   const struct http_header_rules *rules,
                                                   uint32_t limit) {
    struct http_fields *fields = &exchange->head.fields;
    uint32_t capacity =
        limit < bytes.size / SMALLEST_FIELD ? limit : (uint32_t)(bytes.size / SMALLEST_FIELD);
    fields->items = arena_allocate(&exchange->arena, capacity * sizeof *fields->items);
    fields->ids = arena_allocate(&exchange->arena, capacity);
    if (fields->items == NULL || fields->ids == NULL) {
        exchange->head.reason = "no memory for header fields";
        exchange->head.status = 500;
        return HTTP_PARSE_BAD;
    }
    fields->capacity = capacity;
    return http_parse_request(bytes.data, bytes.size, rules, &exchange->head);
}

/* Returns 0, or the status for a request line or a field that is too long. */
static uint32_t check_line_lengths(const struct exchange *exchange, uint64_t limit) {
    const struct http_request_head *head = &exchange->head;
    if (head->line.size > limit) {
        return 414;
    }
    for (uint32_t i = 0; i < head->fields.count; i++) {
        const struct engine_header *field = &head->fields.items[i];
        if (field->name.size + field->value.size + 2 > limit) {
            return HTTP_HEADER_TOO_LARGE;
        }
    }
    return 0;
}

static void start_body(struct http1_front *front, struct exchange *exchange) {
    struct http1_message *message = front->message;
    message->framing = exchange->head.framing;
    message->remaining = exchange->head.content_length;
    message->body_offset = front->in != NULL ? front->in->begin : 0;
    http_chunked_init(&message->chunked);
    message->body_ended = message->framing == HTTP_BODY_NONE ||
                          (message->framing == HTTP_BODY_LENGTH && message->remaining == 0);
    exchange->body_complete = message->body_ended;
}

static void give_empty_buffer(struct http1_front *front) {
    if (front->in != NULL && front->in->begin == front->in->end) {
        buffer_give(&front->connection.service->buffers, front->in);
        front->in = NULL;
    }
}

/* Takes the head out of `in`. A small one is copied, so that the buffer, which the processor has at
 * hand, is free for the next who needs one, and a thousand requests under way do not hold a
 * thousand of them. */
static struct slice take_head(struct http1_front *front, struct exchange *exchange, size_t size) {
    struct slice bytes = slice_take(buffer_content(front->in), size);
    char *copy = size <= SMALL_HEAD ? arena_allocate_bytes(&exchange->arena, size) : NULL;
    front->in->begin += size;
    if (copy == NULL) {
        return bytes;
    }
    memcpy(copy, bytes.data, size);
    give_empty_buffer(front);
    return (struct slice){copy, size};
}

static void start_exchange(struct http1_front *front, const struct table_settings *settings,
                           size_t head_size) {
    struct http_header_rules rules = http_header_rules(settings);
    struct exchange *exchange = http1_take_exchange(front);
    if (exchange == NULL) {
        return;
    }
    struct slice bytes = take_head(front, exchange, head_size);
    front->scanned = 0;
    exchange->request_length = head_size;
    enum http_parse_result result =
        http_parse_request(bytes.data, bytes.size, &rules, &exchange->head);
    if (result == HTTP_PARSE_TOO_MANY_FIELDS && settings->max_headers > EXCHANGE_FIELDS) {
        result = parse_with_more_room(exchange, bytes, &rules, settings->max_headers);
    }
    struct http_request_head *head = &exchange->head;
    if (result == HTTP_PARSE_OK && head->fields.count > settings->max_headers) {
        result = HTTP_PARSE_TOO_MANY_FIELDS;
    }
    if (result == HTTP_PARSE_TOO_MANY_FIELDS) {
        head->status = HTTP_HEADER_TOO_LARGE;
        head->reason = "client sent too many header lines";
    }
    if (result != HTTP_PARSE_OK) {
        http1_refuse_head(front, bytes, head->status != 0 ? head->status : 400, head->reason);
        return;
    }
    uint64_t limit = http_line_limit(settings);
    uint32_t too_long = head_size > limit ? check_line_lengths(exchange, limit) : 0;
    if (too_long != 0) {
        http1_refuse_head(front, bytes, too_long,
                          too_long == 414 ? "client sent too long URI"
                                          : "client sent too long header line");
        return;
    }
    exchange->request.line = head->line;
    exchange->request.method = head->method;
    exchange->request.target = head->target;
    exchange->request.protocol = head->protocol;
    exchange->keep_alive = head->minor >= 1 ? !head->connection_close : head->connection_keep_alive;
    start_body(front, exchange);
    exchange->is_pipelined = !front->has_read;
    exchange_begin(exchange);
}

/* --- reading heads --- */

/* Room for more of a head; use_head_bytes has refused one that is too long. False without memory.
 */
static bool make_room(struct http1_front *front) {
    struct buffer *in = front->in;
    if (buffer_room(in) > 0) {
        return true;
    }
    struct slice content = buffer_content(in);
    if (in->begin > 0) {
        memmove(in->bytes, content.data, content.size);
        in->begin = 0;
        in->end = content.size;
        return true;
    }
    /* One byte more than is allowed, so that what is too long can be told from what is not. */
    uint64_t limit = http_head_limit(http_connection_settings(&front->connection)) + 1;
    size_t capacity = in->capacity * 2 < limit ? in->capacity * 2 : (size_t)limit;
    struct buffer *larger = buffer_take(&front->connection.service->buffers, capacity);
    if (larger == NULL) {
        return false;
    }
    (void)buffer_append(larger, content);
    buffer_give(&front->connection.service->buffers, in);
    front->in = larger;
    return true;
}

/* Whether the part of a head that has arrived is already longer than any valid one. */
static uint32_t check_partial_head(const struct http1_front *front,
                                   const struct table_settings *settings) {
    struct slice content = buffer_content(front->in);
    uint64_t limit = http_line_limit(settings) + 2; /* with its CR LF */
    if (content.size >= limit &&
        slice_find_byte(slice_take(content, (size_t)limit), '\n') == limit) {
        return 414;
    }
    return content.size > http_head_limit(settings) ? HTTP_HEADER_TOO_LARGE : 0;
}

/* --- HTTP/2 by prior knowledge (RFC 9113 3.3) --- */

static bool speaks_http2(struct http1_front *front) {
    struct http_connection *connection = &front->connection;
    const struct table_endpoint *endpoint = http_connection_endpoint(connection);
    return connection->requests == 0 && connection->tls == NULL && endpoint->ssl == 0 &&
           (endpoint->http2 != 0 || http_connection_own_settings(connection)->http2 != 0);
}

/* What has arrived is, or may become, HTTP/2's preface; then it is not looked at as HTTP/1. */
static bool begins_preface(struct http1_front *front, bool *is_whole) {
    static const struct slice preface = SLICE_INIT("PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n");
    struct slice content = buffer_content(front->in);
    struct slice begun = slice_take(preface, content.size);
    *is_whole = begun.size == preface.size;
    return content.data[0] == 'P' && slice_equals(slice_take(content, begun.size), begun) &&
           speaks_http2(front);
}

/* Looks for a request in `in`. Returns whether an exchange was begun or the connection refused. */
static bool use_head_bytes(struct http1_front *front) {
    const struct table_settings *settings = http_connection_settings(&front->connection);
    struct slice content = buffer_content(front->in);
    bool is_preface = false;
    if (front->state == HTTP1_IDLE && begins_preface(front, &is_preface)) {
        if (is_preface) {
            http1_leave_to_http2(front);
        }
        return is_preface;
    }
    if (front->state == HTTP1_IDLE) {
        size_t empty = http_head_count_empty_lines(content.data, content.size);
        front->in->begin += empty;
        content = slice_skip(content, empty);
        if (content.size == 0 || (content.size == 1 && content.data[0] == '\r')) {
            return false; /* at most half an empty line */
        }
        front->state = HTTP1_HEAD;
        front->first_byte = loop_of(front)->now;
        timer_start(&loop_of(front)->timers, &front->read_timer,
                    front->first_byte + settings->client_header_timeout);
    }
    size_t head_size = http_head_find_end(content.data, content.size, &front->scanned);
    if (head_size > 0 && head_size <= http_head_limit(settings)) {
        start_exchange(front, settings, head_size);
        return true;
    }
    uint32_t too_long = head_size > 0 ? HTTP_HEADER_TOO_LARGE : check_partial_head(front, settings);
    if (too_long != 0) {
        if (http1_take_exchange(front) != NULL) {
            http1_refuse_head(front, content, too_long,
                              too_long == 414 ? "client sent too long URI"
                                              : "client sent too large request header");
        }
        return true;
    }
    return false;
}

static void head_interrupted(struct http1_front *front) {
    if (front->state == HTTP1_HEAD) {
        http1_give_up_head(front, 400,
                           "client prematurely closed connection while sending its request");
    } else {
        http1_close(front);
    }
}

static void read_head(struct http1_front *front) {
    for (;;) {
        if (front->in != NULL && front->in->begin < front->in->end && use_head_bytes(front)) {
            return;
        }
        if ((front->connection.handle.ready & LOOP_READ) == 0) {
            give_empty_buffer(front);
            return;
        }
        if (front->in == NULL) {
            front->in = buffer_take(&front->connection.service->buffers, BUFFER_STANDARD);
        }
        if (front->in == NULL || !make_room(front)) {
            log_message(front->connection.service->log, TABLE_LOG_ALERT,
                        "no memory for a request header");
            http1_close(front);
            return;
        }
        ssize_t got = http_connection_read(&front->connection, front->in->bytes + front->in->end,
                                           buffer_room(front->in));
        if (got == SOCKET_END || got == SOCKET_FAILED) {
            head_interrupted(front);
            return;
        }
        if (got > 0) {
            front->in->end += (size_t)got;
            front->has_read = true;
        }
    }
}

/* --- reading bodies --- */

/* Decodes the next piece of the body from `in`. Returns false when the body is malformed. */
static bool decode_piece(struct http1_front *front) {
    struct http1_message *message = front->message;
    struct slice content = buffer_content(front->in);
    if (message->framing == HTTP_BODY_LENGTH) {
        message->piece = slice_take(
            content, content.size < message->remaining ? content.size : (size_t)message->remaining);
        message->remaining -= message->piece.size;
        message->piece_is_last = message->remaining == 0;
        message->has_piece = message->piece.size > 0;
        front->in->begin += message->piece.size;
        return true;
    }
    if (message->framing == HTTP_BODY_UNTIL_CLOSE) { /* upgraded */
        message->piece = content;
        message->has_piece = content.size > 0;
        front->in->begin = front->in->end;
        return true;
    }
    while (!message->has_piece && front->in->begin < front->in->end) {
        size_t consumed = 0;
        enum http_chunked_result result = http_chunked_decode(
            &message->chunked, buffer_content(front->in), &consumed, &message->piece);
        front->in->begin += consumed;
        if (result == HTTP_CHUNKED_BAD) {
            return false;
        }
        message->piece_is_last = result == HTTP_CHUNKED_END;
        message->has_piece = result == HTTP_CHUNKED_DATA || result == HTTP_CHUNKED_END;
        if (result == HTTP_CHUNKED_END) {
            message->piece = (struct slice){"", 0};
        }
    }
    return true;
}

/* A place for more body bytes in `in`: behind the head, or in a buffer of its own when the head
 * fills most of the first one. */
static bool make_body_room(struct http1_front *front) {
    struct http1_message *message = front->message;
    struct buffer *in = front->in;
    if (in != NULL && in->begin == in->end) {
        in->begin = in->end = message->body_offset;
    }
    if (in != NULL && buffer_room(in) >= BODY_ROOM_MIN) {
        return true;
    }
    if (in != NULL && message->head_buffer != NULL) {
        return buffer_room(in) > 0;
    }
    struct buffer *second = buffer_take(&front->connection.service->buffers, BUFFER_STANDARD);
    if (second == NULL) {
        return in != NULL && buffer_room(in) > 0;
    }
    if (in != NULL) {
        (void)buffer_append(second, buffer_content(in));
    }
    message->head_buffer = in;
    message->body_offset = 0;
    front->in = second;
    return true;
}

/* Returns false when nothing more can be had now. */
static bool read_body(struct http1_front *front) {
    if ((front->connection.handle.ready & LOOP_READ) == 0) {
        return false;
    }
    if (!make_body_room(front)) {
        exchange_log(front->exchange, TABLE_LOG_ALERT, (struct slice){0},
                     "no memory for a request body");
        http1_client_gone(front, 500);
        return false;
    }
    struct buffer *in = front->in;
    ssize_t got = http_connection_read(&front->connection, in->bytes + in->end, buffer_room(in));
    if (got == SOCKET_AGAIN) {
        return false;
    }
    if (got == SOCKET_END && front->message->framing == HTTP_BODY_UNTIL_CLOSE) {
        front->message->piece = (struct slice){"", 0};
        front->message->has_piece = true;
        front->message->piece_is_last = true;
        return true;
    }
    if (got == SOCKET_END || got == SOCKET_FAILED) {
        exchange_log(front->exchange, TABLE_LOG_INFO, (struct slice){0},
                     "client prematurely closed connection");
        http1_client_gone(front, 400);
        return false;
    }
    in->end += (size_t)got;
    return true;
}

/* How long the client may take for more of its body. What is only dropped has a time for the whole
 * of it as well. */
static void watch_body(struct http1_front *front) {
    struct loop *loop = loop_of(front);
    uint64_t end = front->message->discard_until;
    if (front->state != HTTP1_EXCHANGE) {
        return;
    }
    if (front->exchange->is_upgraded) {
        return; /* the proxy's time-outs are a tunnel's */
    }
    if (front->exchange->response.is_complete) {
        uint64_t idle = loop->now + front->exchange->request.settings->lingering_timeout;
        timer_start(&loop->timers, &front->read_timer, end != 0 && end < idle ? end : idle);
    } else {
        timer_start(&loop->timers, &front->read_timer,
                    loop->now + front->exchange->request.settings->client_body_timeout);
    }
}

/* Offers the current piece. Returns whether all of it was taken. */
static bool offer_piece(struct http1_front *front) {
    struct http1_message *message = front->message;
    size_t taken = exchange_take_body(front->exchange, message->piece, message->piece_is_last);
    if (front->state != HTTP1_EXCHANGE) {
        return false;
    }
    if (taken < message->piece.size) {
        message->piece = slice_skip(message->piece, taken);
        message->wants_body = false;
        timer_stop(&front->read_timer);
        return false;
    }
    message->has_piece = false;
    if (message->piece_is_last) {
        message->body_ended = true;
        front->exchange->body_complete = true;
        timer_stop(&front->read_timer);
        if (front->exchange->response.is_complete ||
            (front->connection.handle.ready & LOOP_HANGUP) != 0) {
            http1_settle_later(front);
        }
        return false;
    }
    return true;
}

static void body_malformed(struct http1_front *front) {
    front->message->body_ended = true; /* what follows cannot be understood */
    front->is_last = true;
    front->needs_linger = true;
    front->exchange->keep_alive = false;
    exchange_log(front->exchange, TABLE_LOG_INFO, (struct slice){0},
                 "client sent invalid chunked body");
    if (front->exchange->response.is_complete) {
        http1_settle_later(front);
    } else {
        exchange_fail(front->exchange, 400);
    }
}

static void pump_body(struct http1_front *front) {
    struct http1_message *message = front->message;
    int reads = 0;
    message->is_pumping = true;
    while (front->state == HTTP1_EXCHANGE && message->wants_body && !message->body_ended) {
        if (!message->has_piece && front->in != NULL) {
            size_t before = front->in->begin;
            bool is_valid = decode_piece(front);
            front->exchange->request_length += front->in->begin - before;
            if (!is_valid) {
                body_malformed(front);
                break;
            }
        }
        if (message->has_piece) {
            if (!offer_piece(front) && front->state != HTTP1_EXCHANGE) {
                return;
            }
            continue;
        }
        if (reads++ == READS_PER_TURN) {
            watch_body(front);
            http1_read_next_turn(front);
            break;
        }
        if (!read_body(front)) {
            watch_body(front);
            break;
        }
    }
    if (front->state == HTTP1_EXCHANGE) {
        message->is_pumping = false;
    }
}

void http1_want_body(struct exchange *exchange) {
    struct http1_front *front = exchange->front;
    if (front->state != HTTP1_EXCHANGE) {
        return;
    }
    if (exchange->is_upgraded && front->message->framing != HTTP_BODY_UNTIL_CLOSE) {
        /* From here on the connection carries opaque bytes until it is closed. */
        front->message->framing = HTTP_BODY_UNTIL_CLOSE;
        front->message->body_ended = false;
    }
    if (front->message->body_ended) {
        return;
    }
    front->message->wants_body = true;
    if (!front->message->is_pumping) {
        pump_body(front);
    }
}

/* --- afterwards --- */

static void read_lingering(struct http1_front *front) {
    char dropped[4096];
    for (int reads = 0; (front->connection.handle.ready & LOOP_READ) != 0; reads++) {
        if (reads == READS_PER_TURN) {
            http1_read_next_turn(front);
            return;
        }
        ssize_t got = http_connection_read(&front->connection, dropped, sizeof dropped);
        if (got == SOCKET_END || got == SOCKET_FAILED || loop_of(front)->now >= front->first_byte) {
            http1_close(front);
            return;
        }
    }
    uint64_t silence = loop_of(front)->now + front->linger_timeout;
    timer_start(&loop_of(front)->timers, &front->read_timer,
                silence < front->first_byte ? silence : front->first_byte);
}

void http1_read(struct http1_front *front) {
    switch ((enum http1_state)front->state) {
    case HTTP1_IDLE:
    case HTTP1_HEAD:
        read_head(front);
        if (front->state == HTTP1_EXCHANGE && (front->connection.handle.ready & LOOP_HANGUP) != 0) {
            http1_settle_later(front);
        }
        return;
    case HTTP1_EXCHANGE:
        if (front->message->wants_body && !front->message->is_pumping) {
            pump_body(front);
        }
        return;
    case HTTP1_LINGER:
        read_lingering(front);
        return;
    case HTTP1_CLOSED:
    case HTTP1_MOVED:
        return;
    }
}
