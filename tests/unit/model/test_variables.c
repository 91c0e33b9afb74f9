/* Definitions of variables, and what references to them mean. */
#include "site.h"

static struct site site;

static void does_not_mind_the_order(void) {
    CU_ASSERT_TRUE(site_is_clean("server { return 200 $a; set $a b; }"));
    CU_ASSERT_TRUE(site_is_clean("log_format x $a; server { set $A b; }"));
    CU_ASSERT_TRUE(site_is_clean("server { set $a $a; }"));
}

static void suggests_names(void) {
    CU_ASSERT_TRUE(site_says("server { return 200 $htp_host; }", SEVERITY_ERROR,
                             DIAGNOSTIC_UNKNOWN_VARIABLE, "$htp_host", "write \"$http_host\""));
    CU_ASSERT_TRUE(site_says("server { set $target a; return 200 $targt; }", SEVERITY_ERROR,
                             DIAGNOSTIC_UNKNOWN_VARIABLE, "$targt", "write \"$target\""));
    CU_ASSERT_TRUE(site_says("server { return 200 $zzzzzzzz; }", SEVERITY_ERROR,
                             DIAGNOSTIC_UNKNOWN_VARIABLE, "$zzzzzzzz", "define it"));
}

/* The rest of the site may define what a snippet uses. */
static void trusts_snippets(void) {
    site_read(&site, "proxy_pass http://$my_backend_of_choice; proxy_set_header Host $host;");
    CU_ASSERT_EQUAL(site.diagnostics.all.count, 0);
    CU_ASSERT_EQUAL_FATAL(site.model.variables.count, 1);
    CU_ASSERT_EQUAL(site.model.variables.items[0]->definitions.items[0].kind, DEFINED_ELSEWHERE);
    site_release(&site);
    CU_ASSERT_TRUE(site_says("proxy_pass http://$htp_host;", SEVERITY_WARNING,
                             DIAGNOSTIC_UNKNOWN_VARIABLE, "$htp_host", "$http_host"));
}

static void protects_variables_of_nginx(void) {
    static const struct site_failure rows[] = {
        {"server { set $host a; }", DIAGNOSTIC_READ_ONLY_VARIABLE, "$host"},
        {"server { set $http_host a; }", DIAGNOSTIC_READ_ONLY_VARIABLE, "$http_host"},
        {"server { set $document_root a; }", DIAGNOSTIC_READ_ONLY_VARIABLE, "$document_root"},
        {"map $uri $host { default a; }", DIAGNOSTIC_READ_ONLY_VARIABLE, "$host"},
        {"server { server_name ~(?<host>a); }", DIAGNOSTIC_READ_ONLY_VARIABLE, "(?<host>a)"},
    };
    CHECK_FAILURES(rows);
    CU_ASSERT_TRUE(site_refuses("server { set $msie 1; }", "setting the variable \"$msie\""));
    CU_ASSERT_TRUE(site_is_clean("server { set $args a=b; }"));
    CU_ASSERT_TRUE(site_is_clean("server { set $http_x a; return 200 $http_x; }"));
}

static void prefers_what_the_site_defines(void) {
    site_read(&site, "server { set $http_x a; return 200 $http_x$http_y; }");
    const struct template *text = &site.model.servers.items[0]->rewrite.steps.items[1].text;
    CU_ASSERT_EQUAL(text->parts.items[0].kind, PART_CONFIG);
    CU_ASSERT_EQUAL(text->parts.items[1].kind, PART_BUILTIN);
    site_release(&site);
}

static void refuses_what_is_no_name(void) {
    static const struct site_failure rows[] = {
        {"server { set a b; }", DIAGNOSTIC_INVALID_VARIABLE, "a"},
        {"server { set $ b; }", DIAGNOSTIC_INVALID_VARIABLE, "$"},
        {"server { set '' b; }", DIAGNOSTIC_INVALID_VARIABLE, "''"},
    };
    CHECK_FAILURES(rows);
    CU_ASSERT_TRUE(site_says("server { set $a-b c; }", SEVERITY_WARNING,
                             DIAGNOSTIC_INVALID_VARIABLE, "$a-b", NULL));
}

static void numbers_the_defined_ones(void) {
    site_read(&site, "server { set $b $http_x; set $a $b; return 200 $host; }");
    CU_ASSERT_EQUAL_FATAL(site.model.variables.count, 2);
    CU_ASSERT_TRUE(text_is(site.model.variables.items[0]->name, "b"));
    CU_ASSERT_TRUE(text_is(site.model.variables.items[1]->name, "a"));
    CU_ASSERT_EQUAL(site.model.variables.items[0]->slot, 0);
    CU_ASSERT_EQUAL(site.model.variables.items[1]->slot, 1);
    CU_ASSERT_PTR_EQUAL(map_find(&site.model.variables_by_name, SLICE("a")),
                        site.model.variables.items[1]);
    CU_ASSERT_PTR_NULL(map_find(&site.model.variables_by_name, SLICE("http_x")));
    site_release(&site);
}

static void names_variables_that_do_not_run(void) {
    CU_ASSERT_TRUE(site_refuses("server { return 200 $ssl_sigalg; }", "variable \"$ssl_sigalg\""));
    CU_ASSERT_TRUE(site_refuses("server { return 200 $upstream_cookie_a; }",
                                "variable \"$upstream_cookie_a\""));
}

UNIT_TESTS("model/variables", {"does not mind the order", does_not_mind_the_order},
           {"suggests names", suggests_names}, {"trusts snippets", trusts_snippets},
           {"protects variables of nginx", protects_variables_of_nginx},
           {"prefers what the site defines", prefers_what_the_site_defines},
           {"refuses what is no name", refuses_what_is_no_name},
           {"numbers the defined ones", numbers_the_defined_ones},
           {"names variables that do not run", names_variables_that_do_not_run})
