/* proxy_redirect and what is done to cookies. What is taken and what is not agrees with nginx 1.22
 * -t.
 */
#include "site.h"

static struct site site;

static const struct settings *settings_of(const char *inside) {
    static char text[512];
    snprintf(text, sizeof text, "server { location / { proxy_pass http://a; %s } }", inside);
    site_read(&site, text);
    return site.model.servers.items[0]->locations.items[0]->settings;
}

static void knows_the_forms(void) {
    const struct settings *settings =
        settings_of("proxy_redirect default; proxy_redirect a $uri; proxy_redirect ~b c;"
                    "proxy_redirect ~*d e; proxy_redirect default x;");
    const struct replacement_list *list = &settings->proxy_redirect;
    CU_ASSERT_EQUAL(site.diagnostics.all.count, 0);
    CU_ASSERT_EQUAL_FATAL(list->list.count, 5);
    CU_ASSERT_TRUE(list->list.items[0].is_default);
    CU_ASSERT_TRUE(list->list.items[1].regex == NULL && !list->list.items[1].is_default);
    CU_ASSERT_FALSE(list->list.items[2].regex->ignore_case);
    CU_ASSERT_TRUE(list->list.items[3].regex->ignore_case);
    CU_ASSERT_TRUE(slice_equals(list->list.items[3].regex->pattern, SLICE("d")));
    CU_ASSERT_FALSE(list->list.items[4].is_default); /* of two words it is a text */
    site_release(&site);
}

/* A leading dot of a domain does not count; its regexes never care for case. */
static void reads_domains(void) {
    const struct settings *settings = settings_of(
        "proxy_cookie_domain .a .b; proxy_cookie_domain . .; proxy_cookie_domain ~a b;");
    const struct replacement_list *list = &settings->proxy_cookie_domain;
    CU_ASSERT_EQUAL(site.diagnostics.all.count, 0);
    CU_ASSERT_EQUAL_FATAL(list->list.count, 3);
    CU_ASSERT_TRUE(slice_equals(list->list.items[0].pattern.parts.items[0].text, SLICE("a")));
    CU_ASSERT_TRUE(slice_equals(list->list.items[0].text.parts.items[0].text, SLICE("b")));
    CU_ASSERT_EQUAL(list->list.items[1].pattern.parts.count, 0);
    CU_ASSERT_TRUE(list->list.items[2].regex->ignore_case);
    site_release(&site);
}

static void default_holds_where_nothing_is_said(void) {
    const struct settings *settings = settings_of("");
    CU_ASSERT_EQUAL_FATAL(settings->proxy_redirect.list.count, 1);
    CU_ASSERT_TRUE(settings->proxy_redirect.list.items[0].is_default);
    CU_ASSERT_EQUAL(settings->proxy_cookie_path.list.count, 0);
    site_release(&site);
    site_read(&site,
              "proxy_redirect a b; proxy_cookie_flags a secure; server { location / {"
              " proxy_pass http://a; location /x { proxy_redirect off; proxy_cookie_flags off;"
              " proxy_pass http://a; location /x/y { proxy_pass http://a; } } } }");
    const struct location *location = site.model.servers.items[0]->locations.items[0];
    CU_ASSERT_EQUAL(location->settings->proxy_redirect.list.count, 1);
    CU_ASSERT_EQUAL(location->settings->proxy_cookie_flags.list.count, 1);
    const struct location *inner = location->nested.items[0]->nested.items[0];
    CU_ASSERT_EQUAL(inner->settings->proxy_redirect.list.count, 0);
    CU_ASSERT_EQUAL(inner->settings->proxy_cookie_flags.list.count, 0);
    site_release(&site);
}

static void reports_mistakes(void) {
    static const struct site_failure rows[] = {
        {"proxy_redirect off; proxy_redirect a b;", DIAGNOSTIC_DUPLICATE_DIRECTIVE,
         "proxy_redirect"},
        {"proxy_redirect a b; proxy_redirect off;", DIAGNOSTIC_DUPLICATE_DIRECTIVE,
         "proxy_redirect"},
        {"proxy_redirect off; proxy_redirect off;", DIAGNOSTIC_DUPLICATE_DIRECTIVE,
         "proxy_redirect"},
        {"proxy_redirect on;", DIAGNOSTIC_UNKNOWN_PARAMETER, "on"},
        {"proxy_redirect ~( b;", DIAGNOSTIC_INVALID_REGEX, ""},
        {"proxy_redirect $nope b;", DIAGNOSTIC_UNKNOWN_VARIABLE, "$nope"},
        {"proxy_redirect default;", DIAGNOSTIC_CONFLICTING_PARAMETERS, "default"},
        {"server { location / { proxy_redirect default; proxy_pass http://a; } }",
         DIAGNOSTIC_CONFLICTING_PARAMETERS, "default"},
        {"server { location / { proxy_pass http://$host; proxy_redirect default; } }",
         DIAGNOSTIC_CONFLICTING_PARAMETERS, "default"},
        {"proxy_cookie_domain on;", DIAGNOSTIC_UNKNOWN_PARAMETER, "on"},
        {"proxy_cookie_domain off; proxy_cookie_domain a b;", DIAGNOSTIC_DUPLICATE_DIRECTIVE,
         "proxy_cookie_domain"},
        {"proxy_cookie_domain ~*a b;", DIAGNOSTIC_INVALID_REGEX, "*"},
        {"proxy_cookie_path a b; proxy_cookie_path off;", DIAGNOSTIC_DUPLICATE_DIRECTIVE,
         "proxy_cookie_path"},
        {"proxy_cookie_path /;", DIAGNOSTIC_UNKNOWN_PARAMETER, "/"},
        {"proxy_cookie_flags a secure; proxy_cookie_flags off;", DIAGNOSTIC_DUPLICATE_DIRECTIVE,
         "proxy_cookie_flags"},
        {"proxy_cookie_flags a;", DIAGNOSTIC_UNKNOWN_PARAMETER, "a"},
        {"proxy_cookie_flags ~( secure;", DIAGNOSTIC_INVALID_REGEX, ""},
    };
    CHECK_FAILURES(rows);
}

/* nginx does not say it. */
static void warns_of_words_that_are_no_flags(void) {
    CU_ASSERT_TRUE(site_says("proxy_cookie_flags a secure samesite=strct;", SEVERITY_WARNING,
                             DIAGNOSTIC_UNKNOWN_PARAMETER, "samesite=strct", "samesite=strict"));
    CU_ASSERT_TRUE(site_is_clean("proxy_cookie_flags a SECURE NoHttpOnly \"\";"));
    CU_ASSERT_TRUE(site_is_clean("proxy_cookie_flags a $host$uri;"));
}

UNIT_TESTS("model/replacement", {"knows the forms", knows_the_forms},
           {"reads domains", reads_domains},
           {"default holds where nothing is said", default_holds_where_nothing_is_said},
           {"reports mistakes", reports_mistakes},
           {"warns of words that are no flags", warns_of_words_that_are_no_flags})
