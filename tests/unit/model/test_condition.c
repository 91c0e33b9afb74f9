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

/* The help fits the slip. */
static void says_what_to_write(void) {
    static const struct {
        const char *condition;
        const char *underlined;
        const char *help;
    } rows[] = {
        {"()", "()", "if ($variable)"},
        {"$uri", "$uri", "if ($variable)"},
        {"($uri", "($uri", "if ($variable)"},
        {"$uri)", "$uri)", "if ($variable)"},
        {"($)", "$", "if ($variable)"},
        {"(\"$uri\" = a)", "\"$uri\"", "without quotes"},
        {"(${uri})", "${uri}", "write \"$uri\""},
        {"($uri))", "$uri)", "too many"},
        {"($uri$host)", "$uri$host", "set $name \"$uri$host\""},
        {"($1 = a)", "$1", "set $name \"$1\""},
        {"($uri = )", "=", "empty text"},
        {"($uri !~*)", "!~*", "empty text"},
        {"($uri == a)", "==", "write \"=\""},
        {"($uri =~ a)", "=~", "write \"~\""},
        {"($uri <> a)", "<>", "write \"!=\""},
        {"($uri like a)", "like", "the operators are"},
        {"($uri like)", "like", "the operators are"},
        {"($uri && $host)", "&&", "$a:$b"},
        {"($uri = a && $host = b)", "&&", "$a:$b"},
        {"($uri = a) OR ($host = b)", "OR", "$a:$b"},
        {"($uri = a b)", "b)", "between quotes"},
        {"(! -f /a)", "!", "!-f"},
        {"(-f)", "-f", "the name behind it"},
        {"(!-e )", "!-e", "the name behind it"},
        {"(-f /a b)", "-f", "between quotes"},
        {"(-r /a)", "-r", "-f, -d, -e and -x"},
        {"(!-r /a)", "!-r", "-f, -d, -e and -x"},
    };
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        char text[128];
        snprintf(text, sizeof text, "server { if %s { return 403; } }", rows[i].condition);
        CU_ASSERT_TRUE(site_says(text, SEVERITY_ERROR, DIAGNOSTIC_INVALID_VALUE, rows[i].underlined,
                                 rows[i].help));
    }
    CU_ASSERT_TRUE(site_says("server { if ($uri) { } else { } }", SEVERITY_ERROR,
                             DIAGNOSTIC_UNKNOWN_DIRECTIVE, "else", "opposite"));
    CU_ASSERT_TRUE(site_says("server { location / { if ($uri) { if ($host) { } } } }",
                             SEVERITY_ERROR, DIAGNOSTIC_WRONG_CONTEXT, "if", "not nested"));
    CU_ASSERT_TRUE(site_says("server { if { } }", SEVERITY_ERROR, DIAGNOSTIC_WRONG_ARGUMENT_COUNT,
                             "if", "($variable ~ regex)"));
}

/* A regular expression with braces goes between quotes; without, nginx sees a block. */
static void knows_braces_of_expressions(void) {
    static const char *const texts[] = {"server { if ($uri ~ \"^/a{2}\") { return 403; } }",
                                        "server { if ($uri ~ '^/a{2,}$') { return 403; } }",
                                        "server { if ($uri){ return 403; } }"};
    CHECK_CLEAN(texts);
    site_read(&site, "server { if ($uri ~ ^/a{2}) { return 403; } }");
    bool has_said = false;
    for (size_t i = 0; i < site.diagnostics.all.count; i++) {
        const struct diagnostic *diagnostic = site.diagnostics.all.items[i];
        has_said = has_said || slice_ends_with(diagnostic->help, SLICE("between quotes"));
    }
    CU_ASSERT_TRUE(has_said);
    site_release(&site);
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
           {"says what to write", says_what_to_write},
           {"knows braces of expressions", knows_braces_of_expressions},
           {"reads conditions", reads_conditions})
