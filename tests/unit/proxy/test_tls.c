/* Contexts of a worker: one for all settings that come to the same, also over reloads. */
#include "proxy/tls.h"

#include "net/tls_peer.h"

enum { SETTINGS = 10000 };

static struct tls_peer peer;
static struct table_settings settings[SETTINGS];
static struct generation generation;

static void open_generation(void) {
    peer_open(&peer);
    for (uint32_t i = 0; i < SETTINGS; i++) {
        settings[i] = *peer.settings;
        settings[i].proxy_read_timeout = i;
    }
    generation = (struct generation){.table = peer.table, .secrets = peer.secrets};
    generation.table.settings = settings;
    generation.table.settings_count = SETTINGS;
}

static struct tls_context *find(struct proxy_tls *tls, struct proxy_tls_cache *cache, uint32_t at) {
    struct failure failure;
    return proxy_tls_find(tls, cache, &generation, &settings[at], &failure);
}

static uint32_t count(const struct proxy_tls *tls) {
    uint32_t contexts = 0;
    for (struct tls_context *context = tls->contexts; context != NULL; context = context->next) {
        contexts++;
    }
    return contexts;
}

static void shares_contexts(void) {
    struct proxy_tls tls = {0};
    struct proxy_tls_cache cache = {0};
    open_generation();
    settings[1].proxy_ssl_verify_depth = 5;
    struct tls_context *context = find(&tls, &cache, 0);
    CU_ASSERT_PTR_NOT_NULL_FATAL(context);
    CU_ASSERT_PTR_NOT_EQUAL(find(&tls, &cache, 1), context);
    for (uint32_t i = 2; i < SETTINGS; i++) {
        CU_ASSERT_PTR_EQUAL(find(&tls, &cache, i), context);
    }
    CU_ASSERT_PTR_EQUAL(find(&tls, &cache, 0), context);
    CU_ASSERT_EQUAL(count(&tls), 2);
    CU_ASSERT_PTR_EQUAL(find(&tls, &cache, 1)->trust, context->trust);
    proxy_tls_cache_release(&cache);
    proxy_tls_release(&tls);
    peer_close(&peer);
}

/* What the next generation uses goes on; what nobody uses any more is gone. */
static void keeps_contexts_over_reloads(void) {
    struct proxy_tls tls = {0};
    struct proxy_tls_cache old = {0};
    struct proxy_tls_cache next = {0};
    open_generation();
    settings[1].proxy_ssl_verify = 0;
    struct tls_context *context = find(&tls, &old, 0);
    (void)find(&tls, &old, 1);
    CU_ASSERT_PTR_EQUAL(find(&tls, &next, 7), context);
    proxy_tls_cache_release(&old);
    proxy_tls_sweep(&tls);
    CU_ASSERT_EQUAL(count(&tls), 1);
    CU_ASSERT_PTR_EQUAL(find(&tls, &next, 7), context);
    proxy_tls_cache_release(&next);
    proxy_tls_sweep(&tls);
    CU_ASSERT_EQUAL(count(&tls), 0);
    CU_ASSERT_PTR_NULL(tls.trusted.first);
    proxy_tls_release(&tls);
    peer_close(&peer);
}

/* A connection may outlive the generation it was made in; the key goes with it. */
static void a_context_ends_with_its_last_user(void) {
    struct proxy_tls tls = {0};
    struct proxy_tls_cache cache = {0};
    open_generation();
    struct tls_context *context = tls_context_hold(find(&tls, &cache, 0));
    struct tls_context *other = tls_context_hold(find(&tls, &cache, 1));
    proxy_tls_cache_release(&cache);
    CU_ASSERT_EQUAL(count(&tls), 1);
    tls_context_release(other);
    CU_ASSERT_EQUAL(count(&tls), 1);
    tls_context_release(context);
    CU_ASSERT_EQUAL(count(&tls), 0);
    proxy_tls_release(&tls);
    peer_close(&peer);
}

/* As at the end of a worker that still has connections. */
static void a_context_may_outlive_the_list(void) {
    struct proxy_tls tls = {0};
    struct proxy_tls_cache cache = {0};
    open_generation();
    struct tls_context *context = tls_context_hold(find(&tls, &cache, 0));
    proxy_tls_cache_release(&cache);
    proxy_tls_release(&tls);
    tls_context_release(context);
    peer_close(&peer);
}

static void says_what_is_wrong(void) {
    struct proxy_tls tls = {0};
    struct proxy_tls_cache cache = {0};
    struct failure failure;
    open_generation();
    settings[0].proxy_ssl_certificate = settings[0].proxy_ssl_trusted_certificate;
    settings[0].proxy_ssl_certificate_key = settings[0].proxy_ssl_trusted_certificate;
    for (int i = 0; i < 2; i++) {
        CU_ASSERT_PTR_NULL(proxy_tls_find(&tls, &cache, &generation, &settings[0], &failure));
        CU_ASSERT_PTR_NOT_NULL(
            strstr(failure.text, "proxy_ssl_certificate_key \"trusted.pem\": SSL: error:"));
    }
    CU_ASSERT_EQUAL(count(&tls), 0);
    proxy_tls_cache_release(&cache);
    proxy_tls_release(&tls);
    peer_close(&peer);
}

UNIT_TESTS("proxy/tls", {"shares contexts", shares_contexts},
           {"keeps contexts over reloads", keeps_contexts_over_reloads},
           {"a context ends with its last user", a_context_ends_with_its_last_user},
           {"a context may outlive the list", a_context_may_outlive_the_list},
           {"says what is wrong", says_what_is_wrong})
