/* What the files tls_... of this room share. */
#ifndef NET_TLS_INTERNAL_H
#define NET_TLS_INTERNAL_H

#include "net/tls_stream.h"

enum { TLS_LARGEST_RECORD = 16384 }; /* RFC 8446 5.1 */

/* What differs between the two ends of a connection; one constant for each. */
struct tls_role {
    /* Says why a handshake has failed when OpenSSL's errors alone do not; else false. */
    bool (*explain)(struct tls_stream *stream, struct failure *failure);
    /* Frees the stream and all that the role has added. */
    void (*release)(struct tls_stream *stream);
};

/* How far a client is with what it sends before the handshake is over. */
enum tls_early {
    TLS_EARLY_NONE,     /* there is none, or the handshake is over */
    TLS_EARLY_EXPECTED, /* there may be some, or more */
    TLS_EARLY_OVER,     /* all was read, and the handshake goes on */
};

/* The first member of what a role makes of it; the SSL's app data. */
struct tls_stream {
    SSL *ssl;
    const struct tls_role *role;
    struct loop_handle *handle;
    struct buffer_pool *buffers;
    struct buffer *unsent; /* encrypted already; what the kernel did not take */
    char *problem;         /* see tls_stream_problem; allocated; NULL: none, or no memory */
    uint32_t record_limit; /* most bytes of one record */
    uint32_t silence;      /* bytes received after the handshake since the last that were data */
    int read_error;        /* errno of the transport */
    int write_error;
    bool is_open;        /* the handshake is over */
    bool is_broken;      /* OpenSSL will not go on */
    bool is_at_fault;    /* a handshake failed because of us */
    bool has_ended;      /* the transport, without a word of TLS's */
    bool waits_to_write; /* a write needs something to be read first */
    bool holds_back;     /* what is written gathers in `unsent` */
    enum tls_early early;
    bool has_early_byte; /* the first of it, to be read next */
    char early_byte;
};

/* --- tls_stream.c --- */

/* Gives a zeroed stream its SSL with the transport `method`. False without memory. */
__attribute__((warn_unused_result)) bool tls_stream_set_up(struct tls_stream *stream,
                                                           SSL_CTX *context, BIO_METHOD *method,
                                                           struct loop_handle *handle,
                                                           struct buffer_pool *buffers);

/* --- tls_transport.c --- */

/* How OpenSSL reads and writes: through the stream's handle. NULL without memory. */
BIO_METHOD *tls_transport_create(void);

/* Sends what waits in stream->unsent, as far as the kernel has room. What fails is found out by the
 * next write. */
void tls_transport_send(struct tls_stream *stream);

/* --- tls_early.c: instead of OpenSSL's functions, while stream->early is not NONE --- */

/* Begins the handshake, or goes on with it, up to early data. Returns SSL_READ_EARLY_DATA_SUCCESS
 * when there is some; _FINISH: there is none, and SSL_do_handshake goes on; or _ERROR. */
int tls_early_accept(struct tls_stream *stream);
int tls_early_read(struct tls_stream *stream, char *bytes, int size);
int tls_early_write(struct tls_stream *stream, const char *bytes, int size);

/* --- tls_client.c: what a context calls back --- */

/* A session to be kept; returns 1 when its reference was taken. */
int tls_client_keep_session(SSL *ssl, SSL_SESSION *session);

/* The name that the backend should have. */
struct slice tls_client_name(const SSL *ssl);

/* --- tls_server.c --- */

/* What a context of a server calls back; the SSLs made of it are those of streams. */
void tls_server_set_callbacks(SSL_CTX *ssl);

/* --- tls_identity.c --- */

/* The content of a file, to be read by OpenSSL; NULL when there is none or no memory. */
BIO *tls_file_open(const struct table *table, const struct table_settings *settings,
                   const struct secrets *secrets, enum tls_file file);

/* --- tls_verify.c --- */

/* SSL_CTX_set_cert_verify_callback: the chain, then the name the stream is for. */
int tls_verify_certificate(X509_STORE_CTX *chain, void *unused);

#endif
