/* The request's body before a backend is asked: read whole into memory and then a temporary file
 * (proxy_request_buffering on), or as much of it as is there and fits into memory. */
#include "proxy/internal.h"

#include "engine/upstream.h"

#include <errno.h>
#include <string.h>

/* Chunks can only be passed on to a backend that understands them. One that is not for the backend
 * is read all the same: its size counts, and an error page may want it. */
static enum proxy_body choose_body(const struct proxy *proxy) {
    const struct exchange *exchange = proxy->exchange;
    const struct table_settings *settings = exchange->request.settings;
    bool is_chunked = exchange->head.framing == HTTP_BODY_CHUNKED;
    bool has_length =
        exchange->head.framing == HTTP_BODY_LENGTH && exchange->head.content_length > 0;
    if (!is_chunked && !has_length) {
        return PROXY_BODY_NONE;
    }
    bool may_stream = settings->proxy_request_buffering == 0 && !proxy->keeps_body &&
                      !(is_chunked && settings->proxy_http_version == TABLE_HTTP_1_0);
    return may_stream ? PROXY_BODY_STREAM : PROXY_BODY_COLLECT;
}

static void start(struct proxy *proxy) {
    proxy->step = PROXY_CONNECTING;
    proxy_start_attempt(proxy);
}

void proxy_start_collecting(struct proxy *proxy) {
    proxy->body = choose_body(proxy);
    if (proxy->body == PROXY_BODY_NONE) {
        start(proxy);
        return;
    }
    proxy->step = PROXY_COLLECTING;
    exchange_want_body(proxy->exchange);
    /* What is there was taken. It may have been all, and then the first attempt has started. */
    if (proxy->step == PROXY_COLLECTING && proxy->body == PROXY_BODY_STREAM) {
        start(proxy);
    }
}

static size_t memory_left(const struct proxy *proxy) {
    uint64_t used = spool_size(&proxy->spool);
    return proxy->spool.memory_limit > used ? proxy->spool.memory_limit - (size_t)used : 0;
}

size_t proxy_collect(struct proxy *proxy, struct slice piece, bool last) {
    if (proxy->body == PROXY_BODY_STREAM && piece.size > memory_left(proxy)) {
        piece = slice_take(piece, memory_left(proxy));
        last = false;
    }
    int error = spool_append(&proxy->spool, piece);
    if (error != 0) {
        exchange_log(proxy->exchange, TABLE_LOG_CRIT, (struct slice){0},
                     "a request body could not be put aside (%d: %s)", error, strerror(error));
        exchange_fail(proxy->exchange, 500);
        return piece.size;
    }
    if (last) {
        /* One that was there in whole is nothing to wait for. */
        proxy->body = PROXY_BODY_COLLECT;
        proxy->is_collected = true;
        start(proxy);
    }
    return piece.size;
}

/* One that was not read to its end when the error came is dropped. */
void proxy_take_over_body(struct proxy *proxy) {
    struct proxy *previous = proxy->previous;
    if (!previous->is_collected) {
        proxy->body = PROXY_BODY_NONE;
        proxy->exchange->is_body_dropped = !proxy->exchange->body_complete;
        return;
    }
    proxy->body = PROXY_BODY_COLLECT;
    proxy->is_collected = true;
    proxy->spool = previous->spool;
    spool_init(&previous->spool, previous->spool.pool, previous->spool.memory_limit,
               previous->spool.place);
}
