/* A client's connection as every protocol's front has it: the descriptor, what protects it, where
 * it came from, its place in the service's list. A front embeds it by value as its first member, so
 * that an idle connection is one small allocation. What is spoken over it is the front's business.
 *
 * Reading and writing return what socket_read and socket_write would, and keep handle.ready true,
 * whether TLS is in between or not. */
#ifndef HTTP_CONNECTION_H
#define HTTP_CONNECTION_H

#include "http/internal.h"
#include "net/tls_stream.h"

#define HTTP_NOT_IDLE UINT64_MAX

/* What the service asks of a connection, whatever it speaks; one constant per kind of front. */
struct http_protocol {
    /* No further request: closes now if it is idle, else after what is under way. */
    void (*drain)(struct http_connection *connection);
    /* Since when nobody would miss it if its place were needed, in loop time, or HTTP_NOT_IDLE. */
    uint64_t (*idle_since)(const struct http_connection *connection);
    /* Closes now; the front is freed at the end of the turn. */
    void (*close)(struct http_connection *connection);
    /* Closes and frees now. */
    void (*destroy)(struct http_connection *connection);
};

struct http_connection {
    struct loop_handle handle;
    struct tls_stream *tls;         /* owned; NULL: plain */
    struct proxy_header *announced; /* owned; who the client is, by a proxy's words; NULL: none */
    const struct http_protocol *protocol;
    struct http_connection *next; /* of the service's list */
    struct http_connection **link;
    struct http_service *service;
    struct http_listener *listener; /* held */
    uint64_t number;                /* $connection */
    uint64_t opened;                /* loop time */
    uint32_t requests;              /* begun so far */
    bool must_reset;                /* its end must not look like a regular one */
    bool is_delayed;                /* small packets are, see http_connection_use_delay */
    bool has_exact_local;           /* else `local` is the listener's address */
    union socket_address remote;
    union socket_address local;
};

/* What accepting yields. The descriptor passes to who takes the connection. */
struct http_accepted {
    struct http_service *service;
    struct http_listener *listener;
    int fd;
    bool has_exact_local;
    union socket_address remote;
    union socket_address local;
};

/* Registers the descriptor with the loop and enters the list. `connection` is zeroed but for
 * handle.on_ready and protocol. False without memory; the descriptor is then the caller's. */
__attribute__((warn_unused_result)) bool http_connection_open(struct http_connection *connection,
                                                              const struct http_accepted *accepted);

/* `to`, zeroed but for handle.on_ready and protocol, takes over everything from `from`: descriptor,
 * TLS stream, place in the list, what the loop knows. Nothing is lost that has not been reported
 * yet; what is in handle.ready is not reported again. The memory of `from` must stay until the turn
 * is over. */
void http_connection_move(struct http_connection *to, struct http_connection *from);

/* Leaves the loop and closes the descriptor; with TLS after its goodbye. */
void http_connection_close(struct http_connection *connection);

/* After it was closed: leaves the list, and lets go of everything but its own memory. */
void http_connection_release(struct http_connection *connection);

/* The end of what is written; reading goes on. */
void http_connection_end(struct http_connection *connection);

/* The same when what is read will only be dropped. By TLS the connection ends for TCP as well, as
 * in nginx: there are clients that wait for that. */
void http_connection_end_for_good(struct http_connection *connection);

/* What tcp_nodelay says of small packets. Sockets begin without delay, see net/listening.c. */
void http_connection_set_delay(struct http_connection *connection, bool is_delayed);

static inline void http_connection_use_delay(struct http_connection *connection,
                                             const struct table_settings *settings) {
    if (connection->is_delayed != (settings->tcp_nodelay == 0)) {
        http_connection_set_delay(connection, settings->tcp_nodelay == 0);
    }
}

/* Makes the close to come one that no client can take for the regular end of a response. */
void http_connection_reset(struct http_connection *connection);

/* What events of the handle mean for who reads and writes. */
static inline uint32_t http_connection_translate(struct http_connection *connection,
                                                 uint32_t events) {
    return connection->tls != NULL ? tls_stream_translate(connection->tls, events) : events;
}

static inline ssize_t http_connection_read(struct http_connection *connection, char *bytes,
                                           size_t size) {
    return connection->tls != NULL ? tls_stream_read(connection->tls, bytes, size)
                                   : socket_read(&connection->handle, bytes, size);
}

static inline ssize_t http_connection_write(struct http_connection *connection,
                                            const struct iovec *parts, int count) {
    return connection->tls != NULL ? tls_stream_write(connection->tls, parts, count)
                                   : socket_write(&connection->handle, parts, count);
}

/* Whether bytes that were taken are still on their way to the kernel: closing would lose them. The
 * loop reports when the connection can be written again. */
static inline bool http_connection_has_unsent(const struct http_connection *connection) {
    return connection->tls != NULL && tls_stream_has_unsent(connection->tls);
}

/* The endpoint that was connected to, in the generation that its requests begin on. */
const struct table_endpoint *http_connection_endpoint(struct http_connection *connection);

/* The settings that hold before a request has named its server. */
const struct table_settings *http_connection_settings(struct http_connection *connection);

/* The same for settings of whole connections. */
const struct table_server_settings *
http_connection_own_settings(struct http_connection *connection);

/* The server of that name, as clients give it in their handshakes, or the default one. Anything but
 * a name is none. */
const struct table_server *http_connection_find_server(struct http_connection *connection,
                                                       struct slice name);

/* Whose settings hold for the TLS of such a client: a server without a certificate of its own is
 * served with the default server's, as in nginx. */
const struct table_server *http_connection_find_tls_server(struct http_connection *connection,
                                                           struct slice name);

/* nginx's own status for heads beyond their limits: for error_page alone, clients get 400. */
enum { HTTP_HEADER_TOO_LARGE = 494 };

/* The most that the request line or a field may take, in bytes: each is in one buffer in nginx
 * (large_client_header_buffers). */
uint64_t http_line_limit(const struct table_settings *settings);

/* The most that a whole head may take: the usual buffer and all large ones. */
uint64_t http_head_limit(const struct table_settings *settings);

/* A line that is about the connection rather than one of its requests, with the addresses of client
 * and listener. */
__attribute__((format(printf, 3, 4))) void http_connection_log(struct http_connection *connection,
                                                               enum table_log_level level,
                                                               const char *format, ...);

/* Tells an exchange of this connection where it comes from. */
void http_connection_describe(struct http_connection *connection, struct exchange *exchange);

/* lingering_time, of which whole seconds count, as in nginx, and lingering_timeout. */
struct http_lingering {
    uint64_t time;
    uint64_t timeout;
};
struct http_lingering http_lingering_of(const struct table_settings *settings);

/* Where reset_timedout_connection is in effect: the close to come is a reset. */
void exchange_reset_timed_out(const struct exchange *exchange, struct http_connection *connection);

/* --- all connections of a service --- */

/* Closes those that have been idle for longest: one in eight, 32 at the most, at least one. Returns
 * how many there were. */
uint32_t http_connections_reuse(struct http_service *service);

/* `listener`: only its own, or NULL for all. */
void http_connections_drain(struct http_service *service, const struct http_listener *listener);
/* After a reload: those where certificates of clients would be judged otherwise now. */
void http_connections_drain_misjudged(struct http_service *service);
void http_connections_close(struct http_service *service);
void http_connections_destroy(struct http_service *service);

#endif
