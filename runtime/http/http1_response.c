/* HTTP/1 responses on the wire: heads as text, bodies framed, as few writes as possible. Body bytes
 * are written from where they were received; what the kernel does not take stays there. */
#include "http/http1_front.h"

#include "engine/http_status.h"

#include <errno.h>
#include <limits.h>
#include <string.h>

/* Room kept behind a head for the framing of the first chunk and the end of the last. */
enum { FRAMING_ROOM = 64 };

/* Bytes that a client may be behind and still be told of interim responses. */
enum { INTERIM_BACKLOG = 16384 };

/* Besides FRONT_…: the connection has failed. */
enum { CONNECTION_FAILED = -3 };

static bool reserve_out(struct http1_front *front, size_t size) {
    if (front->out == NULL) {
        front->out = buffer_take(&front->connection.service->buffers, size);
        return front->out != NULL;
    }
    if (buffer_room(front->out) >= size) {
        return true;
    }
    struct slice left = buffer_content(front->out);
    struct buffer *larger = buffer_take(&front->connection.service->buffers, left.size + size);
    if (larger == NULL) {
        return false;
    }
    (void)buffer_append(larger, left);
    buffer_give(&front->connection.service->buffers, front->out);
    front->out = larger;
    return true;
}

static void add(struct buffer *out, struct slice s) {
    (void)buffer_append(out, s); /* the caller has reserved enough */
}

static size_t fields_size(const struct engine_header *fields, uint32_t count) {
    size_t size = 0;
    for (uint32_t i = 0; i < count; i++) {
        size += fields[i].name.size + fields[i].value.size + 4;
    }
    return size;
}

static size_t head_size(const struct http_response *response) {
    return 256 + response->reason.size + response->upgrade.size + FRAMING_ROOM +
           fields_size(response->fields, response->field_count);
}

static char *put(char *end, struct slice s) {
    return s.size > 0 ? mempcpy(end, s.data, s.size) : end;
}

/* In one go: a head is little else. */
static void add_field(struct buffer *out, struct slice name, struct slice value) {
    size_t size = name.size + value.size + 4;
    if (size <= buffer_room(out)) {
        char *end = put(out->bytes + out->end, name);
        *end++ = ':';
        *end++ = ' ';
        end = put(end, value);
        *end++ = '\r';
        *end = '\n';
        out->end += size;
    }
}

static void add_status(struct buffer *out, uint32_t status, struct slice reason) {
    const char digits[] = {(char)('0' + status / 100 % 10), (char)('0' + status / 10 % 10),
                           (char)('0' + status % 10), ' '};
    add(out, SLICE("HTTP/1.1 "));
    add(out, (struct slice){digits, sizeof digits});
    add(out, reason.size > 0 ? reason : http_status_phrase(status));
    add(out, SLICE("\r\n"));
}

/* Chooses how the body's end is told (RFC 9112 6.3), and says so. */
static void add_framing(struct exchange *exchange, struct buffer *out) {
    struct http1_front *front = exchange->front;
    struct http1_message *message = front->message;
    struct http_response *response = &exchange->response;
    char length[SLICE_U64_SIZE];
    if (response->is_upgrade) {
        message->output = HTTP1_OUT_PLAIN;
        return;
    }
    bool has_body = exchange_response_has_body(exchange);
    bool is_head = slice_equals(exchange->head.method, SLICE("HEAD"));
    message->output = has_body ? HTTP1_OUT_PLAIN : HTTP1_OUT_NONE;
    if (response->has_length && (has_body || is_head)) {
        add_field(out, SLICE("Content-Length"), slice_format_u64(response->length, length));
    } else if (has_body && exchange->head.minor >= 1 &&
               exchange->request.settings->chunked_transfer_encoding != 0) {
        message->output = HTTP1_OUT_CHUNKED;
        response->is_chunked = true;
        add(out, SLICE("Transfer-Encoding: chunked\r\n"));
    } else if (has_body) {
        exchange->keep_alive = false; /* the body ends where the connection does */
        message->must_reset = true;
    }
}

static bool holds(struct slice text, const char *part) {
    return memmem(text.data, text.size, part, strlen(part)) != NULL;
}

