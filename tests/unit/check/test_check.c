/* The machinery around the rules: order, repetition, suppression, the registry. */
#include "check/check.h"

#include "syntax/parse.h"
#include "unit.h"

#include <string.h>

static struct arena arena;
static struct source_set sources;
static struct diagnostic_list diagnostics;
static struct tree tree;
static struct model model;
static struct finding_list findings;

static void check(const char *text) {
    arena_release(&arena);
    arena_init(&arena, 1u << 16);
    source_set_init(&sources, &arena);
    diagnostic_list_init(&diagnostics, &arena);
    tree = (struct tree){0};
    model = (struct model){0};
    struct parse_options options = {.ignore_includes = true};
    parse_text(&arena, &sources, &diagnostics, SLICE("test.conf"), slice_from_string(text),
               &options, &tree);
    model_build(&model, &tree);
    check_run(&model, NULL, &findings);
}

static bool has(enum rule_id rule) {
    for (size_t i = 0; i < findings.all.count; i++) {
        if (findings.all.items[i].rule == rule) {
            return true;
        }
    }
    return false;
}

static void finds_rules_by_slug(void) {
    CU_ASSERT_PTR_EQUAL(check_find_rule(SLICE("open-proxy")), &check_rules[RULE_open_proxy]);
    CU_ASSERT_PTR_NULL(check_find_rule(SLICE("open-prox")));
    CU_ASSERT_PTR_NULL(check_find_rule(SLICE("")));
}

static void tells_all_of_each_rule(void) {
    for (size_t i = 0; i < RULE_COUNT; i++) {
        const struct rule *rule = &check_rules[i];
        CU_ASSERT_TRUE(strlen(rule->slug) > 0 && strlen(rule->summary) > 0);
        CU_ASSERT_TRUE(strlen(rule->rationale) > 0 && strlen(rule->fix) > 0);
        CU_ASSERT_PTR_EQUAL(check_find_rule(slice_from_string(rule->slug)), rule);
    }
}

static void knows_the_family_above(void) {
    CU_ASSERT_EQUAL(check_rule_family(RULE_open_proxy), FAMILY_security);
    CU_ASSERT_EQUAL(check_rule_family(RULE_missing_proxy_headers), FAMILY_headers);
    CU_ASSERT_EQUAL(check_rule_family(RULE_weak_certificate), FAMILY_certificates);
    CU_ASSERT_EQUAL(check_rule_family(RULE_unknown_rule), FAMILY_suppressions);
}

static void sorts_by_place(void) {
    check("server { listen 80; server_name a; location /x { proxy_pass http://$arg_x; }\n"
          "ssl_protocols TLSv1; }");
    CU_ASSERT_EQUAL_FATAL(findings.all.count, 3);
    for (size_t i = 1; i < findings.all.count; i++) {
        CU_ASSERT_TRUE(findings.all.items[i - 1].diagnostic->span.begin <=
                       findings.all.items[i].diagnostic->span.begin);
    }
}

static void takes_the_severity_of_the_rule(void) {
    check("server { listen 80; server_name a; location / { proxy_pass http://$arg_x; } }");
    CU_ASSERT_EQUAL_FATAL(findings.all.count, 2);
    CU_ASSERT_EQUAL(findings.all.items[0].diagnostic->severity, SEVERITY_WARNING);
    CU_ASSERT_EQUAL(findings.all.items[1].diagnostic->severity, SEVERITY_ERROR);
}

static void honours_comments(void) {
    check("server { listen 80; server_name a;\n"
          "ssl_protocols TLSv1; # rpc:disable=weak-tls-protocol\n}");
    CU_ASSERT_FALSE(has(RULE_weak_tls_protocol));
    check("server { listen 80; server_name a;\n"
          "# rpc:disable=weak-tls-protocol\nssl_protocols\n  TLSv1;\n}");
    CU_ASSERT_FALSE(has(RULE_weak_tls_protocol));
    check("server { listen 80; server_name a;\n"
          "ssl_protocols\n  TLSv1; # rpc:disable=weak-tls-protocol\n}");
    CU_ASSERT_FALSE(has(RULE_weak_tls_protocol));
    check("# rpc:disable=weak-tls-protocol\n\nserver { ssl_protocols TLSv1; }");
    CU_ASSERT_TRUE(has(RULE_weak_tls_protocol));
    check("server { ssl_protocols TLSv1; }\n# rpc:disable=weak-tls-protocol");
    CU_ASSERT_TRUE(has(RULE_weak_tls_protocol));
}

static void covers_no_more_than_the_statement(void) {
    check("# rpc:disable=weak-tls-protocol\nserver { listen 1; }\nserver { ssl_protocols TLSv1; }");
    CU_ASSERT_TRUE(has(RULE_weak_tls_protocol));
}

static void reports_unknown_slugs(void) {
    check("# rpc:disable=\n# rpc:disable=,\nserver { listen 1; }");
    CU_ASSERT_FALSE(has(RULE_unknown_rule));
    check("server { listen 1; } # rpc:disable=weak-cypher");
    CU_ASSERT_TRUE(has(RULE_unknown_rule));
}

static void survives_broken_configurations(void) {
    static const char *const broken[] = {
        "",
        "server",
        "server {",
        "location / { proxy_pass; proxy_pass http://; proxy_pass $; }",
        "server { location ~ ( { } location ~ \"\" { } location { } if ($) { } if { } }",
        "server { ssl_ciphers; ssl_ciphers \"\"; ssl_protocols; proxy_ssl_ciphers ::; }",
        "map $a $b { default $b; } map { } geo $c { } server { return 1 $b$c; set $d; }",
        "upstream { } upstream a { } server { location / { proxy_pass http://b; } }",
        "# rpc:disable=open-proxy",
        "limit_req_zone $x zone=a; limit_req; limit_req zone=; limit_conn a; proxy_cache;",
        "add_header; add_header a; proxy_set_header a; server { add_header b c; }",
    };
    for (size_t i = 0; i < sizeof broken / sizeof broken[0]; i++) {
        check(broken[i]);
        CU_ASSERT_TRUE(findings.all.count < 20);
    }
}

static void release(void) {
    arena_release(&arena);
}

UNIT_TESTS("check/check", {"finds rules by slug", finds_rules_by_slug},
           {"tells all of each rule", tells_all_of_each_rule},
           {"knows the family above", knows_the_family_above}, {"sorts by place", sorts_by_place},
           {"takes the severity of the rule", takes_the_severity_of_the_rule},
           {"honours comments", honours_comments},
           {"covers no more than the statement", covers_no_more_than_the_statement},
           {"reports unknown slugs", reports_unknown_slugs},
           {"survives broken configurations", survives_broken_configurations},
           {"releases everything", release})
