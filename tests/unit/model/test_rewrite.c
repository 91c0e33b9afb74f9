/* rewrite and break. What is taken and what is not agrees with nginx 1.22 -t. */
#include "site.h"

static struct site site;

/* The only step of the only server. */
static const struct rewriting *rewriting_of(const char *statement) {
    static char text[256];
    snprintf(text, sizeof text, "server { %s }", statement);
    site_read(&site, text);
    if (site.diagnostics.all.count > 0) {
        site_print(&site, text);
    }
    CU_ASSERT_EQUAL(site.diagnostics.all.count, 0);
    const struct rewrite *rewrite = &site.model.servers.items[0]->rewrite;
    CU_ASSERT_EQUAL_FATAL(rewrite->steps.count, 1);
    CU_ASSERT_EQUAL_FATAL(rewrite->steps.items[0].kind, REWRITE_PATH);
    return rewrite->steps.items[0].rewriting;
}

/* The template as it was written. */
static bool is_template(const struct template *template, const char *expected) {
    char text[256] = "";
    for (size_t i = 0; i < template->parts.count; i++) {
        const struct template_part *part = &template->parts.items[i];
        size_t used = strlen(text);
        snprintf(text + used, sizeof text - used, "%s%.*s", part->kind == PART_TEXT ? "" : "$",
                 SLICE_ARGS(part->text));
    }
    return strcmp(text, expected) == 0;
}

static void separates_path_and_arguments(void) {
    static const struct {
        const char *replacement;
        const char *path;
        const char *args; /* NULL: none are set */
        bool keeps_args;
    } rows[] = {
        {"/a", "/a", NULL, true},
        {"/a?", "/a", NULL, false},
        {"/a?b", "/a", "b", true},
        {"/a?b?", "/a", "b", false},
        {"/a?b?c", "/a", "b?c", true},
        {"/a??", "/a", "", false},
        {"/a?b=$1&c=${host}?", "/a", "b=$1&c=$host", false},
        {"/$1$uri", "/$1$uri", NULL, true},
        {"$uri", "$uri", NULL, true},
        {"?a", "", "a", true},
        {"?", "", NULL, false},
        {"/a$is_args$args", "/a$is_args$args", NULL, true},
    };
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        char statement[128];
        snprintf(statement, sizeof statement, "rewrite ^(.) \"%s\";", rows[i].replacement);
        const struct rewriting *rewriting = rewriting_of(statement);
        CU_ASSERT_TRUE(is_template(&rewriting->path, rows[i].path));
        CU_ASSERT_EQUAL(rewriting->sets_args, rows[i].args != NULL);
        CU_ASSERT_TRUE(is_template(&rewriting->args, rows[i].args != NULL ? rows[i].args : ""));
        CU_ASSERT_EQUAL(rewriting->keeps_args, rows[i].keeps_args);
        CU_ASSERT_TRUE(rewriting->redirect == 0 && !rewriting->has_args);
        site_release(&site);
    }
}

/* In a redirect the arguments are a part of the text, and what is added is behind "&" or "?". */
static void keeps_redirects_whole(void) {
    static const struct {
        const char *rest;
        const char *path;
        uint32_t redirect;
        bool has_args;
        bool keeps_args;
    } rows[] = {
        {"/a redirect", "/a", 302, false, true},
        {"/a permanent", "/a", 301, false, true},
        {"/a?b permanent", "/a?b", 301, true, true},
        {"/a?b? permanent", "/a?b", 301, true, false},
        {"/a? permanent", "/a", 301, false, false},
        {"http://a/$1", "http://a/$1", 302, false, true},
        {"https://a/?b", "https://a/?b", 302, true, true},
        {"$scheme://a", "$scheme://a", 302, false, true},
        {"http://a permanent", "http://a", 301, false, true},
        {"http://a redirect", "http://a", 302, false, true},
        {"http://a last", "http://a", 302, false, true},
        {"http://a break", "http://a", 302, false, true},
        {"HTTP://a", "HTTP://a", 0, false, true},
        {"ftp://a", "ftp://a", 0, false, true},
        {"//a", "//a", 0, false, true},
    };
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        char statement[128];
        snprintf(statement, sizeof statement, "rewrite ^(.) %s;", rows[i].rest);
        const struct rewriting *rewriting = rewriting_of(statement);
        CU_ASSERT_TRUE(is_template(&rewriting->path, rows[i].path));
        CU_ASSERT_EQUAL(rewriting->redirect, rows[i].redirect);
        CU_ASSERT_EQUAL(rewriting->has_args, rows[i].has_args);
        CU_ASSERT_EQUAL(rewriting->keeps_args, rows[i].keeps_args);
        CU_ASSERT_FALSE(rewriting->sets_args);
        site_release(&site);
    }
}

static void knows_flags(void) {
    static const struct {
        const char *flag;
        enum table_rewrite_flag kind;
        uint32_t redirect;
    } rows[] = {{"", TABLE_REWRITE_GO_ON, 0},
                {" last", TABLE_REWRITE_LAST, 0},
                {" break", TABLE_REWRITE_BREAK, 0},
                {" redirect", TABLE_REWRITE_GO_ON, 302},
                {" permanent", TABLE_REWRITE_GO_ON, 301}};
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        char statement[128];
        snprintf(statement, sizeof statement, "rewrite ^ /a%s;", rows[i].flag);
        const struct rewriting *rewriting = rewriting_of(statement);
        CU_ASSERT_EQUAL(rewriting->flag, rows[i].kind);
        CU_ASSERT_EQUAL(rewriting->redirect, rows[i].redirect);
        site_release(&site);
    }
}

