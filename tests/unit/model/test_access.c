/* allow and deny, internal and limit_except. What is taken and what is not agrees with nginx 1.22
 * -t. */
#include "site.h"

static struct site site;

static const struct access_rule_list *rules_of(const char *inside) {
    static char text[256];
    snprintf(text, sizeof text, "server { %s }", inside);
    site_read(&site, text);
    return &site.model.servers.items[0]->settings->allow;
}

static void keeps_rules_in_order(void) {
    const struct access_rule_list *rules =
        rules_of("deny 192.0.2.1; allow 192.0.2.0/24; allow 2001:db8::/32; allow unix:; deny all;");
    static const struct {
        enum table_client_match match;
        bool deny;
        uint32_t prefix;
    } expected[] = {{TABLE_CLIENT_IPV4, true, 32},
                    {TABLE_CLIENT_IPV4, false, 24},
                    {TABLE_CLIENT_IPV6, false, 32},
                    {TABLE_CLIENT_UNIX, false, 0},
                    {TABLE_CLIENT_ALL, true, 0}};
    CU_ASSERT_EQUAL(site.diagnostics.all.count, 0);
    CU_ASSERT_EQUAL_FATAL(rules->list.count, 5);
    for (size_t i = 0; i < 5; i++) {
        CU_ASSERT_EQUAL(rules->list.items[i].network.match, expected[i].match);
        CU_ASSERT_EQUAL(rules->list.items[i].deny, expected[i].deny);
        CU_ASSERT_EQUAL(rules->list.items[i].network.prefix, expected[i].prefix);
    }
    site_release(&site);
}

/* One rule of either kind replaces the whole list around. */
static void inherits_the_whole_list_or_none(void) {
    site_read(&site, "allow 192.0.2.1; deny all; server { location /a { }"
                     " location /b { deny 192.0.2.9; location /b/c { } }"
                     " location /d { limit_except GET { allow all; } } }");
    CU_ASSERT_EQUAL(site.diagnostics.all.count, 0);
    struct location *const *locations = site.model.servers.items[0]->locations.items;
    CU_ASSERT_EQUAL(locations[0]->settings->allow.list.count, 2);
    CU_ASSERT_FALSE(locations[0]->settings->is_own[SETTING_allow]);
    CU_ASSERT_EQUAL_FATAL(locations[1]->settings->allow.list.count, 1);
    CU_ASSERT_TRUE(locations[1]->settings->is_own[SETTING_allow]);
    CU_ASSERT_TRUE(locations[1]->settings->allow.list.items[0].deny);
    CU_ASSERT_EQUAL(locations[1]->nested.items[0]->settings->allow.list.count, 1);
    CU_ASSERT_EQUAL(locations[2]->settings->allow.list.count, 2);
    CU_ASSERT_EQUAL_FATAL(locations[2]->limited->settings->allow.list.count, 1);
    CU_ASSERT_FALSE(locations[2]->limited->settings->allow.list.items[0].deny);
    site_release(&site);
}

static void reports_mistakes_in_rules(void) {
    static const struct site_failure rows[] = {
        {"server { allow localhost; }", DIAGNOSTIC_INVALID_ADDRESS, "localhost"},
        {"server { deny example.com; }", DIAGNOSTIC_INVALID_ADDRESS, "example.com"},
        {"server { allow ALL; }", DIAGNOSTIC_INVALID_ADDRESS, "ALL"},
        {"server { allow unix; }", DIAGNOSTIC_INVALID_ADDRESS, "unix"},
        {"server { allow unix:/socket; }", DIAGNOSTIC_INVALID_ADDRESS, "unix:/socket"},
        {"server { allow \"\"; }", DIAGNOSTIC_INVALID_ADDRESS, "\"\""},
        {"server { allow $host; }", DIAGNOSTIC_INVALID_ADDRESS, "$host"},
        {"server { allow 192.0.2.1:80; }", DIAGNOSTIC_INVALID_ADDRESS, "192.0.2.1:80"},
        {"server { allow 192.0.2.1 192.0.2.2; }", DIAGNOSTIC_WRONG_ARGUMENT_COUNT, "192.0.2.2"},
        {"server { deny; }", DIAGNOSTIC_WRONG_ARGUMENT_COUNT, "deny"},
        {"server { if ($uri) { deny all; } }", DIAGNOSTIC_WRONG_CONTEXT, "deny"},
        {"server { location / { if ($uri) { allow all; } } }", DIAGNOSTIC_WRONG_CONTEXT, "allow"},
        {"server { satisfy some; }", DIAGNOSTIC_INVALID_VALUE, "some"},
    };
    CHECK_FAILURES(rows);
    CU_ASSERT_TRUE(site_says("server { allow localhost; }", SEVERITY_ERROR,
                             DIAGNOSTIC_INVALID_ADDRESS, "localhost", "192.0.2.0/24"));
}

