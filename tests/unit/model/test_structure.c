/* Structural errors: names, places, forms, numbers of arguments, repetitions. */
#include "site.h"

static void reports_unknown_directives(void) {
    CU_ASSERT_TRUE(site_says("server { lissten 80; }", SEVERITY_ERROR, DIAGNOSTIC_UNKNOWN_DIRECTIVE,
                             "lissten", "write \"listen\""));
    CU_ASSERT_TRUE(
        site_fails("server { frobnicate; }", DIAGNOSTIC_UNKNOWN_DIRECTIVE, "frobnicate"));
    CU_ASSERT_TRUE(site_says("server { listen 80; 443; }", SEVERITY_ERROR,
                             DIAGNOSTIC_UNKNOWN_DIRECTIVE, "443",
                             "begins with the name of a directive"));
}

static void reports_wrong_places(void) {
    CU_ASSERT_TRUE(site_says("server { proxy_pass http://a; listen 80; }", SEVERITY_ERROR,
                             DIAGNOSTIC_WRONG_CONTEXT, "proxy_pass",
                             "it may stand in location, if in location or limit_except"));
    CU_ASSERT_TRUE(site_says("events {} server {}", SEVERITY_ERROR, DIAGNOSTIC_WRONG_CONTEXT,
                             "server", "it may stand in http or upstream"));
    CU_ASSERT_TRUE(site_says("server {} server { listen 81; } user www;", SEVERITY_ERROR,
                             DIAGNOSTIC_WRONG_CONTEXT, "user",
                             "this file is read as what stands in http"));
    CU_ASSERT_TRUE(
        site_fails("upstream a { server b; listen 80; }", DIAGNOSTIC_WRONG_CONTEXT, "listen"));
}

static void reports_wrong_forms(void) {
    static const struct site_failure rows[] = {
        {"server;", DIAGNOSTIC_EXPECTED_BLOCK, "server"},
        {"server { listen 80 { } }", DIAGNOSTIC_UNEXPECTED_BLOCK, "{"},
        {"server { gzip on { } }", DIAGNOSTIC_UNEXPECTED_BLOCK, "{"},
        {"server { types; }", DIAGNOSTIC_EXPECTED_BLOCK, "types"},
    };
    CHECK_FAILURES(rows);
}

static void reports_wrong_counts(void) {
    static const struct site_failure rows[] = {
        {"server { listen; }", DIAGNOSTIC_WRONG_ARGUMENT_COUNT, "listen"},
        {"server x { }", DIAGNOSTIC_WRONG_ARGUMENT_COUNT, "x"},
        {"server { default_type a b c; }", DIAGNOSTIC_WRONG_ARGUMENT_COUNT, "b"},
        {"server { root; }", DIAGNOSTIC_WRONG_ARGUMENT_COUNT, "root"},
        {"server { autoindex on off; }", DIAGNOSTIC_WRONG_ARGUMENT_COUNT, "off"},
    };
    CHECK_FAILURES(rows);
    CU_ASSERT_TRUE(site_says("server { send_timeout; }", SEVERITY_ERROR,
                             DIAGNOSTIC_WRONG_ARGUMENT_COUNT, "send_timeout",
                             "\"send_timeout 60s;\""));
}

static void sees_forgotten_semicolons(void) {
    CU_ASSERT_TRUE(site_says("server {\n listen 80\n server_name a;\n}", SEVERITY_ERROR,
                             DIAGNOSTIC_UNKNOWN_PARAMETER, "server_name", "write \"80;\""));
    CU_ASSERT_TRUE(site_says("server {\n server_name a\n location / { }\n}", SEVERITY_ERROR,
                             DIAGNOSTIC_UNEXPECTED_BLOCK, "{", "write \"a;\""));
    CU_ASSERT_TRUE(site_says("server {\n default_type a/b\n listen 80;\n}", SEVERITY_ERROR,
                             DIAGNOSTIC_WRONG_ARGUMENT_COUNT, "listen", "write \"a/b;\""));
    /* What nginx takes without a word. */
    CU_ASSERT_TRUE(site_says("server {\n server_name a\n listen 80;\n}", SEVERITY_WARNING,
                             DIAGNOSTIC_MISSING_SEMICOLON, "listen", "write \"a;\""));
    CU_ASSERT_TRUE(site_is_clean("server {\n server_name a\n b\n 'listen';\n}"));
    /* On the same line the word may well be a value. */
    CU_ASSERT_TRUE(site_says("server { default_type a/b listen; }", SEVERITY_ERROR,
                             DIAGNOSTIC_WRONG_ARGUMENT_COUNT, "listen", "for example"));
}

static void reports_repetitions(void) {
    static const struct site_failure rows[] = {
        {"server { send_timeout 1; send_timeout 1; }", DIAGNOSTIC_DUPLICATE_DIRECTIVE,
         "send_timeout"},
        {"events {} events {}", DIAGNOSTIC_DUPLICATE_DIRECTIVE, "events"},
        {"events {} daemon off; daemon off;", DIAGNOSTIC_DUPLICATE_DIRECTIVE, "daemon"},
        {"events { use epoll; use epoll; }", DIAGNOSTIC_DUPLICATE_DIRECTIVE, "use"},
        {"upstream a { server b; keepalive 1; keepalive 2; }", DIAGNOSTIC_DUPLICATE_DIRECTIVE,
         "keepalive"},
        {"server { gzip on; gzip off; }", DIAGNOSTIC_DUPLICATE_DIRECTIVE, "gzip"},
    };
    CHECK_FAILURES(rows);
    static const char *const fine[] = {
        "send_timeout 1; server { send_timeout 1; location / { send_timeout 1; } }",
        "server { add_header a b; add_header a b; }",
        "server { proxy_hide_header a; proxy_hide_header b; }",
    };
    CHECK_CLEAN(fine);
}

UNIT_TESTS("model/structure", {"reports unknown directives", reports_unknown_directives},
           {"reports wrong places", reports_wrong_places},
           {"reports wrong forms", reports_wrong_forms},
           {"reports wrong counts", reports_wrong_counts},
           {"sees forgotten semicolons", sees_forgotten_semicolons},
           {"reports repetitions", reports_repetitions})
