/* What connections by TLS to one virtual server have in common, by the directives ssl_...:
 * certificates, versions, cipher suites. Servers with the same settings share one context, and a
 * context is found again after a reload by its identity. Which server a client asks for is decided
 * by who makes streams, see tls_stream.h. */
#ifndef NET_TLS_SERVER_CONTEXT_H
#define NET_TLS_SERVER_CONTEXT_H

#include "net/staple.h"
#include "net/tls_context.h"
#include "net/tls_server_sessions.h"
#include "net/tls_shared.h"

struct tls_server_context {
    uint32_t references;
    SSL_CTX *ssl;
    BIO_METHOD *transport;
    struct tls_server_sessions *sessions;
    struct tls_trust *trust; /* held; NULL: nobody is trusted */
    struct staples *staples; /* NULL without ssl_stapling */
    uint8_t identity[TLS_IDENTITY_SIZE];
    uint8_t judges[TLS_IDENTITY_SIZE]; /* see tls_server_identify_judges */
    /* Of the list it is in; NULL: none: */
    struct tls_server_list *list;
    struct tls_server_context *next;
    struct tls_server_context **link;
    bool is_kept; /* the list holds it, too */
};

/* One of the files that a context for some settings is made of. */
struct tls_server_file {
    const char *directive;
    struct slice path; /* as in the table; empty: none */
};

/* File number `index`, from 0 on; false behind the last one. */
bool tls_server_file(const struct table *table, const struct table_server_settings *settings,
                     uint32_t index, struct tls_server_file *file);

/* A hash of everything a context for these settings depends on, the files' contents and what is
 * shared included. */
void tls_server_identify(const struct table *table, const struct table_server_settings *settings,
                         const struct secrets *secrets, const struct tls_shared *shared,
                         uint8_t identity[TLS_IDENTITY_SIZE]);

/* A hash of all that decides what a client's certificate is worth: whether one is asked for, which
 * authorities are believed about it, and who is revoked. */
void tls_server_identify_judges(const struct table *table,
                                const struct table_server_settings *settings,
                                const struct secrets *secrets, uint8_t identity[TLS_IDENTITY_SIZE]);

/* Takes whom to trust from `trusted`, or adds it there. With a `shared` of NULL it is good for a
 * trial. NULL with the reason, which names directive and file, in `failure`. */
struct tls_server_context *
tls_server_context_create(const struct table *table, const struct table_server_settings *settings,
                          const struct secrets *secrets, const struct tls_shared *shared,
                          struct tls_trust_list *trusted, struct failure *failure);
struct tls_server_context *tls_server_context_hold(struct tls_server_context *context);
void tls_server_context_release(struct tls_server_context *context);

/* --- tls_server_clients.c --- */

/* Gives the context what it needs to judge certificates of clients, as the settings ask for. False
 * with the reason in `failure`. */
__attribute__((warn_unused_result)) bool
tls_server_use_clients(struct tls_server_context *context, const struct table *table,
                       const struct table_server_settings *settings, const struct secrets *secrets,
                       struct tls_trust_list *trusted, struct failure *failure);

/* --- tls_server_list.c: those of one worker --- */

/* A hash table by identity. Contexts leave it, and their keys the memory, with their last user: a
 * generation or a connection. All zero: empty. */
struct tls_server_list {
    struct tls_server_context **buckets;
    uint32_t bucket_count; /* a power of two */
    uint32_t count;
    struct tls_trust_list trusted;
};

/* Of a generation: the contexts by record of server_settings, as far as they were used. */
struct tls_server_cache {
    struct tls_server_context **contexts; /* held; NULL until the first is made */
    uint32_t count;
};

/* The context for these settings of the table, borrowed; made unless there is one. NULL with the
 * reason in `failure`. */
struct tls_server_context *
tls_server_list_find(struct tls_server_list *list, struct tls_server_cache *cache,
                     const struct table *table, const struct table_server_settings *settings,
                     const struct secrets *secrets, const struct tls_shared *shared,
                     struct failure *failure);

/* Before a generation ends: all there are stay, so that the next one can ask for them. */
void tls_server_list_keep(struct tls_server_list *list);
/* Some time later: those that nobody has asked for go. */
void tls_server_list_let_go(struct tls_server_list *list);
/* Takes it out of its list, if it is in one. */
void tls_server_list_leave(struct tls_server_context *context);
void tls_server_list_release(struct tls_server_list *list);
void tls_server_cache_release(struct tls_server_cache *cache);

#endif
