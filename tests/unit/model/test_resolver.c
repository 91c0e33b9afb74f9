/* resolver and what upstream groups make of it. */
#include "site.h"

static struct site site;

static const struct resolver *resolver_of(const char *arguments) {
    static char text[256];
    snprintf(text, sizeof text, "resolver %s; server { }", arguments);
    site_read(&site, text);
    CU_ASSERT_EQUAL(site.diagnostics.all.count, 0);
    const struct resolver *resolver = site.model.servers.items[0]->settings->resolver;
    CU_ASSERT_PTR_NOT_NULL_FATAL(resolver);
    return resolver;
}

static void reads_name_servers(void) {
    const struct resolver *resolver = resolver_of("10.0.0.1 [2001:db8::1]:5353 127.0.0.1:1053");
    CU_ASSERT_EQUAL_FATAL(resolver->servers.count, 3);
    const struct address *servers = resolver->servers.items;
    CU_ASSERT_TRUE(servers[0].family == TABLE_FAMILY_IPV4 && servers[0].port == 53);
    CU_ASSERT_TRUE(servers[0].bytes[0] == 10 && servers[0].bytes[3] == 1);
    CU_ASSERT_TRUE(servers[1].family == TABLE_FAMILY_IPV6 && servers[1].port == 5353);
    CU_ASSERT_EQUAL(servers[1].bytes[15], 1);
    CU_ASSERT_EQUAL(servers[2].port, 1053);
    CU_ASSERT_EQUAL(resolver->valid, 0);
    CU_ASSERT_TRUE(resolver->ipv4 && resolver->ipv6);
    site_release(&site);
}

static void reads_parameters(void) {
    const struct resolver *resolver = resolver_of("valid=5m ipv6=off 10.0.0.1 ipv4=on");
    CU_ASSERT_EQUAL(resolver->servers.count, 1);
    CU_ASSERT_EQUAL(resolver->valid, 300);
    CU_ASSERT_TRUE(resolver->ipv4 && !resolver->ipv6);
    site_release(&site);
    resolver = resolver_of("10.0.0.1 valid=10s valid=0 ipv4=off");
    CU_ASSERT_EQUAL(resolver->valid, 0);
    CU_ASSERT_TRUE(!resolver->ipv4 && resolver->ipv6);
    site_release(&site);
}

static void reports_mistakes(void) {
    static const struct site_failure rows[] = {
        {"resolver valid=10s;", DIAGNOSTIC_INVALID_VALUE, "resolver"},
        {"resolver 10.0.0.1 ipv4=off ipv6=off;", DIAGNOSTIC_INVALID_VALUE, "resolver"},
        {"resolver 10.0.0.1 valid=;", DIAGNOSTIC_INVALID_VALUE, "valid="},
        {"resolver 10.0.0.1 valid=500ms;", DIAGNOSTIC_INVALID_VALUE, "valid=500ms"},
        {"resolver 10.0.0.1 ipv6=no;", DIAGNOSTIC_INVALID_VALUE, "ipv6=no"},
        {"resolver 10.0.0.1:0;", DIAGNOSTIC_INVALID_VALUE, "10.0.0.1:0"},
        {"resolver unix:/run/dns;", DIAGNOSTIC_INVALID_VALUE, "unix:/run/dns"},
        {"resolver 10.0.0.1/24;", DIAGNOSTIC_INVALID_VALUE, "10.0.0.1/24"},
        {"resolver 10.0.0.1; resolver 10.0.0.2;", DIAGNOSTIC_DUPLICATE_DIRECTIVE, "resolver"},
        {"server { resolver_timeout x; }", DIAGNOSTIC_INVALID_TIME, "x"},
        {"upstream a { server b resolve; }", DIAGNOSTIC_NO_RESOLVER, "server b resolve;"},
        {"server { resolver 10.0.0.1; } upstream a { server b resolve; }", DIAGNOSTIC_NO_RESOLVER,
         "server b resolve;"},
    };
    CHECK_FAILURES(rows);
    CU_ASSERT_TRUE(site_says("resolver 10.0.0.1 vaild=10s;", SEVERITY_ERROR,
                             DIAGNOSTIC_UNKNOWN_PARAMETER, "vaild=10s", "write \"valid=\""));
}

static void names_what_does_not_run(void) {
    CU_ASSERT_TRUE(site_refuses("resolver 10.0.0.1 status_zone=dns;",
                                "parameter \"status_zone\" of resolver"));
    CU_ASSERT_TRUE(site_refuses("resolver dns.example;", "a host name as address of a resolver"));
}

static void is_inherited(void) {
    site_read(&site, "resolver 10.0.0.1; resolver_timeout 5s;"
                     "server { location /a { resolver 10.0.0.2; } location /b { } }");
    CU_ASSERT_EQUAL_FATAL(site.diagnostics.all.count, 0);
    const struct server *server = site.model.servers.items[0];
    const struct settings *own = server->locations.items[0]->settings;
    const struct settings *inherited = server->locations.items[1]->settings;
    CU_ASSERT_EQUAL(own->resolver->servers.items[0].bytes[3], 2);
    CU_ASSERT_EQUAL(inherited->resolver->servers.items[0].bytes[3], 1);
    CU_ASSERT_EQUAL(own->resolver_timeout, 5000);
    site_release(&site);
}

static void gives_groups_what_they_ask(void) {
    site_read(&site, "resolver 10.0.0.1; resolver_timeout 5s;"
                     "upstream a { server x resolve; }"
                     "upstream b { server x resolve; resolver 10.0.0.2; resolver_timeout 0; }"
                     "upstream c { server x; resolver 10.0.0.2; }"
                     "upstream d { server 10.0.0.9 resolve; server unix:/a resolve; }");
    CU_ASSERT_EQUAL_FATAL(site.diagnostics.all.count, 0);
    struct upstream *const *groups = site.model.upstreams.items;
    CU_ASSERT_EQUAL(groups[0]->resolver->servers.items[0].bytes[3], 1);
    CU_ASSERT_EQUAL(groups[0]->resolver_timeout, 5000);
    CU_ASSERT_TRUE(groups[0]->peers.items[0]->resolve);
    CU_ASSERT_EQUAL(groups[1]->resolver->servers.items[0].bytes[3], 2);
    CU_ASSERT_EQUAL(groups[1]->resolver_timeout, 0);
    CU_ASSERT_PTR_NULL(groups[2]->resolver);
    CU_ASSERT_EQUAL(groups[2]->resolver_timeout, 30000);
    CU_ASSERT_PTR_NULL(groups[3]->resolver);
    CU_ASSERT_FALSE(groups[3]->peers.items[0]->resolve);
    site_release(&site);
}

UNIT_TESTS("model/resolver", {"reads name servers", reads_name_servers},
           {"reads parameters", reads_parameters}, {"reports mistakes", reports_mistakes},
           {"names what does not run", names_what_does_not_run}, {"is inherited", is_inherited},
           {"gives groups what they ask", gives_groups_what_they_ask})
