/* The server_name directive. */
#include "site.h"

static struct site site;

static void tells_kinds(void) {
    site_read(&site, "server { server_name WWW.Example.com *.example.com .example.org "
                     "www.example.* ~^a ~^B \"\"; }");
    CU_ASSERT_EQUAL(site.diagnostics.all.count, 0);
    const struct server *server = site.model.servers.items[0];
    CU_ASSERT_EQUAL_FATAL(server->names.count, 7);
    struct server_name *const *names = server->names.items;
    CU_ASSERT_EQUAL(names[0]->kind, SERVER_NAME_EXACT);
    CU_ASSERT_TRUE(text_is(names[0]->text, "www.example.com"));
    CU_ASSERT_EQUAL(names[1]->kind, SERVER_NAME_LEADING);
    CU_ASSERT_TRUE(text_is(names[1]->text, ".example.com"));
    CU_ASSERT_EQUAL(names[2]->kind, SERVER_NAME_BOTH);
    CU_ASSERT_TRUE(text_is(names[2]->text, ".example.org"));
    CU_ASSERT_EQUAL(names[3]->kind, SERVER_NAME_TRAILING);
    CU_ASSERT_TRUE(text_is(names[3]->text, "www.example."));
    CU_ASSERT_EQUAL(names[4]->kind, SERVER_NAME_REGEX);
    CU_ASSERT_FALSE(names[4]->regex->ignore_case);
    CU_ASSERT_TRUE(names[5]->regex->ignore_case);
    CU_ASSERT_TRUE(text_is(names[5]->regex->pattern, "^B"));
    CU_ASSERT_EQUAL(names[6]->kind, SERVER_NAME_EXACT);
    CU_ASSERT_EQUAL(names[6]->text.size, 0);
    site_release(&site);
}

static void implies_the_empty_name(void) {
    site_read(&site, "server { }");
    CU_ASSERT_EQUAL_FATAL(site.model.servers.items[0]->names.count, 1);
    CU_ASSERT_EQUAL(site.model.servers.items[0]->names.items[0]->text.size, 0);
    CU_ASSERT_PTR_NULL(site.model.servers.items[0]->names.items[0]->word);
    site_release(&site);
}

static void refuses_invalid_names(void) {
    static const char *const names[] = {"*",    "*.",   ".",   "*a.b", "a.*.b", "*.a.*",
                                        ".a.*", "a..b", "*.*", "a*",   "~"};
    for (size_t i = 0; i < sizeof names / sizeof names[0]; i++) {
        char text[64];
        snprintf(text, sizeof text, "server { server_name %s; }", names[i]);
        CU_ASSERT_TRUE(site_fails(text, DIAGNOSTIC_INVALID_VALUE, names[i]));
    }
    CU_ASSERT_TRUE(site_fails("server { server_name ~a(b; }", DIAGNOSTIC_INVALID_REGEX, ""));
}

static void warns_of_paths(void) {
    CU_ASSERT_TRUE(site_says("server { server_name a/b; }", SEVERITY_WARNING,
                             DIAGNOSTIC_INVALID_VALUE, "a/b", "host alone"));
}

static void defines_captures(void) {
    site_read(&site, "server { server_name ~^(?<Sub>.+)\\.(?<zone>a)$; return 200 $sub$zone; }");
    CU_ASSERT_EQUAL(site.diagnostics.all.count, 0);
    const struct regex *regex = site.model.servers.items[0]->names.items[0]->regex;
    CU_ASSERT_EQUAL(regex->capture_count, 2);
    CU_ASSERT_EQUAL_FATAL(regex->names.count, 2);
    /* The expression's own spelling, and the variable in lower case. */
    CU_ASSERT_TRUE(text_is(regex->capture_names.items[0], "Sub"));
    CU_ASSERT_TRUE(text_is(regex->names.items[0]->name, "sub"));
    CU_ASSERT_EQUAL(regex->names.items[0]->definitions.items[0].kind, DEFINED_BY_CAPTURE);
    CU_ASSERT_PTR_EQUAL(regex->names.items[0]->definitions.items[0].regex, regex);
    site_release(&site);
}

static void names_what_does_not_run(void) {
    CU_ASSERT_TRUE(site_refuses("server { server_name $hostname; }", "server name \"$hostname\""));
}

UNIT_TESTS("model/server_name", {"tells kinds", tells_kinds},
           {"implies the empty name", implies_the_empty_name},
           {"refuses invalid names", refuses_invalid_names}, {"warns of paths", warns_of_paths},
           {"defines captures", defines_captures},
           {"names what does not run", names_what_does_not_run})
