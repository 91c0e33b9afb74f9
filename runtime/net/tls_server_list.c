/* Contexts of a worker: found by what they depend on, made when they are first needed. */
#include "net/tls_server_context.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

enum { FEWEST_BUCKETS = 16 };

static struct tls_server_context **find_bucket(const struct tls_server_list *list,
                                               const uint8_t identity[TLS_IDENTITY_SIZE]) {
    uint32_t hash;
    memcpy(&hash, identity, sizeof hash);
    return &list->buckets[hash & (list->bucket_count - 1)];
}

static struct tls_server_context *find(const struct tls_server_list *list,
                                       const uint8_t identity[TLS_IDENTITY_SIZE]) {
    struct tls_server_context *context =
        list->bucket_count > 0 ? *find_bucket(list, identity) : NULL;
    while (context != NULL && memcmp(context->identity, identity, TLS_IDENTITY_SIZE) != 0) {
        context = context->next;
    }
    return context;
}

static void enter(struct tls_server_list *list, struct tls_server_context *context) {
    struct tls_server_context **bucket = find_bucket(list, context->identity);
    context->next = *bucket;
    context->link = bucket;
    if (context->next != NULL) {
        context->next->link = &context->next;
    }
    *bucket = context;
}

void tls_server_list_leave(struct tls_server_context *context) {
    if (context->list == NULL) {
        return;
    }
    *context->link = context->next;
    if (context->next != NULL) {
        context->next->link = context->link;
    }
    context->list->count--;
    context->list = NULL;
}

/* Twice the buckets once there are more contexts than buckets. */
static bool make_room(struct tls_server_list *list) {
    if (list->count < list->bucket_count) {
        return true;
    }
    struct tls_server_list grown = {
        .bucket_count = list->bucket_count > 0 ? list->bucket_count * 2 : FEWEST_BUCKETS,
        .count = list->count,
        .trusted = list->trusted,
    };
    grown.buckets = calloc(grown.bucket_count, sizeof(struct tls_server_context *));
    if (grown.buckets == NULL) {
        return false;
    }
    for (uint32_t i = 0; i < list->bucket_count; i++) {
        while (list->buckets[i] != NULL) {
            struct tls_server_context *context = list->buckets[i];
            list->buckets[i] = context->next;
            enter(&grown, context);
        }
    }
    free(list->buckets);
    *list = grown;
    return true;
}

/* Held. */
static struct tls_server_context *
find_or_make(struct tls_server_list *list, const struct table *table,
             const struct table_server_settings *settings, const struct secrets *secrets,
             const struct tls_shared *shared, struct failure *failure) {
    uint8_t identity[TLS_IDENTITY_SIZE];
    tls_server_identify(table, settings, secrets, shared, identity);
    struct tls_server_context *context = find(list, identity);
    if (context != NULL) {
        return tls_server_context_hold(context);
    }
    if (!make_room(list)) {
        failure_set(failure, "%s", strerror(ENOMEM));
        return NULL;
    }
    context = tls_server_context_create(table, settings, secrets, shared, &list->trusted, failure);
    if (context != NULL) {
        context->list = list;
        list->count++;
        enter(list, context);
    }
    return context;
}

struct tls_server_context *
tls_server_list_find(struct tls_server_list *list, struct tls_server_cache *cache,
                     const struct table *table, const struct table_server_settings *settings,
                     const struct secrets *secrets, const struct tls_shared *shared,
                     struct failure *failure) {
    if (cache->contexts == NULL) {
        cache->contexts = calloc(table->server_settings_count, sizeof(struct tls_server_context *));
        cache->count = table->server_settings_count;
    }
    if (cache->contexts == NULL) {
        failure_set(failure, "%s", strerror(ENOMEM));
        return NULL;
    }
    struct tls_server_context **place = &cache->contexts[settings - table->server_settings];
    if (*place == NULL) {
        *place = find_or_make(list, table, settings, secrets, shared, failure);
    }
    return *place;
}

/* For each in the list; it may leave meanwhile. */
static void visit(struct tls_server_list *list, void (*act)(struct tls_server_context *context)) {
    for (uint32_t i = 0; i < list->bucket_count; i++) {
        struct tls_server_context *next;
        for (struct tls_server_context *context = list->buckets[i]; context != NULL;
             context = next) {
            next = context->next;
            act(context);
        }
    }
}

static void keep(struct tls_server_context *context) {
    if (!context->is_kept) {
        context->is_kept = true;
        tls_server_context_hold(context);
    }
}

static void let_go(struct tls_server_context *context) {
    if (context->is_kept) {
        context->is_kept = false;
        tls_server_context_release(context);
    }
}

void tls_server_list_keep(struct tls_server_list *list) {
    visit(list, keep);
}

void tls_server_list_let_go(struct tls_server_list *list) {
    visit(list, let_go);
    tls_trust_list_sweep(&list->trusted);
}

void tls_server_list_release(struct tls_server_list *list) {
    visit(list, let_go);
    visit(list, tls_server_list_leave);
    free(list->buckets);
    tls_trust_list_release(&list->trusted);
    *list = (struct tls_server_list){0};
}

void tls_server_cache_release(struct tls_server_cache *cache) {
    for (uint32_t i = 0; cache->contexts != NULL && i < cache->count; i++) {
        if (cache->contexts[i] != NULL) {
            tls_server_context_release(cache->contexts[i]);
        }
    }
    free(cache->contexts);
    *cache = (struct tls_server_cache){0};
}