static void takes_internal_once(void) {
    static const struct site_failure rows[] = {
        {"server { location / { internal; internal; } }", DIAGNOSTIC_DUPLICATE_DIRECTIVE,
         "internal"},
        {"server { location / { internal on; } }", DIAGNOSTIC_WRONG_ARGUMENT_COUNT, "on"},
        {"server { internal; location / { } }", DIAGNOSTIC_WRONG_CONTEXT, "internal"},
        {"server { location / { if ($uri) { internal; } } }", DIAGNOSTIC_WRONG_CONTEXT, "internal"},
    };
    CHECK_FAILURES(rows);
    site_read(&site, "server { location /a { internal; location /a/b { internal; }"
                     " location /a/c { } } location /d { location /d/e { internal; } } }");
    CU_ASSERT_EQUAL(site.diagnostics.all.count, 0);
    struct location *const *locations = site.model.servers.items[0]->locations.items;
    CU_ASSERT_TRUE(locations[0]->is_internal);
    CU_ASSERT_TRUE(locations[0]->nested.items[0]->is_internal);
    CU_ASSERT_TRUE(locations[0]->nested.items[1]->is_internal);
    CU_ASSERT_FALSE(locations[1]->is_internal);
    CU_ASSERT_TRUE(locations[1]->nested.items[0]->is_internal);
    site_release(&site);
}

static bool has_method(const struct location *location, const char *method) {
    for (size_t i = 0; i < location->limited_except.count; i++) {
        if (text_is(location->limited_except.items[i], method)) {
            return true;
        }
    }
    return false;
}

static void knows_methods(void) {
    site_read(&site, "server { location /a { limit_except GET { } }"
                     " location /b { limit_except head post { } }"
                     " location /c { limit_except PUT DELETE MKCOL COPY MOVE OPTIONS PROPFIND"
                     "  PROPPATCH LOCK UNLOCK PATCH { } } }");
    CU_ASSERT_EQUAL(site.diagnostics.all.count, 0);
    struct location *const *locations = site.model.servers.items[0]->locations.items;
    CU_ASSERT_EQUAL(locations[0]->limited_except.count, 2); /* who may GET may HEAD */
    CU_ASSERT_TRUE(has_method(locations[0], "GET") && has_method(locations[0], "HEAD"));
    CU_ASSERT_EQUAL(locations[1]->limited_except.count, 2);
    CU_ASSERT_TRUE(has_method(locations[1], "HEAD") && has_method(locations[1], "POST"));
    CU_ASSERT_EQUAL(locations[2]->limited_except.count, 11);
    CU_ASSERT_PTR_NOT_NULL_FATAL(locations[0]->limited);
    CU_ASSERT_TRUE(locations[0]->limited->is_condition);
    CU_ASSERT_PTR_EQUAL(locations[0]->limited->parent, locations[0]);
    site_release(&site);
}

static void reports_mistakes_in_limit_except(void) {
    static const struct site_failure rows[] = {
        {"server { location / { limit_except FOO { } } }", DIAGNOSTIC_INVALID_VALUE, "FOO"},
        {"server { location / { limit_except TRACE { } } }", DIAGNOSTIC_INVALID_VALUE, "TRACE"},
        {"server { location / { limit_except GET CONNECT { } } }", DIAGNOSTIC_INVALID_VALUE,
         "CONNECT"},
        {"server { location / { limit_except { } } }", DIAGNOSTIC_WRONG_ARGUMENT_COUNT,
         "limit_except"},
        {"server { location / { limit_except GET; } }", DIAGNOSTIC_EXPECTED_BLOCK, "limit_except"},
        {"server { limit_except GET { } location / { } }", DIAGNOSTIC_WRONG_CONTEXT,
         "limit_except"},
        {"server { location / { limit_except GET { return 403; } } }", DIAGNOSTIC_WRONG_CONTEXT,
         "return"},
        {"server { location / { limit_except GET { limit_except GET { } } } }",
         DIAGNOSTIC_WRONG_CONTEXT, "limit_except"},
        {"server { location / { limit_except GET { } limit_except POST { } } }",
         DIAGNOSTIC_DUPLICATE_DIRECTIVE, "limit_except"},
        {"server { location / { limit_except GET { proxy_pass http://a/b; } } }",
         DIAGNOSTIC_PROXY_PASS_URI, "/b"},
    };
    CHECK_FAILURES(rows);
    CU_ASSERT_TRUE(site_says("server { location / { limit_except GTE { } } }", SEVERITY_ERROR,
                             DIAGNOSTIC_INVALID_VALUE, "GTE", "write \"GET\""));
    CU_ASSERT_TRUE(site_says("server { location / { limit_except TRACE { } } }", SEVERITY_ERROR,
                             DIAGNOSTIC_INVALID_VALUE, "TRACE", "GET, HEAD, POST"));
}

UNIT_TESTS("model/access", {"keeps rules in order", keeps_rules_in_order},
           {"inherits the whole list or none", inherits_the_whole_list_or_none},
           {"reports mistakes in rules", reports_mistakes_in_rules},
           {"takes internal once", takes_internal_once}, {"knows methods", knows_methods},
           {"reports mistakes in limit_except", reports_mistakes_in_limit_except})
