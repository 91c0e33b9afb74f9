/* error_page. What is taken and what is not agrees with nginx 1.22 -t. */
#include "site.h"

static struct site site;

static const struct error_page_list *pages_of(const char *inside) {
    static char text[256];
    snprintf(text, sizeof text, "server { %s }", inside);
    site_read(&site, text);
    if (site.diagnostics.all.count > 0) {
        site_print(&site, text);
    }
    CU_ASSERT_EQUAL(site.diagnostics.all.count, 0);
    return &site.model.servers.items[0]->settings->error_page;
}

/* One row for each code, in order, repeated ones included. */
static void has_a_page_for_each_code(void) {
    const struct error_page_list *pages = pages_of("error_page 404 403 404 /a; error_page 500 /b;");
    static const uint32_t statuses[] = {404, 403, 404, 500};
    CU_ASSERT_EQUAL_FATAL(pages->list.count, 4);
    for (size_t i = 0; i < 4; i++) {
        CU_ASSERT_EQUAL(pages->list.items[i].status, statuses[i]);
        CU_ASSERT_EQUAL(pages->list.items[i].response, TABLE_NONE);
    }
    site_release(&site);
}

static void reads_the_response(void) {
    static const struct {
        const char *words;
        uint32_t response;
    } rows[] = {{"404 /a", TABLE_NONE},  {"404 = /a", 0},      {"404 =0 /a", 0},
                {"404 =200 /a", 200},    {"404 =999 /a", 999}, {"404 =1 /a", 1},
                {"404 403 =410 @a", 410}};
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        char inside[128];
        snprintf(inside, sizeof inside, "error_page %s;", rows[i].words);
        const struct error_page_list *pages = pages_of(inside);
        CU_ASSERT_TRUE(pages->list.count > 0);
        for (size_t j = 0; j < pages->list.count; j++) {
            CU_ASSERT_EQUAL(pages->list.items[j].response, rows[i].response);
        }
        site_release(&site);
    }
}

/* nginx's own codes come out as 400 unless something else is said. */
static void answers_private_codes_with_400(void) {
    for (uint32_t status = 490; status < 500; status++) {
        char inside[128];
        if (status == 499) {
            continue;
        }
        snprintf(inside, sizeof inside, "error_page %u /a; error_page %u =200 /a;", status, status);
        const struct error_page_list *pages = pages_of(inside);
        CU_ASSERT_EQUAL_FATAL(pages->list.count, 2);
        CU_ASSERT_EQUAL(pages->list.items[0].response,
                        status >= 494 && status <= 497 ? 400 : TABLE_NONE);
        CU_ASSERT_EQUAL(pages->list.items[1].response, 200);
        site_release(&site);
    }
}

static void takes_any_target(void) {
    static const char *const texts[] = {
        "server { error_page 404 /a; }",
        "server { error_page 404 /a?b=c; }",
        "server { error_page 404 @a; }",
        "server { error_page 404 http://a/; }",
        "server { error_page 404 a; }",
        "server { error_page 404 \"\"; }",
        "server { error_page 404 $uri; }",
        "server { error_page 404 /a$uri?x=$args; }",
        "server { error_page 300 599 /a; }",
        "error_page 404 /a; server { }",
        "server { location / { if ($uri) { error_page 404 /a; } } }",
    };
    CHECK_CLEAN(texts);
}

static void inherits_the_whole_list_or_none(void) {
    site_read(&site, "error_page 404 /a; error_page 500 /b; server { location /a { }"
                     " location /b { error_page 403 /c; } } ");
    struct location *const *locations = site.model.servers.items[0]->locations.items;
    CU_ASSERT_EQUAL(locations[0]->settings->error_page.list.count, 2);
    CU_ASSERT_EQUAL_FATAL(locations[1]->settings->error_page.list.count, 1);
    CU_ASSERT_EQUAL(locations[1]->settings->error_page.list.items[0].status, 403);
    site_release(&site);
}

