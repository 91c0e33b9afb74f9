/* Directives that are merely known: nginx's table, rewrite, TLS, zones; and refusing them. */
#include "site.h"

static void checks_place_count_and_flags(void) {
    static const struct site_failure rows[] = {
        {"server { sub_filter_once maybe; }", DIAGNOSTIC_INVALID_FLAG, "maybe"},
        {"server { internal; }", DIAGNOSTIC_WRONG_CONTEXT, "internal"},
        {"server { try_files a; }", DIAGNOSTIC_WRONG_ARGUMENT_COUNT, "try_files"},
        {"events {} stream { server { listen 1; frobnicate; } }", DIAGNOSTIC_UNKNOWN_DIRECTIVE,
         "frobnicate"},
        {"events {} stream { server { location / { } } }", DIAGNOSTIC_WRONG_CONTEXT, "location"},
        {"events {} mail { server { listen 1; starttls on { } } }", DIAGNOSTIC_UNEXPECTED_BLOCK,
         "{"},
    };
    CHECK_FAILURES(rows);
    static const char *const fine[] = {
        "server { sub_filter_once ON; types { text/html html htm; } location / { internal; } }",
        "charset_map a b { 80 E2; }",
        "match m { status 200; header X = y; }",
        ("events {} stream { map $a $b { c d; } upstream u { server a:1; } "
         "server { listen 1; proxy_pass u; } }"),
    };
    CHECK_CLEAN(fine);
}

static void refuses_a_block_as_a_whole(void) {
    CU_ASSERT_TRUE(site_refuses("events {} stream { server { listen 1; proxy_pass a:1; } }",
                                "directive \"stream\""));
    CU_ASSERT_TRUE(site_refuses("server { sub_filter_once on; }", "directive \"sub_filter_once\""));
}

static void reads_rewrites(void) {
    static const struct site_failure rows[] = {
        {"server { rewrite ^ \"\"; }", DIAGNOSTIC_INVALID_VALUE, "\"\""},
        {"server { rewrite ^ /a foo; }", DIAGNOSTIC_UNKNOWN_PARAMETER, "foo"},
        {"server { rewrite ( /a; }", DIAGNOSTIC_INVALID_REGEX, ""},
        {"server { rewrite ^ /$nope_not_there; }", DIAGNOSTIC_UNKNOWN_VARIABLE, "$nope_not_there"},
    };
    CHECK_FAILURES(rows);
}

static void reads_tls_settings(void) {
    struct site site;
    site_read(&site, "ssl_protocols TLSv1 tlsv1.2; server { ssl_ciphers AES128-SHA; }");
    CU_ASSERT_EQUAL(site.diagnostics.all.count, 0);
    const struct server_settings *settings = site.model.servers.items[0]->own_settings;
    CU_ASSERT_EQUAL_FATAL(settings->ssl_protocols.list.count, 2);
    CU_ASSERT_TRUE(text_is(settings->ssl_protocols.list.items[0].text, "TLSv1"));
    CU_ASSERT_PTR_NOT_NULL(settings->ssl_protocols.list.items[0].word);
    CU_ASSERT_TRUE(text_is(settings->ssl_ciphers, "AES128-SHA"));
    CU_ASSERT_TRUE(text_is(site.model.http_own_settings->ssl_ciphers, "HIGH:!aNULL:!MD5"));
    CU_ASSERT_EQUAL(site.model.refusals.count, 0);
    site_release(&site);
    CU_ASSERT_TRUE(site_says("ssl_protocols TLS1.2;", SEVERITY_ERROR, DIAGNOSTIC_INVALID_VALUE,
                             "TLS1.2", "write \"TLSv1.2\""));
}

