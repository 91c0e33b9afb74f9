/* HTTP/2 to backends: what arrives, and when a connection serves another exchange. The next stream
 * may begin as soon as nobody needs the last one any more, even if the backend still sends for it.
 */
#include "proxy/http2.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* --- what arrives --- */

/* Lets nghttp2 have what was read, up to where it pauses. What it answers at once is sent; where
 * that fails, reading will tell. */
static void feed(struct proxy_http2 *http2, struct buffer *in) {
    if (in->begin == in->end && !http2->is_paused) {
        return;
    }
    while (in->begin < in->end || http2->is_paused) {
        struct slice content = buffer_content(in);
        http2->is_paused = false;
        ssize_t used =
            nghttp2_session_mem_recv(http2->session, (const uint8_t *)content.data, content.size);
        if (used < 0) {
            snprintf(http2->problem, sizeof http2->problem, "%s", nghttp2_strerror((int)used));
            http2->is_broken = true;
        }
        in->begin += used < 0 ? content.size : (size_t)used;
        if (http2->is_paused && in->begin < in->end) {
            break; /* else the frame may be over, which takes no more bytes */
        }
    }
    (void)proxy_http2_flush(http2);
}

/* nghttp2 has given the connection up; or both sides have, and nothing is open. */
static bool is_over(const struct proxy_http2 *http2) {
    return http2->is_broken || nghttp2_session_want_read(http2->session) == 0;
}

/* The backend has opened its window, for which the request's body waits. */
static void wake_sender(struct proxy *proxy, struct proxy_http2 *http2) {
    if (http2->is_starved && proxy_http2_can_write(proxy)) {
        loop_defer(proxy->exchange->service->loop, &proxy->send_on);
    }
}

/* RFC 9113 8.7: it has not been looked at. Anybody may be asked, the same backend, too. */
static bool was_refused(const struct proxy_http2 *http2) {
    return http2->is_closed && http2->error == NGHTTP2_REFUSED_STREAM;
}

/* Why there will be no more of the response. */
static const char *explain(struct proxy_http2 *http2) {
    if (http2->problem[0] == '\0') {
        snprintf(http2->problem, sizeof http2->problem, "stream closed: %s",
                 nghttp2_http2_strerror(http2->error));
    }
    return http2->problem;
}

/* --- heads --- */

/* False when the attempt has ended. */
static bool take_interims(struct proxy *proxy, struct proxy_http2 *http2) {
    const struct back *back = proxy->back;
    struct http_response_head final = proxy->head;
    const char *problem = NULL;
    while (http2->interims != NULL && problem == NULL && proxy->back == back) {
        const struct proxy_http2_interim *interim = http2->interims;
        http2->interims = interim->next;
        proxy->head.status = interim->status;
        proxy->head.fields = interim->fields;
        problem = proxy_take_interim(proxy);
    }
    http2->interims_end = &http2->interims;
    proxy->head = final;
    if (problem != NULL) {
        proxy_fail_bad(proxy, problem);
    }
    return problem == NULL && proxy->back == back;
}

static void use_head(struct proxy *proxy, const struct proxy_http2 *http2) {
    struct http_response_head *head = &proxy->head;
    bool is_over = http2->is_ended && http2->early.size == 0 && http2->trailers.count == 0;
    bool may_have_body = !proxy->asks_head && head->status != 204 && head->status != 304;
    head->framing = may_have_body && !is_over ? HTTP_BODY_CHUNKED : HTTP_BODY_NONE;
    proxy->body_offset = 0;
    proxy_use_head(proxy);
}

static void fail_refused(struct proxy *proxy) {
    proxy_log(proxy, TABLE_LOG_ERROR,
              "upstream refused the request while reading response header from upstream");
    proxy->is_unseen = true;
    proxy_fail_attempt(proxy, PROXY_FAILED);
}

static bool take_head(struct proxy *proxy) {
    struct proxy_http2 *http2 = proxy_http2_of(proxy);
    if (http2 == NULL) { /* it speaks before it is spoken to */
        proxy_fail_bad(proxy, "bytes before a request");
        return false;
    }
    feed(http2, proxy->response);
    if (!take_interims(proxy, http2)) {
        return false;
    }
    if (http2->has_head) {
        use_head(proxy, http2);
    } else if (http2->is_head_too_big) {
        proxy_fail_too_big(proxy);
    } else if (http2->lacks_memory) {
        proxy_fail_bad(proxy, "no memory for its fields");
    } else if (was_refused(http2)) {
        fail_refused(proxy);
    } else if (http2->is_closed || is_over(http2)) {
        proxy_fail_bad(proxy, explain(http2));
    } else {
        wake_sender(proxy, http2);
        return true;
    }
    return false;
}

