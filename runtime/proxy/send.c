/* Sending a request: the head, then the body from the spool or, as it arrives, from the client;
 * head and the first body bytes leave in one write. */
#include "proxy/internal.h"

#include "base/container.h"

#include <errno.h>
#include <string.h>

enum { READS_PER_TURN = 16 /* of a temporary file; then others have their turn */ };

static struct loop *loop_of(const struct proxy *proxy) {
    return proxy->exchange->service->loop;
}

/* What the backend must do next, and by when: read on, or answer once it has everything. While the
 * client has not sent the rest nobody waits for the backend; once it answers, relay.c does. */
static void watch_send(struct proxy *proxy, bool is_blocked) {
    struct loop *loop = loop_of(proxy);
    const struct table_settings *settings = proxy->exchange->request.settings;
    if (proxy->exchange->is_upgraded) {
        proxy->blocked_until = is_blocked ? loop->now + settings->proxy_send_timeout : 0;
        proxy_watch_tunnel(proxy);
        return;
    }
    if (proxy->has_head) {
        return;
    }
    if (is_blocked || proxy->body_sent) {
        timer_start(&loop->timers, &proxy->back->timer,
                    loop->now +
                        (is_blocked ? settings->proxy_send_timeout : settings->proxy_read_timeout));
    } else {
        timer_stop(&proxy->back->timer);
    }
}

/* The peer does not read any more. It may have answered before it closed (RFC 9112 9.6), so what it
 * said is read before the attempt is given up. */
static void write_failed(struct proxy *proxy) {
    struct back *back = proxy->back;
    int error = errno;
    proxy->body_sent = false;
    back->handle.ready &= (uint8_t)~LOOP_WRITE;
    if (!proxy->has_head) {
        back->handle.ready |= LOOP_READ | LOOP_HANGUP;
        proxy->write_error = error;
        timer_start(&loop_of(proxy)->timers, &back->timer,
                    loop_of(proxy)->now + proxy->exchange->request.settings->proxy_read_timeout);
        proxy_read_head(proxy);
    }
}

/* --- a body that is there --- */

static bool is_spool_sent(const struct proxy *proxy) {
    return proxy->spool_written == spool_size(&proxy->spool);
}

static bool is_done(const struct proxy *proxy) {
    return is_spool_sent(proxy) && !proxy->protocol->has_unsent(proxy);
}

static void fail_spool(struct proxy *proxy, int error) {
    proxy_log(proxy, TABLE_LOG_CRIT, "reading back a request body failed (%d: %s)", error,
              strerror(error));
    proxy_drop_back(proxy);
    exchange_fail(proxy->exchange, 500);
}

/* Writes the next part of the spool. False when the attempt has failed. */
static bool write_spool(struct proxy *proxy, struct buffer *window) {
    struct slice part;
    int error =
        spool_read(&proxy->spool, proxy->spool_written, window == NULL ? NULL : window->bytes,
                   window == NULL ? 0 : window->capacity, &part);
    if (error != 0) {
        fail_spool(proxy, error);
        return false;
    }
    bool last = proxy->body == PROXY_BODY_COLLECT &&
                proxy->spool_written + part.size == spool_size(&proxy->spool);
    ssize_t written = proxy->protocol->write(proxy, part, last);
    if (written < 0) {
        proxy->body_refused = proxy->body == PROXY_BODY_STREAM;
        write_failed(proxy);
        return false;
    }
    proxy->spool_written += (uint64_t)written;
    if (proxy->body == PROXY_BODY_STREAM) {
        proxy->stream_taken += (uint64_t)written;
    }
    return true;
}

/* Writes what it can of head and spool. False when the attempt has failed. */
static bool send_spool(struct proxy *proxy) {
    struct buffer_pool *pool = &proxy->exchange->service->buffers;
    struct buffer *window = proxy->spool.file < 0 ? NULL : buffer_take_large(pool, true);
    if (window == NULL && proxy->spool.file >= 0) {
        fail_spool(proxy, ENOMEM);
        return false;
    }
    bool is_fine = true;
    for (int reads = 0; is_fine && !is_done(proxy) && proxy->protocol->can_write(proxy); reads++) {
        if (reads == READS_PER_TURN) {
            loop_defer_next(loop_of(proxy), &proxy->send_on);
            break;
        }
        is_fine = write_spool(proxy, window);
    }
    buffer_give(pool, window);
    return is_fine;
}

static void send_collected(struct proxy *proxy) {
    if (send_spool(proxy)) {
        proxy->body_sent = is_done(proxy);
        watch_send(proxy, !proxy->body_sent);
    }
}

/* --- a body that arrives, or one side of a tunnel --- */

