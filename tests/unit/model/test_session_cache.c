/* ssl_session_cache and ssl_session_timeout. What is taken and what is not agrees with nginx -t. */
#include "site.h"

static const struct server_settings *settings_of(struct site *site, const char *inside) {
    static char text[256];
    snprintf(text, sizeof text, "ssl_session_cache shared:outer:1m; server { %s }", inside);
    site_read(site, text);
    return site->model.servers.items[0]->own_settings;
}

static void keeps_what_is_wanted(void) {
    static const struct {
        const char *inside;
        bool is_off;
        uint32_t builtin;
        const char *zone;
        uint64_t size;
    } rows[] = {
        {"", false, 0, "outer", 1 << 20},
        {"ssl_session_cache none;", false, 0, NULL, 0},
        {"ssl_session_cache off;", true, 0, NULL, 0},
        {"ssl_session_cache builtin;", false, 20480, NULL, 0},
        {"ssl_session_cache builtin:100;", false, 100, NULL, 0},
        {"ssl_session_cache shared:a:32k;", false, 0, "a", 32768},
        {"ssl_session_cache builtin:7 shared:a:10m;", false, 7, "a", 10 << 20},
        {"ssl_session_cache shared:a:10m builtin;", false, 20480, "a", 10 << 20},
        {"ssl_session_cache shared:a:10m off;", true, 0, NULL, 0},
        {"ssl_session_cache shared:a:10m none;", false, 0, NULL, 0},
        {"ssl_session_cache off builtin:3;", false, 3, NULL, 0},
    };
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        struct site site;
        const struct session_cache_setting *cache =
            &settings_of(&site, rows[i].inside)->ssl_session_cache;
        CU_ASSERT_EQUAL(cache->is_off, rows[i].is_off);
        CU_ASSERT_EQUAL(cache->builtin, rows[i].builtin);
        CU_ASSERT_EQUAL_FATAL(cache->zone != NULL, rows[i].zone != NULL);
        if (cache->zone != NULL) {
            CU_ASSERT_TRUE(slice_equals(cache->zone->name, slice_from_string(rows[i].zone)));
            CU_ASSERT_EQUAL(cache->zone->size, rows[i].size);
        }
        site_release(&site);
    }
}

static void nothing_is_kept_by_default(void) {
    struct site site;
    site_read(&site, "server { }");
    const struct server_settings *settings = site.model.servers.items[0]->own_settings;
    CU_ASSERT_FALSE(settings->ssl_session_cache.is_off);
    CU_ASSERT_PTR_NULL(settings->ssl_session_cache.zone);
    CU_ASSERT_EQUAL(settings->ssl_session_timeout, 300000);
    site_release(&site);
    CU_ASSERT_EQUAL(settings_of(&site, "ssl_session_timeout 1d;")->ssl_session_timeout, 86400000);
    site_release(&site);
}

static void a_cache_has_one_size(void) {
    static const char *const texts[] = {
        "ssl_session_cache shared:a:1m; server { ssl_session_cache shared:a:1024k; }",
        "ssl_session_cache shared:a:1m; server { ssl_session_cache shared:b:2m; }",
    };
    CHECK_CLEAN(texts);
}

static void reports_mistakes(void) {
    static const struct site_failure rows[] = {
        {"ssl_session_cache on;", DIAGNOSTIC_INVALID_VALUE, "on"},
        {"ssl_session_cache shared;", DIAGNOSTIC_INVALID_VALUE, "shared"},
        {"ssl_session_cache shared:a;", DIAGNOSTIC_INVALID_VALUE, "shared:a"},
        {"ssl_session_cache shared::1m;", DIAGNOSTIC_INVALID_VALUE, "shared::1m"},
        {"ssl_session_cache shared:a:1x;", DIAGNOSTIC_INVALID_VALUE, "shared:a:1x"},
        {"ssl_session_cache shared:a:31k;", DIAGNOSTIC_INVALID_SIZE, "shared:a:31k"},
        {"ssl_session_cache builtin:x;", DIAGNOSTIC_INVALID_VALUE, "builtin:x"},
        {"ssl_session_cache builtin:0;", DIAGNOSTIC_INVALID_VALUE, "builtin:0"},
        {"ssl_session_cache builtins;", DIAGNOSTIC_INVALID_VALUE, "builtins"},
        {"ssl_session_cache shared:a:1m; server { ssl_session_cache shared:a:2m; }",
         DIAGNOSTIC_INVALID_SIZE, "shared:a:2m"},
        {"ssl_session_timeout 500ms;", DIAGNOSTIC_INVALID_TIME, "500ms"},
        {"ssl_session_timeout soon;", DIAGNOSTIC_INVALID_TIME, "soon"},
    };
    CHECK_FAILURES(rows);
}

UNIT_TESTS("model/session_cache", {"keeps what is wanted", keeps_what_is_wanted},
           {"nothing is kept by default", nothing_is_kept_by_default},
           {"a cache has one size", a_cache_has_one_size}, {"reports mistakes", reports_mistakes}, )
