/* A connection by TLS, to a backend or of a client, over a handle of the loop. Reading and writing
 * return what socket_read and socket_write would, and keep handle->ready true for what is inside:
 * LOOP_READ while decrypted bytes may be there, no LOOP_WRITE while encrypted ones wait to leave.
 *
 * One read of the socket may bring several records, and what is written leaves at once: a short
 * request and its response cost one system call each. */
#ifndef NET_TLS_STREAM_H
#define NET_TLS_STREAM_H

#include "net/buffer.h"
#include "net/socket.h"
#include "net/tls_context.h"
#include "net/tls_server_context.h"
#include "net/tls_sessions.h"

struct tls_stream;

/* --- to backends --- */

/* What a stream is to be. */
struct tls_stream_options {
    struct tls_context *context;
    struct tls_sessions *sessions; /* where sessions are kept; must outlive the stream */
    const struct sockaddr *address;
    socklen_t address_size;
    struct slice name; /* proxy_ssl_name: who the backend should be, without a port; may be empty */
};

/* The stream borrows handle and buffers. NULL with errno set. */
struct tls_stream *tls_stream_create(const struct tls_stream_options *options,
                                     struct loop_handle *handle, struct buffer_pool *buffers);

/* The context and the name are those. */
bool tls_stream_is_for(const struct tls_stream *stream, const struct tls_context *context,
                       struct slice name);

/* --- of clients --- */

/* What a virtual server wants of the connection. */
struct tls_server_choice {
    struct tls_server_context
        *context;          /* borrowed; NULL: there is none, which ends the handshake */
    bool rejects;          /* ssl_reject_handshake */
    bool http2;            /* it speaks HTTP/2 */
    uint32_t protocols;    /* ssl_alpn: a bit for each of its words; 0: all */
    uint64_t record_limit; /* ssl_buffer_size */
};

/* Asked within the handshake, for the server of that name; empty: the client names none. The owner
 * must outlive the handshake. */
struct tls_server_chooser {
    void (*choose)(void *owner, struct slice name, struct tls_server_choice *choice);
    void *owner;
};

/* A stream of a client that has connected, to begin with the context of the server that is there
 * without a name. It borrows handle and buffers. NULL with errno set. */
struct tls_stream *tls_server_create(struct tls_server_context *context,
                                     const struct tls_server_chooser *chooser,
                                     struct loop_handle *handle, struct buffer_pool *buffers);

/* What was agreed on by ALPN, once the handshake is over. */
bool tls_server_speaks_http2(const struct tls_stream *stream);

/* The name that the client asked for, as received; empty when it named none. */
struct slice tls_server_name(const struct tls_stream *stream);

/* Whether these settings would have had the client's certificate judged as it was. */
bool tls_server_was_judged_by(const struct tls_stream *stream, const struct table *table,
                              const struct table_server_settings *settings,
                              const struct secrets *secrets);

/* The handshake is not over: what was read so far may have been sent before, by whoever recorded
 * it.
 */
bool tls_server_is_early(const struct tls_stream *stream);

/* For those who want to know what was agreed on; it stays the stream's. */
SSL *tls_server_ssl(const struct tls_stream *stream);

/* --- both --- */

/* The stream goes on over another handle for the same descriptor, see loop_replace. */
void tls_stream_attach(struct tls_stream *stream, struct loop_handle *handle);

/* Tells the peer that it is the end, where that makes sense; before the descriptor is closed. */
void tls_stream_close(struct tls_stream *stream);
void tls_stream_destroy(struct tls_stream *stream);

enum tls_progress { TLS_DONE, TLS_GOES_ON, TLS_FAILED };

/* Begins the handshake, or goes on with it. TLS_FAILED: with the reason, as nginx words it, in
 * `failure`. */
enum tls_progress tls_stream_handshake(struct tls_stream *stream, struct failure *failure);

/* A handshake failed for want of memory or by a fault of this program or of OpenSSL. */
bool tls_stream_is_at_fault(const struct tls_stream *stream);

/* What events of the handle mean for who reads and writes: sends what waits to leave first. */
uint32_t tls_stream_translate(struct tls_stream *stream, uint32_t events);

ssize_t tls_stream_read(struct tls_stream *stream, char *bytes, size_t size);
ssize_t tls_stream_write(struct tls_stream *stream, const struct iovec *parts, int count);

/* Whether bytes that tls_stream_write has taken wait for the kernel to have room. */
bool tls_stream_has_unsent(const struct tls_stream *stream);

/* The end of what is written; reading goes on. */
void tls_stream_end(struct tls_stream *stream);

/* The peer's bytes ended without it having said so: they may have been cut off. */
bool tls_stream_is_truncated(const struct tls_stream *stream);

/* Whether an idle stream has nothing to read and nothing to write: what arrives may be new sessions
 * only. */
bool tls_stream_is_quiet(struct tls_stream *stream);

/* Whether a read or write has failed because of what the peer sent. */
bool tls_stream_has_problem(const struct tls_stream *stream);

/* Why a read or write failed whose errno was EPROTO: "SSL_read() failed (SSL: error:...)". */
const char *tls_stream_problem(const struct tls_stream *stream);

#endif