/* nginx's ngx_http_process_user_agent. */
static bool is_old_msie(struct slice agent) {
    const char *found = memmem(agent.data, agent.size, "MSIE ", 5);
    if (found == NULL) {
        return false;
    }
    size_t at = (size_t)(found - agent.data);
    if (at + 7 >= agent.size || holds(agent, "Opera") || found[6] != '.') {
        return false;
    }
    return found[5] == '4' || found[5] == '5' ||
           (found[5] == '6' && !holds(slice_skip(agent, at + 8), "SV1"));
}

static bool is_safari(struct slice agent) {
    return holds(agent, "Safari/") && holds(agent, "Mac OS X") && !holds(agent, "Gecko/") &&
           !holds(agent, "Chrome/") && !holds(agent, "Opera") && !holds(agent, "MSIE ");
}

/* keepalive_disable */
static bool is_disabled(const struct exchange *exchange, uint32_t disabled) {
    enum { MSIE6 = 2, SAFARI = 4 }; /* bits of its words */
    struct slice agent;
    bool is_post = slice_equals(exchange->head.method, SLICE("POST"));
    if ((disabled & (is_post ? MSIE6 | SAFARI : SAFARI)) == 0 ||
        !engine_find_header(&exchange->request, SLICE("user-agent"), &agent)) {
        return false;
    }
    return ((disabled & MSIE6) != 0 && is_post && is_old_msie(agent)) ||
           ((disabled & SAFARI) != 0 && is_safari(agent));
}

static void decide_keep_alive(struct exchange *exchange) {
    struct http1_front *front = exchange->front;
    const struct table_settings *settings = exchange->request.settings;
    /* A client that still waits for 100 may or may not send its body now: the next bytes would be
     * ambiguous (RFC 9110 10.1.1). */
    bool is_ambiguous = exchange->wants_continue && !front->message->body_ended;
    if (settings->keepalive_timeout.first == 0 ||
        front->connection.requests >= settings->keepalive_requests ||
        front->connection.service->loop->now - front->connection.opened >
            settings->keepalive_time ||
        front->is_last || front->connection.service->is_draining || is_ambiguous ||
        is_disabled(exchange, settings->keepalive_disable)) {
        exchange->keep_alive = false;
    }
}

static void add_connection(struct exchange *exchange, struct buffer *out) {
    const struct table_settings *settings = exchange->request.settings;
    char seconds[SLICE_U64_SIZE];
    if (exchange->response.is_upgrade) {
        add_field(out, SLICE("Connection"), SLICE("upgrade"));
        add_field(out, SLICE("Upgrade"), exchange->response.upgrade);
    } else if (!exchange->keep_alive) {
        add(out, SLICE("Connection: close\r\n"));
    } else {
        add(out, SLICE("Connection: keep-alive\r\n"));
        if (settings->keepalive_timeout.second > 0) {
            add(out, SLICE("Keep-Alive: timeout="));
            add(out, slice_format_u64(settings->keepalive_timeout.second / 1000, seconds));
            add(out, SLICE("\r\n"));
        }
    }
}

bool http1_send_head(struct exchange *exchange) {
    struct http1_front *front = exchange->front;
    struct http_response *response = &exchange->response;
    if (!reserve_out(front, head_size(response))) {
        return false;
    }
    struct buffer *out = front->out;
    size_t before = out->end;
    add_status(out, response->status, response->reason);
    decide_keep_alive(exchange);
    http_connection_use_delay(&front->connection, exchange->request.settings);
    for (uint32_t i = 0; i < response->field_count; i++) {
        add_field(out, response->fields[i].name, response->fields[i].value);
    }
    add_framing(exchange, out);
    add_connection(exchange, out);
    add(out, SLICE("\r\n"));
    response->head_size = out->end - before;
    return true;
}

/* One write's worth of output: parts of ours and parts of the body, in order. */
struct plan {
    struct iovec parts[2 * EXCHANGE_PIECES + 8];
    uint64_t announces[2 * EXCHANGE_PIECES + 8]; /* the chunk size a header part announces */
    bool is_body[2 * EXCHANGE_PIECES + 8];
    int count;
    char header[HTTP_CHUNK_HEADER_SIZE];
};

static void plan_part(struct plan *plan, struct slice s, bool is_body, uint64_t announces) {
    if (s.size == 0) {
        return;
    }
    plan->parts[plan->count] =
        (struct iovec){.iov_base = (void *)(uintptr_t)s.data, .iov_len = s.size};
    plan->is_body[plan->count] = is_body;
    plan->announces[plan->count] = announces;
    plan->count++;
}