static void reports_mistakes(void) {
    static const struct site_failure rows[] = {
        {"server { error_page abc /a; }", DIAGNOSTIC_INVALID_STATUS, "abc"},
        {"server { error_page 4xx /a; }", DIAGNOSTIC_INVALID_STATUS, "4xx"},
        {"server { error_page 299 /a; }", DIAGNOSTIC_INVALID_STATUS, "299"},
        {"server { error_page 600 /a; }", DIAGNOSTIC_INVALID_STATUS, "600"},
        {"server { error_page 404 200 /a; }", DIAGNOSTIC_INVALID_STATUS, "200"},
        {"server { error_page 499 /a; }", DIAGNOSTIC_INVALID_STATUS, "499"},
        {"server { error_page 0 /a; }", DIAGNOSTIC_INVALID_STATUS, "0"},
        {"server { error_page -404 /a; }", DIAGNOSTIC_INVALID_STATUS, "-404"},
        {"server { error_page \"\" /a; }", DIAGNOSTIC_INVALID_STATUS, "\"\""},
        {"server { error_page 404 =abc /a; }", DIAGNOSTIC_INVALID_STATUS, "=abc"},
        {"server { error_page 404 =-1 /a; }", DIAGNOSTIC_INVALID_STATUS, "=-1"},
        {"server { error_page 404 =1000 /a; }", DIAGNOSTIC_INVALID_STATUS, "=1000"},
        {"server { error_page 404 =$uri /a; }", DIAGNOSTIC_INVALID_STATUS, "=$uri"},
        {"server { error_page = /a; }", DIAGNOSTIC_INVALID_STATUS, "="},
        {"server { error_page =200 /a; }", DIAGNOSTIC_INVALID_STATUS, "=200"},
        {"server { error_page 404 =200 =300 /a; }", DIAGNOSTIC_INVALID_STATUS, "=200"},
        {"server { error_page 404 = 200 /a; }", DIAGNOSTIC_INVALID_STATUS, "="},
        {"server { error_page 404; }", DIAGNOSTIC_WRONG_ARGUMENT_COUNT, "error_page"},
        {"server { error_page; }", DIAGNOSTIC_WRONG_ARGUMENT_COUNT, "error_page"},
        {"server { error_page 404 /a$nope_at_all; }", DIAGNOSTIC_UNKNOWN_VARIABLE, "$nope_at_all"},
        {"server { if ($uri) { error_page 404 /a; } }", DIAGNOSTIC_WRONG_CONTEXT, "error_page"},
        {"server { location / { limit_except GET { error_page 404 /a; } } }",
         DIAGNOSTIC_WRONG_CONTEXT, "error_page"},
        {"server { recursive_error_pages yes; }", DIAGNOSTIC_INVALID_FLAG, "yes"},
    };
    CHECK_FAILURES(rows);
}

/* The help fits the slip. */
static void says_what_to_write(void) {
    static const struct {
        const char *words;
        const char *underlined;
        const char *help;
    } rows[] = {
        {"abc /a", "abc", "from 300 to 599"},
        {"4xx /a", "4xx", "every one out"},
        {"499 /a", "499", "499"},
        {"404 =abc /a", "=abc", "as in \"=200\""},
        {"404 = 200 /a", "=", "=200"},
        {"=200 /a", "=200", "CODE"},
    };
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        char text[128];
        snprintf(text, sizeof text, "server { error_page %s; }", rows[i].words);
        CU_ASSERT_TRUE(site_says(text, SEVERITY_ERROR, DIAGNOSTIC_INVALID_STATUS,
                                 rows[i].underlined, rows[i].help));
    }
}

UNIT_TESTS("model/error_page", {"has a page for each code", has_a_page_for_each_code},
           {"reads the response", reads_the_response},
           {"answers private codes with 400", answers_private_codes_with_400},
           {"takes any target", takes_any_target},
           {"inherits the whole list or none", inherits_the_whole_list_or_none},
           {"reports mistakes", reports_mistakes}, {"says what to write", says_what_to_write})
