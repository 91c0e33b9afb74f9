/* auth_request and auth_request_set. What is taken and what is not agrees with nginx 1.22 -t. */
#include "site.h"

static struct site site;

static void inherits_both_apart(void) {
    site_read(&site,
              "auth_request /a; auth_request_set $x $host; auth_request_set $y 1; server {"
              " location /a { } location /b { auth_request off; }"
              " location /c { auth_request_set $x 2; } location /d { auth_request \"\"; } }");
    CU_ASSERT_EQUAL(site.diagnostics.all.count, 0);
    struct location *const *locations = site.model.servers.items[0]->locations.items;
    static const struct {
        const char *path;
        size_t count;
    } expected[] = {{"/a", 2}, {"", 2}, {"/a", 1}, {"", 2}};
    for (size_t i = 0; i < 4; i++) {
        const struct settings *settings = locations[i]->settings;
        CU_ASSERT_TRUE(slice_equals(settings->auth_request, slice_from_string(expected[i].path)));
        CU_ASSERT_EQUAL(settings->auth_request_set.list.count, expected[i].count);
    }
    site_release(&site);
}

static void defines_variables(void) {
    site_read(&site, "server { auth_request_set $A $upstream_status; return 200 $a; }");
    CU_ASSERT_EQUAL(site.diagnostics.all.count, 0);
    const struct config_variable *variable = map_find(&site.model.variables_by_name, SLICE("a"));
    CU_ASSERT_PTR_NOT_NULL_FATAL(variable);
    CU_ASSERT_EQUAL(variable->definitions.items[0].kind, DEFINED_BY_REPLY);
    const struct assignment_setting *assignment =
        &site.model.servers.items[0]->settings->auth_request_set.list.items[0];
    CU_ASSERT_PTR_EQUAL(assignment->variable, variable);
    site_release(&site);
}

static void reports_mistakes(void) {
    static const struct site_failure rows[] = {
        {"server { auth_request /a; auth_request /b; }", DIAGNOSTIC_DUPLICATE_DIRECTIVE,
         "auth_request"},
        {"server { auth_request; }", DIAGNOSTIC_WRONG_ARGUMENT_COUNT, "auth_request"},
        {"server { auth_request_set $a; }", DIAGNOSTIC_WRONG_ARGUMENT_COUNT, "auth_request_set"},
        {"server { auth_request_set a b; }", DIAGNOSTIC_INVALID_VARIABLE, "a"},
        {"server { auth_request_set $uri b; }", DIAGNOSTIC_READ_ONLY_VARIABLE, "$uri"},
        {"server { auth_request_set $upstream_status b; }", DIAGNOSTIC_READ_ONLY_VARIABLE,
         "$upstream_status"},
        {"server { auth_request_set $a $nope; }", DIAGNOSTIC_UNKNOWN_VARIABLE, "$nope"},
        {"server { if ($host) { auth_request /a; } }", DIAGNOSTIC_WRONG_CONTEXT, "auth_request"},
        {"server { location / { limit_except GET { auth_request /a; } } }",
         DIAGNOSTIC_WRONG_CONTEXT, "auth_request"},
        {"server { log_subrequest maybe; }", DIAGNOSTIC_INVALID_FLAG, "maybe"},
    };
    CHECK_FAILURES(rows);
}

static void warns_of_what_is_taken_literally(void) {
    CU_ASSERT_TRUE(site_says("server { auth_request /a?b; }", SEVERITY_WARNING,
                             DIAGNOSTIC_INVALID_VALUE, "/a?b", "proxy_pass"));
    CU_ASSERT_TRUE(site_says("server { auth_request /$host; }", SEVERITY_WARNING,
                             DIAGNOSTIC_INVALID_VALUE, "/$host", "proxy_set_header"));
    CU_ASSERT_TRUE(site_says("server { auth_request @auth; }", SEVERITY_WARNING,
                             DIAGNOSTIC_INVALID_VALUE, "@auth", "/auth"));
}

UNIT_TESTS("model/auth_request", {"inherits both apart", inherits_both_apart},
           {"defines variables", defines_variables}, {"reports mistakes", reports_mistakes},
           {"warns of what is taken literally", warns_of_what_is_taken_literally})
