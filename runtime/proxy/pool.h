/* Connections to backends, and the pools that keep idle ones. */
#ifndef PROXY_POOL_H
#define PROXY_POOL_H

#include "balance/peer.h"
#include "http/internal.h"
#include "log/failure.h"
#include "net/tls_stream.h"
#include "proxy/protocol.h"

struct back_pool;

/* How a connection is protected: by TLS with that context, to a backend of that name; not at all
 * without a context. */
struct back_security {
    struct tls_context *context;
    struct tls_sessions *sessions;
    struct slice name;
};

/* How a connection is made, besides where to. */
struct back_way {
    struct socket_origin origin;
    struct slice greeting; /* of the PROXY protocol; not empty: the connection is for one request */
    struct back_security security;
    const struct proxy_protocol *protocol;
};

/* A connection to a peer. In use it belongs to one attempt of one exchange, `user`; idle it lies in
 * a pool and holds no buffer. */
struct back {
    struct loop_handle handle;
    struct loop_task freeing;
    struct timer timer;
    struct http_service *service;
    struct balance_peer *peer;
    const struct proxy_protocol *protocol;
    void *protocol_data;    /* the protocol's own; NULL at first */
    struct tls_stream *tls; /* NULL: nothing protects it */
    struct back_pool *pool; /* while idle */
    struct back *newer;     /* in the pool */
    struct back *older;
    void *user;
    void (*on_ready)(struct back *back, uint32_t events); /* while in use */
    void (*on_timeout)(struct back *back);
    struct socket_origin origin;
    struct slice greeting; /* to be sent before anything else; of the exchange's arena */
    bool is_private;       /* had a greeting: it is no other client's */
    uint64_t tag;          /* of the location, for pools that do not share between locations */
    uint64_t started;      /* loop time */
    uint32_t requests;
    bool is_connecting; /* the handshake of TLS is part of it */
    bool is_shaking_hands;
    bool is_reused;
    bool is_closed;
};

/* Idle connections of one upstream group, most recently used first. */
struct back_pool {
    uint32_t references;
    uint32_t count;
    uint32_t limit;
    bool is_local; /* a connection serves only the location that opened it */
    uint64_t timeout;
    uint64_t age_limit; /* milliseconds */
    uint32_t request_limit;
    struct back *newest;
    struct back *oldest;
};

struct back_pool *back_pool_create(void);
struct back_pool *back_pool_hold(struct back_pool *pool);
void back_pool_release(struct back_pool *pool);
/* Closes what is idle. */
void back_pool_empty(struct back_pool *pool);

/* An idle connection to the peer's address that was made in this way, taken out of the pool, or
 * NULL.
 */
struct back *back_pool_take(struct back_pool *pool, const struct balance_peer *peer, uint64_t tag,
                            const struct back_way *way);

/* Begins a connection to the peer. NULL with the reason, error EUSERS: worker_connections are used
 * up.
 */
struct back *back_connect(struct http_service *service, struct balance_peer *peer, uint64_t tag,
                          const struct back_way *way, struct socket_failure *failure);

/* Goes on connecting as far as `events` allow; is_connecting says whether that is all. False, with
 * the reason for the log, when it has failed. */
__attribute__((warn_unused_result)) bool back_proceed(struct back *back, uint32_t events,
                                                      struct failure *reason);

/* What it is doing while it is connecting, for the log: "connecting to upstream". */
const char *back_connecting_to(const struct back *back);

/* As socket_read and socket_write, which nobody else calls for a back. */
ssize_t back_read(struct back *back, char *bytes, size_t size);
ssize_t back_write(struct back *back, const struct iovec *parts, int count);

/* After SOCKET_END: the bytes may have been cut off, as TLS's own end is missing. */
bool back_is_truncated(const struct back *back);

/* Says that nothing more will be written; the peer may go on. */
void back_end(struct back *back);

/* For the pool: what events mean for who reads and writes; whether there is nothing to read and
 * nothing left to write, as it should be with an idle connection. */
uint32_t back_translate(struct back *back, uint32_t events);
bool back_is_quiet(struct back *back);

enum { BACK_REASON_SIZE = 512 };

/* Why a read or write returned SOCKET_FAILED, for the log: "recv() failed (104: Connection reset by
 * peer)". `error` is the errno it left. Returns `text`. */
const char *back_explain(const struct back *back, const char *call, int error,
                         char text[BACK_REASON_SIZE]);

/* A connection whose response was read whole: kept in the pool if it may be, else closed. */
void back_keep(struct back *back, struct back_pool *pool);

/* Closes the connection; it is freed at the end of the turn. */
void back_close(struct back *back);

#endif
