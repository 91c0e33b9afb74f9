/* return and set. */
#include "site.h"

static struct site site;

static const struct rewrite_step *step_of(const char *statement) {
    static char text[256];
    snprintf(text, sizeof text, "server { %s }", statement);
    site_read(&site, text);
    CU_ASSERT_EQUAL(site.diagnostics.all.count, 0);
    CU_ASSERT_EQUAL_FATAL(site.model.servers.items[0]->rewrite.steps.count, 1);
    return &site.model.servers.items[0]->rewrite.steps.items[0];
}

static bool returns(const char *statement, uint32_t status, bool has_text, bool is_redirect) {
    const struct rewrite_step *step = step_of(statement);
    bool is_right = step->kind == REWRITE_RETURN && step->status == status &&
                    step->has_text == has_text && step->is_redirect == is_redirect;
    site_release(&site);
    return is_right;
}

static void tells_bodies_from_redirects(void) {
    CU_ASSERT_TRUE(returns("return 404;", 404, false, false));
    CU_ASSERT_TRUE(returns("return 444;", 444, false, false));
    CU_ASSERT_TRUE(returns("return 200 ok;", 200, true, false));
    CU_ASSERT_TRUE(returns("return 200 '';", 200, true, false));
    CU_ASSERT_TRUE(returns("return 301 /a;", 301, true, true));
    CU_ASSERT_TRUE(returns("return 302 /a;", 302, true, true));
    CU_ASSERT_TRUE(returns("return 303 /a;", 303, true, true));
    CU_ASSERT_TRUE(returns("return 304 /a;", 304, true, false));
    CU_ASSERT_TRUE(returns("return 307 /a;", 307, true, true));
    CU_ASSERT_TRUE(returns("return 308 /a;", 308, true, true));
    CU_ASSERT_TRUE(returns("return http://a;", 302, true, true));
    CU_ASSERT_TRUE(returns("return https://a;", 302, true, true));
    CU_ASSERT_TRUE(returns("return $scheme://a;", 302, true, true));
}

static void refuses_other_statuses(void) {
    static const struct site_failure rows[] = {
        {"server { return abc; }", DIAGNOSTIC_INVALID_STATUS, "abc"},
        {"server { return 1000; }", DIAGNOSTIC_INVALID_STATUS, "1000"},
        {"server { return -1; }", DIAGNOSTIC_INVALID_STATUS, "-1"},
        {"server { return ftp://a; }", DIAGNOSTIC_INVALID_STATUS, "ftp://a"},
        {"server { return HTTP://a; }", DIAGNOSTIC_INVALID_STATUS, "HTTP://a"},
        {"server { return http://a b; }", DIAGNOSTIC_INVALID_STATUS, "http://a"},
    };
    CHECK_FAILURES(rows);
}

/* nginx takes both: it sends an empty Location, and a status line that nobody understands. */
static void warns_of_answers_that_help_nobody(void) {
    CU_ASSERT_TRUE(site_says("server { return 301; }", SEVERITY_WARNING, DIAGNOSTIC_INVALID_VALUE,
                             "301", "return 301 https://$host$request_uri;"));
    CU_ASSERT_TRUE(
        site_says("server { return 0; }", SEVERITY_WARNING, DIAGNOSTIC_INVALID_STATUS, "0", "444"));
    CU_ASSERT_TRUE(site_says("server { return 0 text; }", SEVERITY_WARNING,
                             DIAGNOSTIC_INVALID_STATUS, "0", "444"));
    site_read(&site, "server { return 308; location / { return 0 text; } }");
    const struct server *server = site.model.servers.items[0];
    const struct rewrite_step *step = &server->rewrite.steps.items[0];
    CU_ASSERT_TRUE(step->status == 308 && step->is_redirect && step->has_text);
    CU_ASSERT_EQUAL(step->text.parts.count, 0);
    step = &server->locations.items[0]->rewrite.steps.items[0];
    CU_ASSERT_TRUE(step->status == 444 && !step->is_redirect && !step->has_text);
    site_release(&site);
}

static void keeps_the_order_of_steps(void) {
    site_read(&site, "server { set $a x; return 200 $a; location / { set $a y; set $b $a; } }");
    const struct server *server = site.model.servers.items[0];
    CU_ASSERT_EQUAL_FATAL(server->rewrite.steps.count, 2);
    CU_ASSERT_EQUAL(server->rewrite.steps.items[0].kind, REWRITE_SET);
    CU_ASSERT_EQUAL(server->rewrite.steps.items[1].kind, REWRITE_RETURN);
    const struct rewrite *inner = &server->locations.items[0]->rewrite;
    CU_ASSERT_EQUAL_FATAL(inner->steps.count, 2);
    CU_ASSERT_PTR_EQUAL(inner->steps.items[0].variable, server->rewrite.steps.items[0].variable);
    CU_ASSERT_EQUAL(inner->steps.items[0].variable->definitions.count, 2);
    CU_ASSERT_EQUAL(inner->steps.items[0].variable->definitions.items[0].kind, DEFINED_BY_SET);
    site_release(&site);
}

UNIT_TESTS("model/return", {"tells bodies from redirects", tells_bodies_from_redirects},
           {"refuses other statuses", refuses_other_statuses},
           {"warns of answers that help nobody", warns_of_answers_that_help_nobody},
           {"keeps the order of steps", keeps_the_order_of_steps})