/* Walks through the pieces that a handler offered. */
struct offer {
    const struct slice *pieces;
    uint32_t count;
    uint32_t index;
    size_t used; /* of the current piece */
};

static void plan_body(struct plan *plan, struct offer *offer, uint64_t size) {
    while (size > 0 && offer->index < offer->count) {
        struct slice rest = slice_skip(offer->pieces[offer->index], offer->used);
        struct slice part = slice_take(rest, size < rest.size ? (size_t)size : rest.size);
        plan_part(plan, part, true, 0);
        size -= part.size;
        offer->used += part.size;
        if (part.size == rest.size) {
            offer->index++;
            offer->used = 0;
        }
    }
}

/* A body that was cut short within a chunk goes on in that chunk, the rest becomes a new one. `end`
 * is what follows the last one. */
static void plan_chunks(struct plan *plan, struct offer *offer, uint64_t total,
                        uint64_t chunk_remaining, struct slice end) {
    uint64_t first = total < chunk_remaining ? total : chunk_remaining;
    if (first > 0) {
        plan_body(plan, offer, first);
        if (first == chunk_remaining) {
            plan_part(plan, SLICE("\r\n"), false, 0);
        }
    }
    uint64_t rest = total - first;
    if (rest > 0) {
        size_t size = http_chunk_header(plan->header, rest);
        plan_part(plan, (struct slice){plan->header, size}, false, rest);
        plan_body(plan, offer, rest);
        plan_part(plan, SLICE("\r\n"), false, 0);
    }
    plan_part(plan, end, false, 0);
}

/* Accounts for `written` bytes. Our own parts right behind them are kept in `out`, so that only
 * body bytes are left with the handler. Returns the number of body bytes taken. */
static size_t settle_plan(struct http1_front *front, struct plan *plan, size_t written,
                          bool has_out) {
    struct http1_message *message = front->message;
    size_t taken = 0;
    for (int i = 0; i < plan->count; i++) {
        size_t size = plan->parts[i].iov_len;
        size_t done = written < size ? written : size;
        written -= done;
        if (plan->is_body[i]) {
            taken += done;
            if (message->output == HTTP1_OUT_CHUNKED) {
                message->chunk_remaining -= done;
            }
            if (done < size) {
                break;
            }
            continue;
        }
        if (plan->announces[i] > 0) {
            message->chunk_remaining = plan->announces[i];
        }
        if (has_out && i == 0) {
            front->out->begin += done;
        } else if (done < size) {
            add(front->out, slice_skip((struct slice){plan->parts[i].iov_base, size}, done));
        }
    }
    return taken;
}

void http1_drop_out(struct http1_front *front) {
    buffer_give(&front->connection.service->buffers, front->out);
    front->out = NULL;
}

static void release_out(struct http1_front *front) {
    if (front->out != NULL && front->out->begin == front->out->end) {
        http1_drop_out(front);
    }
}

static void watch_write(struct http1_front *front, bool is_blocked) {
    struct loop *loop = front->connection.service->loop;
    if (is_blocked) {
        timer_start(&loop->timers, &front->write_timer,
                    loop->now + front->exchange->request.settings->send_timeout);
    } else {
        timer_stop(&front->write_timer);
    }
}

static size_t sum_pieces(const struct slice *pieces, uint32_t count) {
    size_t total = 0;
    for (uint32_t i = 0; i < count; i++) {
        total += pieces[i].size;
    }
    return total;
}

/* What ends a chunked body: the last chunk and the trailers. False without memory. */
static bool make_last_chunk(struct exchange *exchange, struct http1_message *message) {
    const struct http_response *response = &exchange->response;
    if (response->trailer_count == 0) {
        message->last_chunk = SLICE("0\r\n\r\n");
        return true;
    }
    size_t size = 5 + fields_size(response->trailers, response->trailer_count);
    char *text = arena_allocate_bytes(&exchange->arena, size);
    if (text == NULL) {
        return false;
    }
    char *at = mempcpy(text, "0\r\n", 3);
    for (uint32_t i = 0; i < response->trailer_count; i++) {
        const struct engine_header *field = &response->trailers[i];
        at = mempcpy(at, field->name.data, field->name.size);
        at = mempcpy(at, ": ", 2);
        at = mempcpy(at, field->value.data, field->value.size);
        at = mempcpy(at, "\r\n", 2);
    }
    memcpy(at, "\r\n", 2);
    message->last_chunk = (struct slice){text, size};
    return true;
}

