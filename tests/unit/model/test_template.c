/* Templates and the meaning of their variables. */
#include "site.h"

static struct site site;

/* The template of `return 200 TEXT`. */
static const struct template *returned(const char *text) {
    static char config[512];
    snprintf(config, sizeof config, "map $host $mapped { default x; } server { return 200 %s; }",
             text);
    site_read(&site, config);
    return &site.model.servers.items[0]->rewrite.steps.items[0].text;
}

static void finds_variables(void) {
    const struct template *template = returned("a$host-${scheme}b$1");
    CU_ASSERT_EQUAL(site.diagnostics.all.count, 0);
    CU_ASSERT_EQUAL_FATAL(template->parts.count, 6);
    const struct template_part *parts = template->parts.items;
    CU_ASSERT_TRUE(parts[0].kind == PART_TEXT && text_is(parts[0].text, "a"));
    CU_ASSERT_TRUE(parts[1].kind == PART_BUILTIN && parts[1].id == VARIABLE_HOST);
    CU_ASSERT_TRUE(parts[2].kind == PART_TEXT && text_is(parts[2].text, "-"));
    CU_ASSERT_TRUE(parts[3].kind == PART_BUILTIN && parts[3].id == VARIABLE_SCHEME);
    CU_ASSERT_TRUE(parts[4].kind == PART_TEXT && text_is(parts[4].text, "b"));
    CU_ASSERT_TRUE(parts[5].kind == PART_CAPTURE && parts[5].capture == 1);
    site_release(&site);
}

static void knows_every_kind(void) {
    const struct template *template = returned("$http_X_Foo$mapped$ssl_sigalg$arg_");
    CU_ASSERT_EQUAL_FATAL(template->parts.count, 4);
    const struct template_part *parts = template->parts.items;
    CU_ASSERT_TRUE(parts[0].kind == PART_BUILTIN && parts[0].id == VARIABLE_HTTP);
    CU_ASSERT_TRUE(text_is(parts[0].suffix, "x_foo"));
    CU_ASSERT_TRUE(parts[1].kind == PART_CONFIG && text_is(parts[1].variable->name, "mapped"));
    CU_ASSERT_EQUAL(parts[2].kind, PART_KNOWN);
    CU_ASSERT_STRING_EQUAL(parts[2].known->name, "ssl_sigalg");
    CU_ASSERT_TRUE(parts[3].kind == PART_BUILTIN && parts[3].suffix.size == 0);
    site_release(&site);
}

/* nginx: one digit is a capture, what follows is text. */
static void reads_captures_as_nginx(void) {
    const struct template *template = returned("$12");
    CU_ASSERT_EQUAL_FATAL(template->parts.count, 2);
    CU_ASSERT_EQUAL(template->parts.items[0].capture, 1);
    CU_ASSERT_TRUE(text_is(template->parts.items[1].text, "2"));
    site_release(&site);
    CU_ASSERT_TRUE(site_fails("server { return 200 $0; }", DIAGNOSTIC_UNKNOWN_VARIABLE, "$0"));
}

static void refuses_malformed_references(void) {
    static const struct site_failure rows[] = {
        {"server { return 200 a$; }", DIAGNOSTIC_INVALID_VARIABLE, "$"},
        {"server { return 200 '$ a'; }", DIAGNOSTIC_INVALID_VARIABLE, "$"},
        {"server { return 200 $$host; }", DIAGNOSTIC_INVALID_VARIABLE, "$"},
        {"server { return 200 '${host'; }", DIAGNOSTIC_INVALID_VARIABLE, "${host"},
        {"server { return 200 '${}'; }", DIAGNOSTIC_INVALID_VARIABLE, "${}"},
    };
    CHECK_FAILURES(rows);
}

static void points_at_references(void) {
    static const struct site_failure rows[] = {
        {"server { return 200 \"a $nope b\"; }", DIAGNOSTIC_UNKNOWN_VARIABLE, "$nope"},
        {"server { return 200 \"\\\"\\t ${nope}x\"; }", DIAGNOSTIC_UNKNOWN_VARIABLE, "${nope}"},
        {"server { return 200 a\\;$nope; }", DIAGNOSTIC_UNKNOWN_VARIABLE, "$nope"},
        {"log_format a 'x' \"$host $nope\";", DIAGNOSTIC_UNKNOWN_VARIABLE, "$nope"},
    };
    CHECK_FAILURES(rows);
}

/* nginx: a capture is a digit right behind the dollar sign; logs are no place for it. */
static void takes_no_captures_in_braces_or_logs(void) {
    static const char *const texts[] = {
        "server { return 200 ${1}; }", "log_format a '$1'; server { }",
        "server { rewrite ^ /${1}x; }", "server { location / { add_header A ${9}; } }"};
    static const char *const underlined[] = {"${1}", "$1", "${1}", "${9}"};
    for (size_t i = 0; i < sizeof texts / sizeof texts[0]; i++) {
        CU_ASSERT_TRUE(site_says(texts[i], SEVERITY_ERROR, DIAGNOSTIC_UNKNOWN_VARIABLE,
                                 underlined[i], "without braces"));
    }
    CU_ASSERT_TRUE(site_says("rewrite ^ /${1}x;", SEVERITY_ERROR, DIAGNOSTIC_UNKNOWN_VARIABLE,
                             "${1}", "without braces"));
    CU_ASSERT_TRUE(site_fails("server { return 200 ${0}; }", DIAGNOSTIC_UNKNOWN_VARIABLE, "${0}"));
}

static void tells_constants(void) {
    struct slice text;
    const struct template *template = returned("abc");
    CU_ASSERT_TRUE(template_is_constant(&site.model, template, &text) && text_is(text, "abc"));
    site_release(&site);
    template = returned("\"\"");
    CU_ASSERT_TRUE(template_is_constant(&site.model, template, &text) && text.size == 0);
    site_release(&site);
    template = returned("a$host");
    CU_ASSERT_FALSE(template_is_constant(&site.model, template, &text));
    site_release(&site);
    site_read(&site, "log_format a 'x' 'y';");
    template = &site.model.log_formats.items[1]->line;
    CU_ASSERT_TRUE(template_is_constant(&site.model, template, &text) && text_is(text, "xy"));
    site_release(&site);
}

static void takes_more_parts_than_usual(void) {
    char text[512] = "";
    for (int i = 0; i < 40; i++) {
        strcat(text, "$host.");
    }
    const struct template *template = returned(text);
    CU_ASSERT_EQUAL(template->parts.count, 80);
    for (size_t i = 0; i < template->parts.count; i += 2) {
        CU_ASSERT_EQUAL(template->parts.items[i].id, VARIABLE_HOST);
    }
    site_release(&site);
}

UNIT_TESTS("model/template", {"finds variables", finds_variables},
           {"knows every kind", knows_every_kind},
           {"reads captures as nginx", reads_captures_as_nginx},
           {"refuses malformed references", refuses_malformed_references},
           {"points at references", points_at_references},
           {"takes no captures in braces or logs", takes_no_captures_in_braces_or_logs},
           {"tells constants", tells_constants},
           {"takes more parts than usual", takes_more_parts_than_usual})
