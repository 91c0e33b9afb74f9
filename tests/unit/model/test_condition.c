/* if and limit_except. */
#include "site.h"

static struct site site;

static void models_blocks_as_nameless_locations(void) {
    site_read(&site,
              "server { if ($uri) { return 403; }\n"
              "location / { if ($host) { add_header A b; } limit_except GET { deny all; } } }");
    CU_ASSERT_EQUAL(site.diagnostics.all.count, 0);
    const struct server *server = site.model.servers.items[0];
    CU_ASSERT_EQUAL_FATAL(server->conditions.count, 1);
    CU_ASSERT_TRUE(server->conditions.items[0]->is_condition);
    CU_ASSERT_EQUAL(server->conditions.items[0]->rewrite.steps.count, 1);
    CU_ASSERT_EQUAL_FATAL(server->locations.count, 1);
    const struct location *location = server->locations.items[0];
    CU_ASSERT_EQUAL_FATAL(location->nested.count, 2);
    CU_ASSERT_TRUE(location->nested.items[0]->is_condition);
    CU_ASSERT_EQUAL(location->nested.items[0]->settings->add_header.list.count, 1);
    CU_ASSERT_EQUAL(location->settings->add_header.list.count, 0);
    CU_ASSERT_PTR_EQUAL(location->nested.items[1]->parent, location);
    site_release(&site);
}

static void accepts_conditions(void) {
    static const char *const texts[] = {
        "server { if ($uri) { } }",
        "server { if ( $uri ) { } }",
        "server { if ($uri = a) { } }",
        "server { if ( $uri = a ) { } }",
        "server { if ($uri != \"a b\") { } }",
        "server { if ($uri ~ ^/a) { } }",
        "server { if ($uri !~* ^/a) { } }",
        "server { if (-f $uri) { } }",
        "server { if (!-e $uri) { } }",
        "server { if ($uri ~ ^/(?<tail>.*)) { return 200 $tail; } }",
    };
    CHECK_CLEAN(texts);
}

static void reports_mistakes(void) {
    static const struct site_failure rows[] = {
        {"server { if $uri { } }", DIAGNOSTIC_INVALID_VALUE, "$uri"},
        {"server { if () { } }", DIAGNOSTIC_INVALID_VALUE, "()"},
        {"server { if ( ) { } }", DIAGNOSTIC_INVALID_VALUE, "( )"},
        {"server { if (uri = a) { } }", DIAGNOSTIC_INVALID_VALUE, "uri"},
        {"server { if ($uri == a) { } }", DIAGNOSTIC_INVALID_VALUE, "=="},
        {"server { if ($uri a) { } }", DIAGNOSTIC_INVALID_VALUE, "a"},
        {"server { if ($uri = a b) { } }", DIAGNOSTIC_INVALID_VALUE, "b)"},
        {"server { if ($uri ~ a[) { } }", DIAGNOSTIC_INVALID_REGEX, ""},
        {"server { if ($nope_not_there) { } }", DIAGNOSTIC_UNKNOWN_VARIABLE, "$nope_not_there"},
        {"server { location / { limit_except FOO { } } }", DIAGNOSTIC_INVALID_VALUE, "FOO"},
        {"server { if ($uri) { proxy_pass http://a; } }", DIAGNOSTIC_WRONG_CONTEXT, "proxy_pass"},
        {"server { if ($uri) { if ($host) { } } }", DIAGNOSTIC_WRONG_CONTEXT, "if"},
    };
    CHECK_FAILURES(rows);
}

static void names_what_does_not_run(void) {
    CU_ASSERT_TRUE(site_refuses("server { if ($uri) { return 403; } }", "directive \"if\""));
    CU_ASSERT_TRUE(site_refuses("server { location / { limit_except GET { } } }",
                                "directive \"limit_except\""));
}

UNIT_TESTS("model/condition",
           {"models blocks as nameless locations", models_blocks_as_nameless_locations},
           {"accepts conditions", accepts_conditions}, {"reports mistakes", reports_mistakes},
           {"names what does not run", names_what_does_not_run})
