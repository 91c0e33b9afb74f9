/* What the files tls_... of this room share. */
#ifndef NET_TLS_INTERNAL_H
#define NET_TLS_INTERNAL_H

#include "net/tls_stream.h"

/* --- tls_stream.c: what a context calls back; the stream is the SSL's app data --- */

/* How OpenSSL reads and writes: through the stream's handle. NULL without memory. */
BIO_METHOD *tls_stream_create_transport(void);

/* A session to be kept; returns 1 when its reference was taken. */
int tls_stream_keep_session(SSL *ssl, SSL_SESSION *session);

/* --- tls_identity.c --- */

/* The content of a file, to be read by OpenSSL; NULL when there is none or no memory. */
BIO *tls_file_open(const struct table *table, const struct table_settings *settings,
                   const struct secrets *secrets, enum tls_file file);

/* --- tls_verify.c --- */

/* SSL_CTX_set_cert_verify_callback: the chain, then the name the stream is for. */
int tls_verify_certificate(X509_STORE_CTX *chain, void *unused);

#endif