/* Plans, writes, accounts. Returns the body bytes taken, or -1 when the connection has failed. */
static ssize_t write_pieces(struct http1_front *front, const struct slice *pieces, uint32_t count,
                            size_t total, bool last) {
    struct http1_message *message = front->message;
    struct plan plan;
    plan.count = 0;
    struct offer offer = {.pieces = pieces, .count = count};
    bool ends_chunks = last && message->output == HTTP1_OUT_CHUNKED;
    if ((ends_chunks && message->last_chunk.size == 0 &&
         !make_last_chunk(front->exchange, message)) ||
        !reserve_out(front, FRAMING_ROOM + message->last_chunk.size)) {
        exchange_log(front->exchange, TABLE_LOG_ALERT, (struct slice){0},
                     "no memory for a response");
        return -1;
    }
    struct slice head = buffer_content(front->out);
    plan_part(&plan, head, false, 0);
    if (message->output == HTTP1_OUT_CHUNKED) {
        plan_chunks(&plan, &offer, total, message->chunk_remaining,
                    ends_chunks ? message->last_chunk : (struct slice){"", 0});
    } else {
        plan_body(&plan, &offer, total);
    }
    ssize_t written = 0;
    if (plan.count > 0 && (front->connection.handle.ready & LOOP_WRITE) != 0) {
        written = http_connection_write(&front->connection, plan.parts, plan.count);
        if (written == SOCKET_FAILED) {
            return -1;
        }
        written = written < 0 ? 0 : written;
    }
    front->exchange->response.bytes_sent += (uint64_t)written;
    return (ssize_t)settle_plan(front, &plan, (size_t)written, head.size > 0);
}

/* What is sent to a client that is gone. */
static size_t discard(struct http1_front *front, size_t total, bool last) {
    http1_drop_out(front);
    front->exchange->response.is_complete = last;
    if (last) {
        http1_settle_later(front);
    }
    return total;
}

/* A write has failed, perhaps within a handler. Returns whether that is the exchange's end. */
static bool lose_client(struct http1_front *front) {
    if (http1_goes_on_alone(front)) {
        return false;
    }
    front->message->is_broken = true;
    http1_settle_later(front);
    return true;
}

/* Of `total` bytes `accepted` are with the kernel now. */
static size_t settle_body(struct http1_front *front, size_t total, size_t accepted, bool last) {
    struct exchange *exchange = front->exchange;
    release_out(front);
    watch_write(front, front->out != NULL || accepted < total ||
                           http_connection_has_unsent(&front->connection));
    if (last && accepted == total) {
        exchange->response.is_complete = true;
        if (exchange->response.is_upgrade && front->out == NULL) {
            http_connection_end(&front->connection);
        }
        http1_settle_later(front);
    }
    return accepted;
}

size_t http1_send_body(struct exchange *exchange, const struct slice *pieces, uint32_t count,
                       bool last) {
    struct http1_front *front = exchange->front;
    size_t total = sum_pieces(pieces, count);
    bool is_bodiless = front->message->output == HTTP1_OUT_NONE;
    if (front->state != HTTP1_EXCHANGE || front->message->is_broken) {
        return total;
    }
    if (front->message->is_discarding) {
        return discard(front, total, last);
    }
    ssize_t taken =
        write_pieces(front, pieces, is_bodiless ? 0 : count, is_bodiless ? 0 : total, last);
    if (taken < 0) {
        return lose_client(front) ? total : discard(front, total, last);
    }
    return settle_body(front, total, is_bodiless ? total : (size_t)taken, last);
}

/* What is ours and goes before `size` bytes of the file. False when the connection has failed. */
static bool write_before_file(struct http1_front *front, size_t size) {
    struct slice head = front->out == NULL ? SLICE("") : buffer_content(front->out);
    if (head.size == 0 || (front->connection.handle.ready & LOOP_WRITE) == 0) {
        return true;
    }
    ssize_t written = socket_write_first(&front->connection.handle, head, size);
    if (written > 0) {
        front->out->begin += (size_t)written;
        front->exchange->response.bytes_sent += (uint64_t)written;
    }
    release_out(front);
    return written != SOCKET_FAILED;
}

