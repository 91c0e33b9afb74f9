/* What connections by TLS to backends have in common, by the directives proxy_ssl_...: versions,
 * cipher suites, who is trusted, the client's certificate. Locations with the same settings share
 * one context, and a context is found again after a reload by its identity. */
#ifndef NET_TLS_CONTEXT_H
#define NET_TLS_CONTEXT_H

#include "log/failure.h"
#include "net/secrets.h"
#include "net/tls_trust.h"
#include "table/table.h"

#include <openssl/ssl.h>

enum { TLS_IDENTITY_SIZE = 16 };

struct tls_context {
    uint32_t references;
    SSL_CTX *ssl;
    BIO_METHOD *transport;   /* of tls_stream.c */
    struct tls_trust *trust; /* held; NULL without proxy_ssl_verify */
    bool verifies;           /* proxy_ssl_verify */
    bool keeps_sessions;     /* proxy_ssl_session_reuse */
    bool sends_name;         /* proxy_ssl_server_name */
    uint8_t identity[TLS_IDENTITY_SIZE];
    struct tls_context
        *next; /* of the list it is in, for who looks for the same; NULL links: none */
    struct tls_context **link;
};

/* The files that a context for these settings is made of, by directive; an empty path is none. */
enum tls_file {
#define BACKEND_TLS_FILE(id, setting, condition, content) TLS_FILE_##id,
#include "tls-files.def"
    TLS_FILE_COUNT
};
extern const char *const tls_file_directives[TLS_FILE_COUNT];
struct slice tls_file_path(const struct table *table, const struct table_settings *settings,
                           enum tls_file file);

/* A hash of everything a context for these settings depends on, the files' contents included. With
 * the same identity contexts do the same. */
void tls_context_identify(const struct table *table, const struct table_settings *settings,
                          const struct secrets *secrets, uint8_t identity[TLS_IDENTITY_SIZE]);

/* Takes whom to trust from `trusted`, or adds it there. NULL with the reason, which names directive
 * and file, in `failure`. */
struct tls_context *tls_context_create(const struct table *table,
                                       const struct table_settings *settings,
                                       const struct secrets *secrets,
                                       struct tls_trust_list *trusted, struct failure *failure);
struct tls_context *tls_context_hold(struct tls_context *context);

/* Puts it into a list, which does not hold it: with its last user it leaves the list, too, and its
 * key the memory. */
void tls_context_list(struct tls_context *context, struct tls_context **list);
void tls_context_unlist(struct tls_context *context);
void tls_context_release(struct tls_context *context);

#endif
