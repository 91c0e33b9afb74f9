/* Upstream groups. */
#include "site.h"

static void reads_servers(void) {
    struct site site;
    site_read(&site, "upstream Mixed { server 10.0.0.1; server [::1]:81 weight=5; "
                     "server app.example:82 down; server unix:/run/a weight=2 down; }");
    CU_ASSERT_EQUAL(site.diagnostics.all.count, 0);
    const struct upstream *upstream = model_find_upstream(&site.model, SLICE("mixed"));
    CU_ASSERT_PTR_NOT_NULL_FATAL(upstream);
    CU_ASSERT_TRUE(text_is(upstream->name, "Mixed"));
    CU_ASSERT_EQUAL_FATAL(upstream->peers.count, 4);
    struct peer *const *peers = upstream->peers.items;
    CU_ASSERT_EQUAL(peers[0]->address.port, 80);
    CU_ASSERT_EQUAL(peers[0]->address.host.size, 0);
    CU_ASSERT_TRUE(peers[0]->weight == 1 && !peers[0]->down);
    CU_ASSERT_TRUE(peers[1]->address.family == TABLE_FAMILY_IPV6 && peers[1]->weight == 5);
    CU_ASSERT_TRUE(text_is(peers[1]->name, "[::1]:81"));
    CU_ASSERT_TRUE(peers[2]->address.family == TABLE_FAMILY_NAME && peers[2]->down);
    CU_ASSERT_TRUE(text_is(peers[2]->address.host, "app.example"));
    CU_ASSERT_TRUE(peers[3]->address.family == TABLE_FAMILY_UNIX && peers[3]->down);
    CU_ASSERT_TRUE(text_is(peers[3]->address.host, "/run/a"));
    CU_ASSERT_EQUAL(upstream->keepalive.first, 32);
    CU_ASSERT_EQUAL(upstream->keepalive_timeout, 60000);
    site_release(&site);
}

static void reports_mistakes(void) {
    static const struct site_failure rows[] = {
        {"upstream a { }", DIAGNOSTIC_EMPTY_UPSTREAM, "a"},
        {"upstream a { server b; } upstream A { server c; }", DIAGNOSTIC_DUPLICATE_UPSTREAM, "A"},
        {"upstream a { server http://b; }", DIAGNOSTIC_INVALID_ADDRESS, "http://b"},
        {"upstream a { server b:0; }", DIAGNOSTIC_INVALID_ADDRESS, "b:0"},
        {"upstream a { server b/c; }", DIAGNOSTIC_INVALID_ADDRESS, "b/c"},
        {"upstream a { server b weight=0; }", DIAGNOSTIC_INVALID_NUMBER, "weight=0"},
        {"upstream a { server b weight=x; }", DIAGNOSTIC_INVALID_NUMBER, "weight=x"},
        {"upstream a { server b max_fails; }", DIAGNOSTIC_UNKNOWN_PARAMETER, "max_fails"},
    };
    CHECK_FAILURES(rows);
    CU_ASSERT_TRUE(site_says("upstream a { server b wieght=2; }", SEVERITY_ERROR,
                             DIAGNOSTIC_UNKNOWN_PARAMETER, "wieght=2", "write \"weight=\""));
    CU_ASSERT_TRUE(site_says("upstream a { server b dwon; }", SEVERITY_ERROR,
                             DIAGNOSTIC_UNKNOWN_PARAMETER, "dwon", "write \"down\""));
    CU_ASSERT_TRUE(site_says("upstream a { server http://b; }", SEVERITY_ERROR,
                             DIAGNOSTIC_INVALID_ADDRESS, "http://b", "leave the scheme out"));
    CU_ASSERT_TRUE(site_says("upstream a {\n server b\n server c;\n}", SEVERITY_ERROR,
                             DIAGNOSTIC_UNKNOWN_PARAMETER, "server", "write \"b;\""));
}

static void names_what_does_not_run(void) {
    CU_ASSERT_TRUE(site_refuses("upstream a { server b service=http; }",
                                "parameter \"service\" of server in an upstream"));
    CU_ASSERT_TRUE(
        site_refuses("upstream a { server b; least_time header; }", "directive \"least_time\""));
}

UNIT_TESTS("model/upstream", {"reads servers", reads_servers},
           {"reports mistakes", reports_mistakes},
           {"names what does not run", names_what_does_not_run})
