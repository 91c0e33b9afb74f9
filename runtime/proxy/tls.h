/* TLS to the backends of one worker: contexts, made when a location is first used with them and
 * shared by all that have the same settings, also over reloads; and the sessions to resume. */
#ifndef PROXY_TLS_H
#define PROXY_TLS_H

#include "net/generation.h"
#include "net/tls_context.h"
#include "net/tls_sessions.h"

/* Of the worker. */
struct proxy_tls {
    struct tls_trust_list trusted;
    struct tls_context *contexts; /* those that generations and connections hold */
    struct tls_sessions *sessions;
};

/* Of a generation: the contexts by settings record, as far as they were used. */
struct proxy_tls_cache {
    struct tls_context **contexts; /* held; NULL until the first is made */
    uint32_t count;
};

/* Frees lists of authorities that nothing uses any more. Contexts, which hold keys, are freed with
 * their last user. */
void proxy_tls_sweep(struct proxy_tls *tls);
void proxy_tls_release(struct proxy_tls *tls);

/* The context for these settings of the generation, borrowed; made unless there is one. NULL with
 * the reason in `failure`. */
struct tls_context *proxy_tls_find(struct proxy_tls *tls, struct proxy_tls_cache *cache,
                                   const struct generation *generation,
                                   const struct table_settings *settings, struct failure *failure);
void proxy_tls_cache_release(struct proxy_tls_cache *cache);

#endif
