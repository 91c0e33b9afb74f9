/* Finding contexts, and making those that are missing. */
#include "proxy/tls.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

/* A session takes some kilobytes with the certificates that are in it. */
enum { SESSION_LIMIT = 1024 };

void proxy_tls_sweep(struct proxy_tls *tls) {
    tls_trust_list_sweep(&tls->trusted);
}

void proxy_tls_release(struct proxy_tls *tls) {
    while (tls->contexts != NULL) {
        tls_context_unlist(tls->contexts);
    }
    tls_trust_list_release(&tls->trusted);
    if (tls->sessions != NULL) {
        tls_sessions_destroy(tls->sessions);
    }
    *tls = (struct proxy_tls){0};
}

static struct tls_context *find_same(const struct proxy_tls *tls,
                                     const struct generation *generation,
                                     const struct table_settings *settings) {
    uint8_t identity[TLS_IDENTITY_SIZE];
    tls_context_identify(&generation->table, settings, &generation->secrets, identity);
    struct tls_context *context = tls->contexts;
    while (context != NULL && memcmp(context->identity, identity, sizeof identity) != 0) {
        context = context->next;
    }
    return context;
}

/* Held. */
static struct tls_context *find_or_make(struct proxy_tls *tls, const struct generation *generation,
                                        const struct table_settings *settings,
                                        struct failure *failure) {
    struct tls_context *context = find_same(tls, generation, settings);
    if (context != NULL) {
        return tls_context_hold(context);
    }
    if (tls->sessions == NULL && (tls->sessions = tls_sessions_create(SESSION_LIMIT)) == NULL) {
        failure_set(failure, "%s", strerror(ENOMEM));
        return NULL;
    }
    context = tls_context_create(&generation->table, settings, &generation->secrets, &tls->trusted,
                                 failure);
    if (context != NULL) {
        tls_context_list(context, &tls->contexts);
    }
    return context;
}

struct tls_context *proxy_tls_find(struct proxy_tls *tls, struct proxy_tls_cache *cache,
                                   const struct generation *generation,
                                   const struct table_settings *settings, struct failure *failure) {
    const struct table *table = &generation->table;
    if (cache->contexts == NULL) {
        cache->contexts = calloc(table->settings_count, sizeof(struct tls_context *));
        cache->count = table->settings_count;
    }
    if (cache->contexts == NULL) {
        failure_set(failure, "%s", strerror(ENOMEM));
        return NULL;
    }
    struct tls_context **place = &cache->contexts[settings - table->settings];
    if (*place == NULL) {
        *place = find_or_make(tls, generation, settings, failure);
    }
    return *place;
}

void proxy_tls_cache_release(struct proxy_tls_cache *cache) {
    for (uint32_t i = 0; cache->contexts != NULL && i < cache->count; i++) {
        if (cache->contexts[i] != NULL) {
            tls_context_release(cache->contexts[i]);
        }
    }
    free(cache->contexts);
    *cache = (struct proxy_tls_cache){0};
}