static void reads_zones(void) {
    struct site site;
    site_read(&site,
              "limit_req_zone $remote_user zone=a:1m rate=1r/s; limit_conn_zone $host zone=c:1m;\n"
              "proxy_cache_path /c keys_zone=k:10m;\n"
              "server { limit_req zone=a burst=5; limit_conn b 1; proxy_cache k; \n"
              "location / { proxy_cache off; } location /v { proxy_cache $host; } }");
    CU_ASSERT_EQUAL(site.diagnostics.all.count, 0);
    CU_ASSERT_EQUAL_FATAL(site.model.zones.count, 3);
    const struct zone *zone = map_find(&site.model.zones, SLICE("k"));
    CU_ASSERT_PTR_NOT_NULL_FATAL(zone);
    CU_ASSERT_EQUAL(zone->kind, ZONE_CACHE);
    CU_ASSERT_EQUAL(zone->size, 10 << 20);
    CU_ASSERT_EQUAL_FATAL(site.model.zone_references.count, 3);
    CU_ASSERT_TRUE(text_is(site.model.zone_references.items[0].name, "a"));
    CU_ASSERT_TRUE(text_is(site.model.zone_references.items[1].name, "b"));
    CU_ASSERT_EQUAL(site.model.zone_references.items[1].kind, ZONE_LIMIT_CONN);
    site_release(&site);
    static const struct site_failure rows[] = {
        {"limit_req_zone $host zone=a:1k rate=1r/s;", DIAGNOSTIC_INVALID_SIZE, "zone=a:1k"},
        {"limit_conn_zone $host zone=a;", DIAGNOSTIC_INVALID_SIZE, "zone=a"},
        {"limit_conn_zone $host name=a:1m;", DIAGNOSTIC_UNKNOWN_PARAMETER, "name=a:1m"},
        {"limit_conn_zone $nope_not_there zone=a:1m;", DIAGNOSTIC_UNKNOWN_VARIABLE,
         "$nope_not_there"},
        {"limit_conn_zone $host zone=a:1m; limit_conn_zone $uri zone=a:1m;",
         DIAGNOSTIC_DUPLICATE_DIRECTIVE, "limit_conn_zone"},
        {"server { limit_req burst=5; }", DIAGNOSTIC_INVALID_VALUE, "limit_req"},
    };
    CHECK_FAILURES(rows);
}

static void check_definition(const char *text) {
    struct site site;
    site_read(&site, text);
    CU_ASSERT_EQUAL(site.diagnostics.all.count, 0);
    const struct config_variable *variable = map_find(&site.model.variables_by_name, SLICE("a"));
    CU_ASSERT_PTR_NOT_NULL_FATAL(variable);
    CU_ASSERT_EQUAL(variable->definitions.items[0].kind, DEFINED_ELSEWHERE);
    site_release(&site);
}

static void knows_the_variables_they_define(void) {
    check_definition("keyval $uri $a zone=z; server { return 200 $a; }");
    check_definition("num_map $uri $a { } server { return 200 $a; }");
}

/* One error for each kind of thing, with a note at the second place. */
static void reports_each_refusal_once(void) {
    struct site site;
    site_read(
        &site,
        "server { sub_filter_once on; location / { sub_filter_once off; sub_filter_types *; } }");
    CU_ASSERT_TRUE(model_refuse_unsupported(&site.model));
    CU_ASSERT_EQUAL_FATAL(site.diagnostics.all.count, 2);
    CU_ASSERT_TRUE(
        site_has(&site, site.diagnostics.all.items[0], DIAGNOSTIC_NOT_RUN_YET, "sub_filter_once"));
    CU_ASSERT_TRUE(text_is(site.diagnostics.all.items[0]->message,
                           "directive \"sub_filter_once\" is not run by rpcd yet"));
    CU_ASSERT_EQUAL(site.diagnostics.all.items[0]->notes.count, 1);
    CU_ASSERT_TRUE(
        site_has(&site, site.diagnostics.all.items[1], DIAGNOSTIC_NOT_RUN_YET, "sub_filter_types"));
    site_release(&site);
}

static void refuses_what_serves_nothing(void) {
    static const char *const texts[] = {"", "upstream a { server b; }", "location / { }",
                                        "events { } http { }"};
    for (size_t i = 0; i < sizeof texts / sizeof texts[0]; i++) {
        struct site site;
        site_read(&site, texts[i]);
        CU_ASSERT_EQUAL(site.diagnostics.all.count, 0);
        CU_ASSERT_TRUE(model_refuse_unsupported(&site.model));
        CU_ASSERT_EQUAL_FATAL(site.diagnostics.all.count, 1);
        CU_ASSERT_TRUE(site_has(&site, site.diagnostics.all.items[0], DIAGNOSTIC_MISSING_HTTP, ""));
        site_release(&site);
    }
    struct site site;
    site_read(&site, "server { }");
    CU_ASSERT_FALSE(model_refuse_unsupported(&site.model));
    site_release(&site);
}

UNIT_TESTS("model/listed", {"checks place, count and flags", checks_place_count_and_flags},
           {"refuses a block as a whole", refuses_a_block_as_a_whole},
           {"reads rewrites", reads_rewrites}, {"reads TLS settings", reads_tls_settings},
           {"reads zones", reads_zones},
           {"knows the variables they define", knows_the_variables_they_define},
           {"reports each refusal once", reports_each_refusal_once},
           {"refuses what serves nothing", refuses_what_serves_nothing})
