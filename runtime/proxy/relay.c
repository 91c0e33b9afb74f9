/* The body of a response, from the backend's socket to the front, out of the buffer it was read
 * into. What the front does not take is put aside (absorb.c), or stays in that buffer and stops the
 * reading; the kernel's window then stops the backend. */
#include "proxy/internal.h"

#include "base/container.h"

#include <errno.h>
#include <string.h>

enum {
    READS_PER_TURN = 16, /* then others have their turn */
    LARGE_FROM = 65536,  /* bytes after which a body of unknown length is taken for a large one */
    BODY_ROOM_MIN = 8192 /* a head that leaves less keeps its buffer, and the body gets another */
};

static struct loop *loop_of(const struct proxy *proxy) {
    return proxy->exchange->service->loop;
}

/* --- decoding --- */

void proxy_add_piece(struct proxy *proxy, struct slice piece) {
    proxy->pieces[proxy->piece_count++] = piece;
    proxy_current_attempt(proxy)->response_length += piece.size;
}

static bool decode_more(struct proxy *proxy) {
    bool is_all_there = proxy->pieces_are_last || proxy->response == NULL;
    const char *problem =
        proxy->piece_count > 0 || is_all_there ? NULL : proxy->protocol->decode(proxy);
    if (problem == NULL) {
        return true;
    }
    proxy_log(proxy, TABLE_LOG_ERROR, "upstream %s while reading upstream", problem);
    proxy_break_attempt(proxy);
    return false;
}

/* --- passing on --- */

static void drop_taken(struct proxy *proxy, size_t taken) {
    uint32_t whole = 0;
    while (whole < proxy->piece_count && taken >= proxy->pieces[whole].size) {
        taken -= proxy->pieces[whole].size;
        whole++;
    }
    proxy->piece_count -= whole;
    memmove(proxy->pieces, proxy->pieces + whole, proxy->piece_count * sizeof proxy->pieces[0]);
    if (proxy->piece_count > 0) {
        proxy->pieces[0] = slice_skip(proxy->pieces[0], taken);
    }
}

size_t proxy_pieces_size(const struct proxy *proxy) {
    size_t size = 0;
    for (uint32_t i = 0; i < proxy->piece_count; i++) {
        size += proxy->pieces[i].size;
    }
    return size;
}

static void offer(struct proxy *proxy) {
    size_t size = proxy_pieces_size(proxy);
    if (size == 0 && !proxy->pieces_are_last && !proxy->must_flush) {
        return;
    }
    proxy->must_flush = false;
    size_t taken = exchange_send_body(proxy->exchange, proxy->pieces, proxy->piece_count,
                                      proxy->pieces_are_last);
    drop_taken(proxy, taken);
    proxy->is_front_full = taken < size;
}

static bool has_backlog(const struct proxy *proxy) {
    return backlog_size(&proxy->backlog) > 0;
}

/* What was put aside goes first. False when the exchange has failed. */
static bool pass_on(struct proxy *proxy) {
    if (!proxy->is_front_full && has_backlog(proxy) && !proxy_feed(proxy)) {
        return false;
    }
    /* The end went with the last of what was put aside. */
    bool is_over = proxy->exchange->response.is_complete;
    if (!proxy->is_front_full && !has_backlog(proxy) && !is_over) {
        offer(proxy);
    }
    if (proxy->is_absorbing && proxy->piece_count > 0) {
        proxy_absorb(proxy);
    }
    if (proxy->back != NULL && proxy->protocol->window > 0) {
        proxy->protocol->passed(proxy);
    }
    return true;
}

/* --- reading --- */

static void end_prematurely(struct proxy *proxy, ssize_t got) {
    if (got == SOCKET_FAILED) {
        char text[BACK_REASON_SIZE];
        proxy_log(proxy, TABLE_LOG_ERROR, "%s while reading upstream",
                  back_explain(proxy->back, "recv()", errno, text));
    } else {
        proxy_log(proxy, TABLE_LOG_ERROR,
                  "upstream prematurely closed connection while reading upstream");
    }
    proxy_break_attempt(proxy);
}

/* What the rest of the body should be read into, for few system calls and little memory. */
static size_t choose_capacity(struct proxy *proxy) {
    bool is_large = proxy->head.framing == HTTP_BODY_LENGTH
                        ? proxy->remaining > BUFFER_STANDARD
                        : proxy_current_attempt(proxy)->response_length > LARGE_FROM;
    return is_large && !proxy->exchange->is_upgraded ? BUFFER_LARGE : BUFFER_STANDARD;
}

/* Room for more body bytes: behind the head, which must stay for the log, or in a second buffer. */
static struct buffer *make_room(struct proxy *proxy) {
    struct buffer *in = proxy->response;
    if (in->begin == in->end) {
        in->begin = in->end = proxy->body_offset;
    }
    if (proxy->head_buffer != NULL) {
        return buffer_room(in) > 0 ? in : NULL;
    }
    size_t capacity = choose_capacity(proxy);
    bool has_room = in->capacity - proxy->body_offset >= BODY_ROOM_MIN;
    if (has_room && capacity <= in->capacity) {
        return in;
    }
    struct buffer *second = buffer_take(&proxy->exchange->service->buffers, capacity);
    if (second == NULL) {
        return buffer_room(in) > 0 ? in : NULL;
    }
    (void)buffer_append(second, buffer_content(in));
    proxy->head_buffer = in;
    proxy->response = second;
    proxy->body_offset = 0;
    return second;
}