/* Writes what is ours to write: the head while nothing of the body is there, ends of chunks. */
static void flush(struct proxy *proxy) {
    const struct proxy_protocol *protocol = proxy->protocol;
    bool last = proxy->stream_ended && protocol->owes_end(proxy);
    bool is_ending = proxy->stream_ended && !proxy->body_sent;
    if (!is_ending && !protocol->has_unsent(proxy)) {
        /* What the client has sent since may have been too much for the backend. */
        watch_send(proxy, !protocol->can_write(proxy));
        return;
    }
    if ((last || protocol->has_unsent(proxy)) &&
        protocol->write(proxy, (struct slice){"", 0}, last) < 0) {
        write_failed(proxy);
        return;
    }
    bool is_blocked = protocol->has_unsent(proxy);
    if (is_ending && !is_blocked) {
        proxy->body_sent = true;
        if (proxy->exchange->is_upgraded) {
            back_end(proxy->back);
        }
    }
    watch_send(proxy, is_blocked);
}

/* What was read before the backend was asked comes first; nobody can send it again then. */
static void send_stream(struct proxy *proxy) {
    struct back *back = proxy->back;
    if (!is_spool_sent(proxy)) {
        if (!send_spool(proxy)) {
            return;
        }
        if (!is_spool_sent(proxy)) {
            watch_send(proxy, true);
            return;
        }
        spool_release(&proxy->spool);
        proxy->spool_written = 0;
    }
    if (!proxy->stream_ended) {
        /* Bytes that are there already go out together with the head. */
        exchange_want_body(proxy->exchange);
    }
    if (proxy->back == back) {
        flush(proxy);
    }
}

void proxy_send_request(struct proxy *proxy) {
    if (proxy->exchange->is_upgraded) {
        send_stream(proxy);
        return;
    }
    if (proxy->body_sent && !proxy->protocol->has_unsent(proxy)) {
        return;
    }
    switch (proxy->keeps_body ? PROXY_BODY_NONE : proxy->body) {
    case PROXY_BODY_NONE:
        flush(proxy);
        return;
    case PROXY_BODY_COLLECT:
        send_collected(proxy);
        return;
    case PROXY_BODY_STREAM:
        send_stream(proxy);
        return;
    }
}

void proxy_send_on(struct loop_task *task) {
    struct proxy *proxy = CONTAINER_OF(task, struct proxy, send_on);
    if (proxy->back != NULL && !proxy->back->is_connecting) {
        proxy_send_request(proxy);
    }
}

/* Whether bytes of the client can go straight to the backend. */
static bool can_pass(const struct proxy *proxy) {
    return proxy->back != NULL && !proxy->back->is_connecting && is_spool_sent(proxy) &&
           proxy->protocol->can_write(proxy);
}

/* One side of a tunnel cannot be written to. What is left of the other ends it, unless that has
 * ended already: then nothing more would tell. */
static void fail_tunnel(struct proxy *proxy) {
    int error = errno;
    char text[BACK_REASON_SIZE];
    proxy->back->handle.ready &= (uint8_t)~LOOP_WRITE;
    if (proxy->exchange->response.is_complete) {
        proxy_log(proxy, TABLE_LOG_INFO, "%s while proxying upgraded connection",
                  back_explain(proxy->back, "send()", error, text));
        proxy_break_attempt(proxy);
    }
}

/* The write of a piece, perhaps the empty last one, has failed. Returns how much of it is done
 * with: nothing if another backend is asked for it. */
static size_t drop_piece(struct proxy *proxy, size_t size, bool last) {
    uint32_t attempts = proxy->attempt_count;
    if (proxy->exchange->is_upgraded) {
        fail_tunnel(proxy);
        return 0;
    }
    proxy->body_refused = true;
    write_failed(proxy);
    if (proxy->attempt_count != attempts && proxy->step != PROXY_DONE) {
        proxy->stream_ended = last && size == 0; /* an end is not offered twice */
        loop_defer_next(loop_of(proxy), &proxy->send_on);
        return 0;
    }
    return size;
}

size_t proxy_take_body(struct exchange *exchange, struct slice piece, bool last) {
    struct proxy *proxy = exchange->proxy_data;
    if (proxy->step == PROXY_COLLECTING) {
        return proxy_collect(proxy, piece, last);
    }
    if (proxy->step == PROXY_DONE || (proxy->body_refused && !exchange->is_upgraded)) {
        return piece.size; /* the backend has answered without waiting for the rest */
    }
    if (!can_pass(proxy)) {
        proxy->stream_ended = last && piece.size == 0;
        return 0;
    }
    ssize_t written = proxy->protocol->write(proxy, piece, last);
    if (written < 0) {
        return drop_piece(proxy, piece.size, last);
    }
    proxy->stream_taken += (uint64_t)written;
    proxy->stream_ended = last && (size_t)written == piece.size;
    if (proxy->stream_ended) {
        flush(proxy);
    } else {
        watch_send(proxy, (size_t)written < piece.size);
    }
    return (size_t)written;
}
