/* tls_profile: what it sets, and what wins over it. */
#include "site.h"

static struct site site;

/* The settings of the first server. */
static const struct server_settings *settings_of(const char *text) {
    site_read(&site, text);
    return site.model.servers.items[0]->own_settings;
}

static bool versions_are(const struct server_settings *settings, const char *first, size_t count) {
    return settings->ssl_protocols.list.count == count &&
           text_is(settings->ssl_protocols.list.items[0].text, first);
}

static void stands_for_directives(void) {
    const struct server_settings *settings = settings_of("server { tls_profile modern; }");
    CU_ASSERT_TRUE(versions_are(settings, "TLSv1.3", 1));
    CU_ASSERT_TRUE(text_is(settings->ssl_ecdh_curve, "X25519:prime256v1:secp384r1"));
    CU_ASSERT_TRUE(text_is(settings->ssl_ciphers, "HIGH:!aNULL:!MD5"));
    site_release(&site);
    settings = settings_of("server { tls_profile intermediate; }");
    CU_ASSERT_TRUE(versions_are(settings, "TLSv1.2", 2));
    CU_ASSERT_EQUAL(settings->ssl_session_timeout, 24 * 60 * 60 * 1000);
    CU_ASSERT_EQUAL(settings->ssl_prefer_server_ciphers, 0);
    CU_ASSERT_EQUAL(settings->ssl_session_tickets, 1);
    site_release(&site);
    settings = settings_of("server { tls_profile old; }");
    CU_ASSERT_TRUE(versions_are(settings, "TLSv1", 4));
    CU_ASSERT_EQUAL(settings->ssl_prefer_server_ciphers, 1);
    site_release(&site);
}

static void is_inherited(void) {
    const struct server_settings *settings =
        settings_of("tls_profile modern; server { ssl_prefer_server_ciphers on; }");
    CU_ASSERT_TRUE(versions_are(settings, "TLSv1.3", 1));
    CU_ASSERT_EQUAL(settings->ssl_prefer_server_ciphers, 1);
    site_release(&site);
}

/* Whether they stand before it or behind it. */
static void leaves_alone_what_the_block_says(void) {
    const struct server_settings *settings = settings_of(
        "server { ssl_protocols TLSv1.2; tls_profile intermediate; ssl_session_timeout 1h; }");
    CU_ASSERT_TRUE(versions_are(settings, "TLSv1.2", 1));
    CU_ASSERT_EQUAL(settings->ssl_session_timeout, 60 * 60 * 1000);
    CU_ASSERT_TRUE(text_is(settings->ssl_ecdh_curve, "X25519:prime256v1:secp384r1"));
    site_release(&site);
}

static void wins_over_the_block_around(void) {
    const struct server_settings *settings = settings_of(
        "tls_profile old; ssl_ecdh_curve secp384r1; server { tls_profile intermediate; }");
    CU_ASSERT_TRUE(versions_are(settings, "TLSv1.2", 2));
    CU_ASSERT_TRUE(text_is(settings->ssl_ecdh_curve, "X25519:prime256v1:secp384r1"));
    CU_ASSERT_EQUAL(settings->ssl_prefer_server_ciphers, 0);
    site_release(&site);
}

static void reports_mistakes(void) {
    static const struct site_failure rows[] = {
        {"server { tls_profile intermedate; }", DIAGNOSTIC_INVALID_VALUE, "intermedate"},
        {"server { tls_profile Modern; }", DIAGNOSTIC_INVALID_VALUE, "Modern"},
        {"server { tls_profile old; tls_profile old; }", DIAGNOSTIC_DUPLICATE_DIRECTIVE,
         "tls_profile"},
        {"server { location / { tls_profile old; } }", DIAGNOSTIC_WRONG_CONTEXT, "tls_profile"},
        {"server { tls_profile; }", DIAGNOSTIC_WRONG_ARGUMENT_COUNT, "tls_profile"},
    };
    CHECK_FAILURES(rows);
}

UNIT_TESTS("model/tls_profile", {"stands for directives", stands_for_directives},
           {"is inherited", is_inherited},
           {"leaves alone what the block says", leaves_alone_what_the_block_says},
           {"wins over the block around", wins_over_the_block_around},
           {"reports mistakes", reports_mistakes})
