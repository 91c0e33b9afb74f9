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
        {"server { if ($1) { } }", DIAGNOSTIC_INVALID_VALUE, "$1"},
        {"server { if ($host$uri) { } }", DIAGNOSTIC_INVALID_VALUE, "$host$uri"},
        {"server { location / { limit_except FOO { } } }", DIAGNOSTIC_INVALID_VALUE, "FOO"},
        {"server { if ($uri) { proxy_pass http://a; } }", DIAGNOSTIC_WRONG_CONTEXT, "proxy_pass"},
        {"server { if ($uri) { if ($host) { } } }", DIAGNOSTIC_WRONG_CONTEXT, "if"},
    };
    CHECK_FAILURES(rows);
}

/* The only step of the only server's rewrite phase. */
static const struct condition *only_condition(struct site *read) {
    CU_ASSERT_EQUAL_FATAL(read->model.servers.items[0]->rewrite.steps.count, 1);
    CU_ASSERT_EQUAL_FATAL(read->model.servers.items[0]->rewrite.steps.items[0].kind, REWRITE_IF);
    return read->model.servers.items[0]->rewrite.steps.items[0].condition;
}

static void reads_conditions(void) {
    static const struct {
        const char *text;
        enum condition_kind kind;
        bool is_negated;
        enum table_file_test test;
    } rows[] = {
        {"server { if ($uri) { } }", CONDITION_TRUE, false, 0},
        {"server { if ( $uri ) { } }", CONDITION_TRUE, false, 0},
        {"server { if ($uri = a) { } }", CONDITION_EQUAL, false, 0},
        {"server { if ($uri != a) { } }", CONDITION_EQUAL, true, 0},
        {"server { if ($uri ~ a) { } }", CONDITION_REGEX, false, 0},
        {"server { if ($uri !~* a) { } }", CONDITION_REGEX, true, 0},
        {"server { if (-f /a) { } }", CONDITION_FILE, false, TABLE_FILE_REGULAR},
        {"server { if (!-d /a) { } }", CONDITION_FILE, true, TABLE_FILE_DIRECTORY},
        {"server { if (-e /a) { } }", CONDITION_FILE, false, TABLE_FILE_EXISTS},
        {"server { if (!-x /a) { } }", CONDITION_FILE, true, TABLE_FILE_EXECUTABLE},
    };
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        struct site read;
        site_read(&read, rows[i].text);
        const struct condition *condition = only_condition(&read);
        CU_ASSERT_EQUAL(condition->kind, rows[i].kind);
        CU_ASSERT_EQUAL(condition->is_negated, rows[i].is_negated);
        CU_ASSERT(condition->kind != CONDITION_FILE || condition->test == rows[i].test);
        site_release(&read);
    }
}

UNIT_TESTS("model/condition",
           {"models blocks as nameless locations", models_blocks_as_nameless_locations},
           {"accepts conditions", accepts_conditions}, {"reports mistakes", reports_mistakes},
           {"names what does not run", reads_conditions})
