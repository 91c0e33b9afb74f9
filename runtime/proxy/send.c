/* Sending a request: the head, then the body from the spool or, as it arrives, from the client;
 * head and the first body bytes leave in one write. */
#include "proxy/internal.h"

#include <errno.h>
#include <string.h>

static void watch_send(struct proxy *proxy, bool is_blocked) {
    struct loop *loop = proxy->exchange->service->loop;
    const struct table_settings *settings = proxy->exchange->request.settings;
    /* Traffic in either direction keeps a tunnel alive for proxy_read_timeout. */
    bool is_sending = is_blocked && !proxy->exchange->is_upgraded;
    timer_start(&loop->timers, &proxy->back->timer,
                loop->now +
                    (is_sending ? settings->proxy_send_timeout : settings->proxy_read_timeout));
}

/* The request's head is given back as soon as it is out; another attempt builds it anew. */
static struct slice head_left(const struct proxy *proxy) {
    return proxy->request == NULL
               ? (struct slice){"", 0}
               : slice_skip(buffer_content(proxy->request), proxy->request_written);
}

static bool is_head_sent(const struct proxy *proxy) {
    return head_left(proxy).size == 0;
}

static void count_head(struct proxy *proxy, size_t written) {
    proxy->request_written += written;
    if (is_head_sent(proxy)) {
        buffer_give(&proxy->exchange->service->buffers, proxy->request);
        proxy->request = NULL;
    }
}

/* Writes what is left of the head, and `body`. Returns how many bytes of the body were written, or
 * -1 when the connection has failed. */
static ssize_t write_parts(struct proxy *proxy, struct slice body) {
    struct slice head = head_left(proxy);
    struct iovec parts[2];
    int count = 0;
    if (head.size > 0) {
        parts[count++] =
            (struct iovec){.iov_base = (void *)(uintptr_t)head.data, .iov_len = head.size};
    }
    if (body.size > 0) {
        parts[count++] =
            (struct iovec){.iov_base = (void *)(uintptr_t)body.data, .iov_len = body.size};
    }
    if (count == 0 || (proxy->back->handle.ready & LOOP_WRITE) == 0) {
        return 0;
    }
    ssize_t written = socket_write(&proxy->back->handle, parts, count);
    if (written == SOCKET_AGAIN) {
        return 0;
    }
    if (written == SOCKET_FAILED) {
        return -1;
    }
    proxy_current_attempt(proxy)->bytes_sent += (uint64_t)written;
    size_t of_head = (size_t)written < head.size ? (size_t)written : head.size;
    count_head(proxy, of_head);
    return written - (ssize_t)of_head;
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
        proxy_read_head(proxy);
    }
}

static void send_spool(struct proxy *proxy) {
    char bytes[16384];
    while (proxy->spool_written < spool_size(&proxy->spool) || !is_head_sent(proxy)) {
        struct slice part;
        int error = spool_read(&proxy->spool, proxy->spool_written, bytes, sizeof bytes, &part);
        if (error != 0) {
            proxy_log(proxy, TABLE_LOG_CRIT, "reading back a request body failed (%d: %s)", error,
                      strerror(error));
            proxy_drop_back(proxy);
            exchange_fail(proxy->exchange, 500);
            return;
        }
        ssize_t written = write_parts(proxy, part);
        if (written < 0) {
            write_failed(proxy);
            return;
        }
        proxy->spool_written += (uint64_t)written;
        if ((proxy->back->handle.ready & LOOP_WRITE) == 0) {
            break;
        }
    }
    proxy->body_sent = is_head_sent(proxy) && proxy->spool_written == spool_size(&proxy->spool);
    watch_send(proxy, !proxy->body_sent);
}

static void send_head(struct proxy *proxy) {
    if (is_head_sent(proxy)) {
        return;
    }
    if (write_parts(proxy, (struct slice){"", 0}) < 0) {
        write_failed(proxy);
    } else {
        watch_send(proxy, !is_head_sent(proxy));
    }
}

void proxy_send_request(struct proxy *proxy) {
    struct back *back = proxy->back;
    if (proxy->exchange->is_upgraded) {
        exchange_want_body(proxy->exchange);
        return;
    }
    if (proxy->body_sent && is_head_sent(proxy)) {
        return;
    }
    switch (proxy->keeps_body ? PROXY_BODY_NONE : proxy->body) {
    case PROXY_BODY_NONE:
        send_head(proxy);
        return;
    case PROXY_BODY_COLLECT:
        send_spool(proxy);
        return;
    case PROXY_BODY_STREAM:
        /* Bytes that are there already go out together with the head. */
        exchange_want_body(proxy->exchange);
        if (proxy->back == back) {
            send_head(proxy);
        }
        return;
    }
}

static size_t collect(struct proxy *proxy, struct slice piece, bool last) {
    int error = spool_append(&proxy->spool, piece);
    if (error != 0) {
        exchange_log(proxy->exchange, TABLE_LOG_CRIT, (struct slice){0},
                     "a request body could not be put aside (%d: %s)", error, strerror(error));
        exchange_fail(proxy->exchange, error == ENOSPC || error == EDQUOT ? 507 : 500);
        return piece.size;
    }
    if (last) {
        proxy->is_collected = true;
        proxy_start_attempt(proxy);
    }
    return piece.size;
}

size_t proxy_take_body(struct exchange *exchange, struct slice piece, bool last) {
    struct proxy *proxy = exchange->proxy_data;
    if (proxy->step == PROXY_COLLECTING) {
        return collect(proxy, piece, last);
    }
    if (proxy->step == PROXY_DONE || (proxy->body_refused && !exchange->is_upgraded)) {
        return piece.size; /* the backend has answered without waiting for the rest */
    }
    if (proxy->back == NULL || proxy->back->is_connecting ||
        (proxy->back->handle.ready & LOOP_WRITE) == 0) {
        return 0;
    }
    ssize_t written = write_parts(proxy, piece);
    if (written < 0) {
        proxy->body_refused = true;
        write_failed(proxy);
        return exchange->is_upgraded ? 0 : piece.size;
    }
    proxy->stream_taken += (uint64_t)written;
    if ((size_t)written == piece.size && last) {
        proxy->body_sent = true;
        if (exchange->is_upgraded) {
            shutdown(proxy->back->handle.fd, SHUT_WR);
        }
    }
    watch_send(proxy, (size_t)written < piece.size);
    return (size_t)written;
}
