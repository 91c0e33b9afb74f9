/* Balancing methods and sticky: what the directives mean. What is wrong with them is shown by the
 * golden tests. */
#include "site.h"

static bool has_method(const char *directive, enum table_balance_method method) {
    struct site site;
    char text[128];
    snprintf(text, sizeof text, "upstream a { %s server 10.0.0.1; }", directive);
    site_read(&site, text);
    const struct upstream *upstream = model_find_upstream(&site.model, SLICE("a"));
    bool is_right = site.diagnostics.all.count == 0 && upstream != NULL &&
                    upstream->method == method &&
                    (upstream->method_statement == NULL) == (directive[0] == '\0');
    site_release(&site);
    return is_right;
}

static void reads_methods(void) {
    CU_ASSERT_TRUE(has_method("", TABLE_BALANCE_ROUND_ROBIN));
    CU_ASSERT_TRUE(has_method("least_conn;", TABLE_BALANCE_LEAST_CONN));
    CU_ASSERT_TRUE(has_method("ip_hash;", TABLE_BALANCE_IP_HASH));
    CU_ASSERT_TRUE(has_method("hash $uri;", TABLE_BALANCE_HASH));
    CU_ASSERT_TRUE(has_method("hash $uri consistent;", TABLE_BALANCE_HASH_CONSISTENT));
    CU_ASSERT_TRUE(has_method("random;", TABLE_BALANCE_RANDOM));
    CU_ASSERT_TRUE(has_method("random two;", TABLE_BALANCE_RANDOM_TWO_LEAST_CONN));
    CU_ASSERT_TRUE(has_method("random two least_conn;", TABLE_BALANCE_RANDOM_TWO_LEAST_CONN));
}

static void keeps_the_key(void) {
    struct site site;
    site_read(&site, "upstream a { hash \"$arg_k and more\"; server 10.0.0.1; }");
    const struct template *key = &model_find_upstream(&site.model, SLICE("a"))->hash_key;
    CU_ASSERT_EQUAL_FATAL(key->parts.count, 2);
    CU_ASSERT_EQUAL(key->parts.items[0].kind, PART_BUILTIN);
    CU_ASSERT_TRUE(text_is(key->parts.items[1].text, " and more"));
    site_release(&site);
}

static void reads_a_cookie(void) {
    struct site site;
    site_read(&site, "upstream a { server 10.0.0.1; sticky cookie srv-id expires=1h "
                     "domain=.$host path=/x httponly secure samesite=Lax; }");
    CU_ASSERT_EQUAL(site.diagnostics.all.count, 0);
    const struct sticky *sticky = model_find_upstream(&site.model, SLICE("a"))->sticky;
    CU_ASSERT_PTR_NOT_NULL_FATAL(sticky);
    CU_ASSERT_TRUE(text_is(sticky->cookie, "srv-id"));
    CU_ASSERT_TRUE(sticky->life == TABLE_COOKIE_LIMITED && sticky->max_age == 3600);
    CU_ASSERT_TRUE(sticky->has_domain && sticky->domain.parts.count == 2);
    CU_ASSERT_TRUE(text_is(sticky->path, "/x"));
    CU_ASSERT_TRUE(sticky->httponly && sticky->secure && sticky->has_samesite);
    CU_ASSERT_EQUAL_FATAL(sticky->lookups.count, 1);
    const struct template_part *part = &sticky->lookups.items[0].parts.items[0];
    CU_ASSERT_TRUE(part->id == VARIABLE_COOKIE && text_is(part->suffix, "srv-id"));
    site_release(&site);
}

static void leaves_out_what_is_not_said(void) {
    struct site site;
    site_read(&site, "upstream a { server 10.0.0.1; sticky cookie id; } "
                     "upstream b { server 10.0.0.1; sticky cookie id expires=max; }");
    const struct sticky *sticky = model_find_upstream(&site.model, SLICE("a"))->sticky;
    CU_ASSERT_EQUAL(sticky->life, TABLE_COOKIE_SESSION);
    CU_ASSERT_FALSE(sticky->has_domain || sticky->has_samesite || sticky->httponly);
    CU_ASSERT_FALSE(sticky->secure || sticky->path.size > 0);
    CU_ASSERT_EQUAL(model_find_upstream(&site.model, SLICE("b"))->sticky->life, TABLE_COOKIE_MAX);
    site_release(&site);
}

static void reads_routes(void) {
    struct site site;
    site_read(&site, "upstream a { server 10.0.0.1 route=one; server 10.0.0.2 drain; "
                     "sticky route $cookie_a $arg_a; }");
    CU_ASSERT_EQUAL(site.diagnostics.all.count, 0);
    const struct upstream *upstream = model_find_upstream(&site.model, SLICE("a"));
    CU_ASSERT_TRUE(text_is(upstream->peers.items[0]->route, "one"));
    CU_ASSERT_TRUE(upstream->peers.items[1]->drain && upstream->peers.items[1]->route.size == 0);
    CU_ASSERT_EQUAL_FATAL(upstream->sticky->lookups.count, 2);
    CU_ASSERT_EQUAL(upstream->sticky->cookie.size, 0);
    CU_ASSERT_EQUAL(upstream->sticky->lookups.items[1].parts.items[0].id, VARIABLE_ARG);
    site_release(&site);
}

UNIT_TESTS("model/balancing", {"reads methods", reads_methods}, {"keeps the key", keeps_the_key},
           {"reads a cookie", reads_a_cookie},
           {"leaves out what is not said", leaves_out_what_is_not_said},
           {"reads routes", reads_routes})