/* --- bodies --- */

static const char *end_body(struct proxy *proxy, const struct proxy_http2 *http2) {
    proxy->pieces_are_last = true;
    if (proxy->passes_trailers && http2->trailers.count > 0) {
        proxy_pass_trailers(proxy, &http2->trailers);
    }
    return NULL;
}

static const char *decode(struct proxy *proxy) {
    struct proxy_http2 *http2 = proxy_http2_of(proxy);
    struct buffer *in = proxy->response;
    if (proxy->head.framing == HTTP_BODY_NONE) {
        return end_body(proxy, http2);
    }
    if (http2->early.size > 0) {
        proxy_add_piece(proxy, http2->early);
        http2->early.size = 0;
    }
    feed(http2, in);
    if (http2->is_ended && in->begin == in->end) {
        return end_body(proxy, http2);
    }
    if ((http2->is_closed && !http2->is_ended) || is_over(http2)) {
        return "sent an invalid response";
    }
    wake_sender(proxy, http2);
    return NULL;
}

/* Opens the window for as much as has been passed on. What had to be put aside because the client
 * is slow counts as passed on where proxy_buffering promises to take it. */
static void passed(struct proxy *proxy) {
    struct proxy_http2 *http2 = proxy_http2_of(proxy);
    size_t kept = proxy_kept_size(proxy);
    if (http2 == NULL || http2->held <= kept) {
        return;
    }
    size_t size = http2->held - kept;
    http2->held = kept;
    (void)nghttp2_session_consume(http2->session, http2->stream, size);
    (void)proxy_http2_flush(http2);
}

/* --- the connection --- */

/* Forgets the stream; what still comes for it is nobody's. */
static void leave_stream(struct proxy *proxy, struct proxy_http2 *http2) {
    bool is_left =
        http2->is_closed || nghttp2_submit_rst_stream(http2->session, NGHTTP2_FLAG_NONE,
                                                      http2->stream, NGHTTP2_CANCEL) == 0;
    is_left = nghttp2_session_consume_connection(http2->session, http2->held) == 0 && is_left;
    const struct proxy_http2 kept = *http2;
    *http2 = (struct proxy_http2){
        .session = kept.session,
        .back = kept.back,
        .out = kept.out,
        .pending = kept.pending,
        .is_going_away = kept.is_going_away,
        .is_broken = kept.is_broken || !is_left,
    };
    if (proxy->response != NULL) {
        feed(http2, proxy->response);
    }
    (void)proxy_http2_flush(http2);
}

static bool is_usable(const struct proxy_http2 *http2) {
    return !http2->is_going_away && !is_over(http2) && !proxy_http2_is_unsent(http2) &&
           nghttp2_session_check_request_allowed(http2->session) != 0;
}

static bool let_go(struct proxy *proxy) {
    struct proxy_http2 *http2 = proxy_http2_of(proxy);
    if (http2 == NULL || http2->stream == 0) {
        return false;
    }
    leave_stream(proxy, http2);
    return is_usable(http2);
}

/* Pings and settings are answered; what else comes is of no interest, but for the end. Who has that
 * much to say is not worth keeping. */
static bool idle(struct back *back) {
    enum { READS = 64 };
    struct proxy_http2 *http2 = back->protocol_data;
    struct buffer_pool *pool = &back->service->buffers;
    for (int reads = 0; (back->handle.ready & LOOP_READ) != 0; reads++) {
        struct buffer *in = buffer_take(pool, BUFFER_STANDARD);
        ssize_t got = in == NULL ? SOCKET_FAILED : back_read(back, in->bytes, in->capacity);
        if (got > 0) {
            in->begin = 0;
            in->end = (size_t)got;
            feed(http2, in);
        }
        buffer_give(pool, in);
        if (got == SOCKET_AGAIN) {
            break;
        }
        if (got <= 0 || reads == READS) {
            return false;
        }
    }
    return is_usable(http2);
}

static void release(struct back *back) {
    struct proxy_http2 *http2 = back->protocol_data;
    if (http2 != NULL) {
        nghttp2_session_del(http2->session);
        buffer_give(&back->service->buffers, http2->out);
        free(http2);
    }
}

const struct proxy_protocol proxy_http2 = {
    .prepare = proxy_http2_prepare,
    .can_write = proxy_http2_can_write,
    .has_unsent = proxy_http2_has_unsent,
    .owes_end = proxy_http2_owes_end,
    .write = proxy_http2_write,
    .take_head = take_head,
    .decode = decode,
    .window = PROXY_HTTP2_WINDOW,
    .passed = passed,
    .let_go = let_go,
    .idle = idle,
    .release = release,
};