static void defines_named_groups(void) {
    site_read(&site, "server { rewrite ^/(?<first>.)(?<Second>.) /$second$first; }");
    CU_ASSERT_EQUAL(site.diagnostics.all.count, 0);
    CU_ASSERT_EQUAL_FATAL(site.model.variables.count, 2);
    const struct rewriting *rewriting =
        site.model.servers.items[0]->rewrite.steps.items[0].rewriting;
    CU_ASSERT_EQUAL(rewriting->regex->names.count, 2);
    CU_ASSERT_EQUAL(rewriting->regex->capture_count, 2);
    CU_ASSERT_FALSE(rewriting->regex->ignore_case);
    site_release(&site);
}

static void reports_mistakes(void) {
    static const struct site_failure rows[] = {
        {"server { rewrite ^ \"\"; }", DIAGNOSTIC_INVALID_VALUE, "\"\""},
        {"server { rewrite ^ '' last; }", DIAGNOSTIC_INVALID_VALUE, "''"},
        {"server { rewrite ^/a( /b; }", DIAGNOSTIC_INVALID_REGEX, ""},
        {"server { rewrite \"^/a{2\\\\\" /b; }", DIAGNOSTIC_INVALID_REGEX, ""},
        {"server { rewrite ^ /$nope_at_all; }", DIAGNOSTIC_UNKNOWN_VARIABLE, "$nope_at_all"},
        {"server { rewrite ^ /a?b=$nope_at_all; }", DIAGNOSTIC_UNKNOWN_VARIABLE, "$nope_at_all"},
        {"server { rewrite ^ /a$; }", DIAGNOSTIC_INVALID_VARIABLE, "$"},
        {"server { rewrite ^ /${1}; }", DIAGNOSTIC_UNKNOWN_VARIABLE, "${1}"},
        {"server { rewrite ^(?<uri>.) /a; }", DIAGNOSTIC_READ_ONLY_VARIABLE, "^(?<uri>.)"},
        {"server { rewrite; }", DIAGNOSTIC_WRONG_ARGUMENT_COUNT, "rewrite"},
        {"server { rewrite ^; }", DIAGNOSTIC_WRONG_ARGUMENT_COUNT, "rewrite"},
        {"server { rewrite ^ /a last now; }", DIAGNOSTIC_WRONG_ARGUMENT_COUNT, "now"},
        {"rewrite ^ /a; upstream u { server a; }", DIAGNOSTIC_WRONG_CONTEXT, "rewrite"},
        {"server { location / { limit_except GET { rewrite ^ /a; } } }", DIAGNOSTIC_WRONG_CONTEXT,
         "rewrite"},
        {"server { break now; }", DIAGNOSTIC_WRONG_ARGUMENT_COUNT, "now"},
        {"server { location / { limit_except GET { break; } } }", DIAGNOSTIC_WRONG_CONTEXT,
         "break"},
    };
    CHECK_FAILURES(rows);
}

static void names_the_flags(void) {
    static const char *const flags[] = {"Last", "301", "\"\"", "lst", "lasts", "last,break"};
    for (size_t i = 0; i < sizeof flags / sizeof flags[0]; i++) {
        char text[128];
        snprintf(text, sizeof text, "server { rewrite ^ /a %s; }", flags[i]);
        CU_ASSERT_TRUE(site_says(text, SEVERITY_ERROR, DIAGNOSTIC_UNKNOWN_PARAMETER, flags[i],
                                 "redirect (302) and permanent (301)"));
    }
}

/* One wrong word does not hide another. */
static void reports_every_mistake_of_one_statement(void) {
    site_read(&site, "server { rewrite ( /$nope_at_all bad; return 200; }");
    CU_ASSERT_EQUAL(site.diagnostics.error_count, 3);
    CU_ASSERT_EQUAL(site.model.servers.items[0]->rewrite.steps.count, 1); /* the return */
    site_release(&site);
}

static void accepts(void) {
    static const char *const texts[] = {
        "server { rewrite \"\" /a; }",
        "server { rewrite ^/(a|b)$ /c; }",
        "server { rewrite ^ /$1$9; }",
        "server { rewrite ^ /$10; }",
        "server { rewrite \"^/a{2}\" /b; }",
        ("server { if ($uri) { rewrite ^ /a; break; } "
         "location / { if ($uri) { rewrite ^ /a; break; } } }"),
        "server { break; break; location / { break; } }",
    };
    CHECK_CLEAN(texts);
}

UNIT_TESTS("model/rewrite", {"separates path and arguments", separates_path_and_arguments},
           {"keeps redirects whole", keeps_redirects_whole}, {"knows flags", knows_flags},
           {"defines named groups", defines_named_groups}, {"reports mistakes", reports_mistakes},
           {"names the flags", names_the_flags},
           {"reports every mistake of one statement", reports_every_mistake_of_one_statement},
           {"accepts", accepts})