/* Returns false when there is nothing to read now, or the attempt has ended. */
static bool read_more(struct proxy *proxy) {
    struct back *back = proxy->back;
    if ((back->handle.ready & LOOP_READ) == 0) {
        return false;
    }
    struct buffer *in = make_room(proxy);
    if (in == NULL) {
        proxy_log(proxy, TABLE_LOG_ALERT, "no memory for a response");
        proxy_break_attempt(proxy);
        return false;
    }
    size_t size = proxy->is_buffered ? proxy_pace(proxy, buffer_room(in)) : buffer_room(in);
    if (size == 0) {
        return false;
    }
    ssize_t got = back_read(back, in->bytes + in->end, size);
    if (got == SOCKET_AGAIN) {
        return false;
    }
    /* Without TLS's own end whoever is in between may have cut the body off; a tunnel's ends look
     * after that themselves. */
    bool is_whole = !back_is_truncated(back) || proxy->exchange->is_upgraded;
    if (got == SOCKET_END && proxy->head.framing == HTTP_BODY_UNTIL_CLOSE && is_whole) {
        proxy->pieces_are_last = true;
        return true;
    }
    if (got == SOCKET_END || got == SOCKET_FAILED) {
        end_prematurely(proxy, got);
        return false;
    }
    in->end += (size_t)got;
    proxy->rate_used += (uint64_t)got;
    proxy_current_attempt(proxy)->bytes_received += (uint64_t)got;
    return true;
}

/* While the rate does not allow reading, nobody waits for the backend. */
static void watch_read(struct proxy *proxy) {
    if (proxy->exchange->is_upgraded) {
        proxy_watch_tunnel(proxy);
        return;
    }
    if (proxy->pace.deadline != 0) {
        timer_stop(&proxy->back->timer);
        return;
    }
    timer_start(&loop_of(proxy)->timers, &proxy->back->timer,
                loop_of(proxy)->now + proxy->exchange->request.settings->proxy_read_timeout);
}

/* The front has not taken everything: now the client's time-out counts. The other direction of a
 * tunnel may go on. */
static void wait_for_client(struct proxy *proxy) {
    if (proxy->exchange->is_upgraded) {
        proxy_watch_tunnel(proxy);
    } else {
        timer_stop(&proxy->back->timer);
    }
}

/* All has been received, and passed on or put aside. A tunnel's other direction may still be open:
 * then the connection stays. */
static void finish(struct proxy *proxy) {
    if (proxy->exchange->is_upgraded && !proxy->exchange->body_complete) {
        watch_read(proxy);
        return;
    }
    proxy_finish_attempt(proxy);
    proxy->backlog.limits.piece = BUFFER_LARGE; /* proxy_busy_buffers_size is for until now */
    if (proxy->head_buffer != NULL) {
        buffer_give(&proxy->exchange->service->buffers, proxy->response);
        proxy->response = NULL;
    }
}

/* One round: decode, pass on, read. Returns whether another may follow at once. */
static bool relay_round(struct proxy *proxy) {
    if (!decode_more(proxy) || !pass_on(proxy)) {
        return false;
    }
    bool may_feed = has_backlog(proxy) && !proxy->is_front_full;
    if (proxy->back == NULL) {
        return may_feed;
    }
    if (proxy->piece_count > 0) {
        wait_for_client(proxy);
        return may_feed;
    }
    if (proxy->pieces_are_last) {
        finish(proxy);
        return may_feed;
    }
    if (proxy->response->begin < proxy->response->end) {
        return true; /* more chunks than fit into one offer */
    }
    if (read_more(proxy)) {
        return true;
    }
    if (proxy->back == NULL) {
        return false;
    }
    exchange_flush_body(proxy->exchange, !proxy->is_buffered);
    if (has_backlog(proxy) && !proxy->is_buffered) {
        wait_for_client(proxy);
    } else {
        watch_read(proxy);
    }
    return may_feed;
}

void proxy_relay(struct proxy *proxy) {
    bool has_nothing = proxy->back == NULL && !has_backlog(proxy);
    if (proxy->is_relaying || has_nothing || !proxy->has_head ||
        (proxy->exchange->is_upgraded && proxy->exchange->response.is_complete)) {
        return;
    }
    proxy->is_relaying = true;
    int rounds = 0;
    while (relay_round(proxy)) {
        if (rounds++ == READS_PER_TURN) {
            loop_defer_next(loop_of(proxy), &proxy->relay_on);
            break;
        }
    }
    proxy->is_relaying = false;
}

static void relay_on(struct loop_task *task) {
    proxy_relay(CONTAINER_OF(task, struct proxy, relay_on));
}

void proxy_start_relay(struct proxy *proxy) {
    proxy->remaining = proxy->head.content_length;
    proxy->must_flush = true;
    proxy->relay_on.run = relay_on;
    proxy_start_absorbing(proxy);
    proxy_start_pace(proxy);
    http_chunked_init(&proxy->chunked);
    proxy->chunked.gives_trailer = proxy->passes_trailers;
    if (proxy->head.framing == HTTP_BODY_LENGTH && proxy->remaining == 0) {
        proxy->pieces_are_last = true;
    }
    if (proxy->exchange->is_upgraded) {
        /* The end of the request's body was not that of the client's side. */
        proxy->stream_ended = proxy->body_sent = proxy->exchange->body_complete = false;
    }
    proxy_relay(proxy);
    if (proxy->exchange->is_upgraded && proxy->back != NULL) {
        exchange_want_body(proxy->exchange);
    }
}