/* Whom an error of sendfile is to be blamed on. It is told only once, so that it counts also when
 * something was sent before it. */
static ssize_t blame(size_t taken) {
    switch (errno) {
    case EINVAL:
    case ENOSYS:
    case EOPNOTSUPP:
    case EOVERFLOW:
        return taken == 0 ? FRONT_NEEDS_BYTES : FRONT_FILE_ENDED;
    case EIO:
    case ESTALE:
        return FRONT_FILE_ENDED;
    default:
        return CONNECTION_FAILED;
    }
}

/* As much as the kernel takes now. Returns the bytes taken, FRONT_…, or CONNECTION_FAILED. */
static ssize_t write_file(struct http1_front *front, const struct front_file *file) {
    size_t taken = 0;
    while (taken < file->size && (front->connection.handle.ready & LOOP_WRITE) != 0) {
        ssize_t written = socket_write_file(&front->connection.handle, file->fd,
                                            file->offset + taken, file->size - taken);
        if (written == SOCKET_AGAIN) {
            break;
        }
        if (written == SOCKET_FAILED) {
            return blame(taken);
        }
        if (written == 0) {
            errno = 0;
            return FRONT_FILE_ENDED;
        }
        taken += (size_t)written;
        front->exchange->response.bytes_sent += (uint64_t)written;
    }
    return (ssize_t)taken;
}

ssize_t http1_send_file(struct exchange *exchange, const struct front_file *file, bool last) {
    struct http1_front *front = exchange->front;
    size_t size = file->size < SSIZE_MAX ? (size_t)file->size : SSIZE_MAX;
    if (front->state != HTTP1_EXCHANGE || front->message->is_broken) {
        return (ssize_t)size;
    }
    if (front->message->is_discarding) {
        return (ssize_t)discard(front, size, last);
    }
    if (front->message->output != HTTP1_OUT_PLAIN || front->connection.tls != NULL) {
        return FRONT_NEEDS_BYTES;
    }
    ssize_t taken = CONNECTION_FAILED;
    if (write_before_file(front, size)) {
        taken = front->out != NULL ? 0 : write_file(front, file);
    }
    if (taken == CONNECTION_FAILED) {
        return (ssize_t)(lose_client(front) ? size : discard(front, size, last));
    }
    return taken < 0 ? taken : (ssize_t)settle_body(front, size, (size_t)taken, last);
}

static void add_interim(struct buffer *out, uint32_t status, const struct engine_header *fields,
                        uint32_t count) {
    add_status(out, status, (struct slice){"", 0});
    for (uint32_t i = 0; i < count; i++) {
        add_field(out, fields[i].name, fields[i].value);
    }
    add(out, SLICE("\r\n"));
}

void http1_send_interim(struct exchange *exchange, uint32_t status,
                        const struct engine_header *fields, uint32_t count) {
    struct http1_front *front = exchange->front;
    bool is_gone = front->state != HTTP1_EXCHANGE || front->message->is_discarding;
    bool is_behind = front->out != NULL && buffer_content(front->out).size > INTERIM_BACKLOG;
    if (exchange->head.minor == 0 || is_gone || is_behind ||
        !reserve_out(front, FRAMING_ROOM + fields_size(fields, count))) {
        return;
    }
    add_interim(front->out, status, fields, count);
    if (!http1_flush(front)) {
        (void)lose_client(front);
    }
}

bool http1_flush(struct http1_front *front) {
    if (front->out == NULL || (front->connection.handle.ready & LOOP_WRITE) == 0) {
        return true;
    }
    struct slice left = buffer_content(front->out);
    struct iovec part = {.iov_base = (void *)(uintptr_t)left.data, .iov_len = left.size};
    ssize_t written = left.size == 0 ? 0 : http_connection_write(&front->connection, &part, 1);
    if (written == SOCKET_FAILED) {
        return false;
    }
    if (written > 0) {
        front->out->begin += (size_t)written;
        front->exchange->response.bytes_sent += (uint64_t)written;
    }
    release_out(front);
    watch_write(front, front->out != NULL || http_connection_has_unsent(&front->connection));
    return true;
}
