/* Locations. */
#include "site.h"

static struct site site;

static void tells_kinds(void) {
    static const struct {
        const char *head;
        enum table_location_kind kind;
        const char *name;
    } rows[] = {
        {"/a", TABLE_LOCATION_PREFIX, "/a"},
        {"= /a", TABLE_LOCATION_EXACT, "/a"},
        {"=/a", TABLE_LOCATION_EXACT, "/a"},
        {"^~ /a", TABLE_LOCATION_PREFIX_NO_REGEX, "/a"},
        {"^~/a", TABLE_LOCATION_PREFIX_NO_REGEX, "/a"},
        {"~ a$", TABLE_LOCATION_REGEX, "a$"},
        {"~a$", TABLE_LOCATION_REGEX, "a$"},
        {"~* a$", TABLE_LOCATION_REGEX_NOCASE, "a$"},
        {"~*a$", TABLE_LOCATION_REGEX_NOCASE, "a$"},
        {"@a", TABLE_LOCATION_NAMED, "@a"},
        {"\"\"", TABLE_LOCATION_PREFIX, ""},
        {"= @a", TABLE_LOCATION_EXACT, "@a"},
    };
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        char text[64];
        snprintf(text, sizeof text, "server { location %s { } }", rows[i].head);
        site_read(&site, text);
        CU_ASSERT_EQUAL(site.diagnostics.all.count, 0);
        CU_ASSERT_EQUAL_FATAL(site.model.servers.items[0]->locations.count, 1);
        const struct location *location = site.model.servers.items[0]->locations.items[0];
        CU_ASSERT_EQUAL(location->kind, rows[i].kind);
        CU_ASSERT_TRUE(text_is(location->name, rows[i].name));
        bool is_regex =
            rows[i].kind == TABLE_LOCATION_REGEX || rows[i].kind == TABLE_LOCATION_REGEX_NOCASE;
        CU_ASSERT_EQUAL(location->regex != NULL, is_regex);
        CU_ASSERT_TRUE(!is_regex || location->regex->ignore_case ==
                                        (rows[i].kind == TABLE_LOCATION_REGEX_NOCASE));
        site_release(&site);
    }
}

static void nests(void) {
    site_read(&site,
              "server { location /a { location /a/b { } location ~ x { } } location /c { } }");
    CU_ASSERT_EQUAL(site.diagnostics.all.count, 0);
    const struct server *server = site.model.servers.items[0];
    CU_ASSERT_EQUAL_FATAL(server->locations.count, 2);
    const struct location *outer = server->locations.items[0];
    CU_ASSERT_EQUAL_FATAL(outer->nested.count, 2);
    CU_ASSERT_PTR_EQUAL(outer->nested.items[0]->parent, outer);
    CU_ASSERT_PTR_EQUAL(outer->nested.items[1]->server, server);
    site_release(&site);
}

static void reports_wrong_nesting(void) {
    static const struct site_failure rows[] = {
        {"server { location = /a { location /a/b { } } }", DIAGNOSTIC_LOCATION_OUTSIDE, "/a/b"},
        {"server { location @a { location /b { } } }", DIAGNOSTIC_NAMED_LOCATION_MISUSED, "/b"},
        {"server { location /a { location @b { } } }", DIAGNOSTIC_NAMED_LOCATION_MISUSED, "@b"},
        {"server { location /a { location /b { } } }", DIAGNOSTIC_LOCATION_OUTSIDE, "/b"},
        {"server { location ~ x { location /b { } } }", DIAGNOSTIC_LOCATION_OUTSIDE, "/b"},
    };
    CHECK_FAILURES(rows);
}

static void reports_duplicates(void) {
    static const struct site_failure rows[] = {
        {"server { location / { } location \"/\" { } }", DIAGNOSTIC_DUPLICATE_LOCATION, "\"/\""},
        {"server { location =/a { } location = /a { } }", DIAGNOSTIC_DUPLICATE_LOCATION, "/a"},
        {"server { location ^~ /a { } location /a { } }", DIAGNOSTIC_DUPLICATE_LOCATION, "/a"},
        {"server { location /a { location /a { } location /a { } } }",
         DIAGNOSTIC_DUPLICATE_LOCATION, "/a"},
    };
    CHECK_FAILURES(rows);
    CU_ASSERT_TRUE(site_says("server { location @a { } location @a { } }", SEVERITY_WARNING,
                             DIAGNOSTIC_DUPLICATE_LOCATION, "@a", NULL));
    static const char *const fine[] = {
        "server { location = / { } location / { } }",
        "server { location ~ a { } location ~ a { } }",
        "server { location /a { location /a { } } }",
    };
    CHECK_CLEAN(fine);
}

static void reports_other_mistakes(void) {
    static const struct site_failure rows[] = {
        {"server { location ! /a { } }", DIAGNOSTIC_INVALID_VALUE, "!"},
        {"server { location ~ \"a(b\" { } }", DIAGNOSTIC_INVALID_REGEX, ""},
        {"server { location ~ a[b-a]c { } }", DIAGNOSTIC_INVALID_REGEX, "a"},
        {"server { location / / / { } }", DIAGNOSTIC_WRONG_ARGUMENT_COUNT, "/"},
    };
    CHECK_FAILURES(rows);
}

/* What is inside a location that is wrong is looked at all the same. */
static void goes_on_inside(void) {
    site_read(&site, "server { location /a { location /b { proxy_pas x; } } }");
    CU_ASSERT_EQUAL_FATAL(site.diagnostics.all.count, 2);
    CU_ASSERT_TRUE(
        site_has(&site, site.diagnostics.all.items[1], DIAGNOSTIC_UNKNOWN_DIRECTIVE, "proxy_pas"));
    site_release(&site);
}

UNIT_TESTS("model/location", {"tells kinds", tells_kinds}, {"nests", nests},
           {"reports wrong nesting", reports_wrong_nesting},
           {"reports duplicates", reports_duplicates},
           {"reports other mistakes", reports_other_mistakes}, {"goes on inside", goes_on_inside})
