/* HTTP/2 to backends: what its files share. nghttp2 knows frames, streams, their windows and header
 * compression (RFC 9113, RFC 7541); here is what the one exchange at a time that a connection
 * serves makes of them.
 *
 * nghttp2 calls back from within a call, and must not be called by another from there. So what it
 * tells is only noted (http2_events.c), and acted upon when the call is over. */
#ifndef PROXY_HTTP2_H
#define PROXY_HTTP2_H

#include "proxy/internal.h"

#include <nghttp2/nghttp2.h>

enum {
    /* How much of a body the backend may send before any of it was passed on; and the same for all
     * of the connection's streams. */
    PROXY_HTTP2_WINDOW = 262144,
    PROXY_HTTP2_TRAILER_LIMIT = 8192,
    PROXY_HTTP2_PROBLEM_SIZE = 160,
};

/* An interim response that was noted. In the exchange's arena. */
struct proxy_http2_interim {
    struct proxy_http2_interim *next;
    uint32_t status;
    struct http_fields fields;
};

/* What nghttp2 is given of a request. In the exchange's arena, as proxy->protocol_data. */
struct proxy_http2_request {
    nghttp2_nv *fields;
    size_t count;
    struct slice body; /* of the configuration's; then nothing of the client's is sent */
    bool has_body;
};

/* Of a connection, as back->protocol_data. */
struct proxy_http2 {
    nghttp2_session *session;
    struct back *back;

    /* Frames on their way out: those in `out`, then `pending`, which is memory of nghttp2's. */
    struct buffer *out;
    struct slice pending;

    bool is_paused;     /* with a part of a body, behind which its frame may end */
    bool is_broken;     /* nghttp2 cannot go on */
    bool is_going_away; /* GOAWAY came: no more requests */
    char problem[PROXY_HTTP2_PROBLEM_SIZE]; /* what nghttp2 did not like first; empty: nothing */

    /* --- of the current exchange --- */
    int32_t stream;       /* 0: none was opened */
    bool is_ended;        /* the backend has said everything */
    bool is_closed;       /* by both sides, or reset */
    uint32_t error;       /* with which it was closed */
    struct slice offered; /* of the request's body, while it is being written */
    bool offered_is_last;
    bool has_given_end; /* nghttp2 has the end of the request's body */
    bool is_deferred;   /* nghttp2 waits for more of it */
    bool is_starved;    /* the backend's window stops it */
    size_t own_written; /* of a body of the configuration's */

    bool has_head; /* a final one */
    bool is_head_too_big;
    bool lacks_memory;
    size_t head_size;                     /* so far; or of the trailers */
    struct proxy_http2_interim *interims; /* noted, in order */
    struct proxy_http2_interim **interims_end;
    struct http_fields trailers;
    struct slice early; /* of the body: what came before the head was used */
    size_t held;        /* bytes of the body that the window was not opened for again */
};

static inline struct proxy_http2 *proxy_http2_of(const struct proxy *proxy) {
    return proxy->back == NULL ? NULL : proxy->back->protocol_data;
}

/* --- http2_events.c --- */

/* A session that notes what happens in `http2`. NULL without memory. */
nghttp2_session *proxy_http2_session(struct proxy_http2 *http2);

/* --- http2_write.c --- */

bool proxy_http2_prepare(struct proxy *proxy);
bool proxy_http2_can_write(const struct proxy *proxy);
bool proxy_http2_has_unsent(const struct proxy *proxy);
bool proxy_http2_owes_end(const struct proxy *proxy);
ssize_t proxy_http2_write(struct proxy *proxy, struct slice body, bool last);

/* Whether frames are on their way out. */
bool proxy_http2_is_unsent(const struct proxy_http2 *http2);

/* Writes the frames that nghttp2 has, as far as the socket takes them. False when the connection
 * has failed, with errno set. */
bool proxy_http2_flush(struct proxy_http2 *http2);

#endif
