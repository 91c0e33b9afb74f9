/* The listen directive. */
#include "site.h"

static struct site site;

static void reads_parameters(void) {
    site_read(&site, "server { listen [::1]:81 default_server backlog=7 reuseport ipv6only=off; }");
    CU_ASSERT_EQUAL(site.diagnostics.all.count, 0);
    const struct listen *listen = site.model.servers.items[0]->listens.items[0];
    CU_ASSERT_EQUAL(listen->address.family, TABLE_FAMILY_IPV6);
    CU_ASSERT_EQUAL(listen->address.bytes[15], 1);
    CU_ASSERT_EQUAL(listen->address.port, 81);
    CU_ASSERT_FALSE(listen->is_wildcard);
    CU_ASSERT_TRUE(listen->is_default);
    CU_ASSERT_TRUE(listen->has_socket_options);
    CU_ASSERT_TRUE(listen->has_backlog && listen->backlog == 7);
    CU_ASSERT_TRUE(listen->reuseport);
    CU_ASSERT_FALSE(listen->ipv6only);
    site_release(&site);
}

static void reads_options_of_connections(void) {
    site_read(&site, "server { listen 80 deferred fastopen=5 rcvbuf=64k sndbuf=8k; }"
                     "server { listen 81 so_keepalive=30m::10; listen 82 so_keepalive=off; }");
    CU_ASSERT_EQUAL(site.diagnostics.all.count, 0);
    const struct listen *listen = site.model.servers.items[0]->listens.items[0];
    CU_ASSERT_TRUE(listen->deferred && listen->fastopen == 5 && !listen->keepalive);
    CU_ASSERT_TRUE(listen->receive_buffer == 65536 && listen->send_buffer == 8192);
    listen = site.model.servers.items[1]->listens.items[0];
    CU_ASSERT_TRUE(listen->keepalive && listen->keepalive_idle == 1800);
    CU_ASSERT_TRUE(listen->keepalive_interval == 0 && listen->keepalive_count == 10);
    listen = site.model.servers.items[1]->listens.items[1];
    CU_ASSERT_TRUE(!listen->keepalive && listen->has_socket_options);
    site_release(&site);
}

static void has_defaults(void) {
    site_read(&site, "server { listen [::]:80; } server { }");
    const struct listen *listen = site.model.servers.items[0]->listens.items[0];
    CU_ASSERT_TRUE(listen->ipv6only && listen->is_wildcard);
    CU_ASSERT_EQUAL(listen->backlog, 511);
    CU_ASSERT_FALSE(listen->has_backlog || listen->has_socket_options || listen->is_default);
    CU_ASSERT_EQUAL_FATAL(site.model.servers.items[1]->listens.count, 1);
    listen = site.model.servers.items[1]->listens.items[0];
    CU_ASSERT_PTR_NULL(listen->statement);
    CU_ASSERT_EQUAL(listen->address.port, 80);
    CU_ASSERT_TRUE(listen->is_wildcard);
    site_release(&site);
}

static void expands_ranges(void) {
    site_read(&site, "server { listen 8080-8082; }");
    const struct server *server = site.model.servers.items[0];
    CU_ASSERT_EQUAL_FATAL(server->listens.count, 3);
    CU_ASSERT_EQUAL(server->listens.items[2]->address.port, 8082);
    site_release(&site);
}

static void accepts_all_forms(void) {
    static const char *const texts[] = {
        "server { listen 80; }",
        "server { listen *:80; }",
        "server { listen 127.0.0.1; }",
        "server { listen localhost:81 default; }",
        "server { listen [::]:80; listen 80; }",
        "server { listen unix:/run/a.sock; }",
        "server { listen 80 bind; }",
    };
    CHECK_CLEAN(texts);
}

static void reports_mistakes(void) {
    static const struct site_failure rows[] = {
        {"server { listen 80x; }", DIAGNOSTIC_INVALID_ADDRESS, "80x"},
        {"server { listen 65536; }", DIAGNOSTIC_INVALID_ADDRESS, "65536"},
        {"server { listen 0; }", DIAGNOSTIC_INVALID_ADDRESS, "0"},
        {"server { listen 127.0.0.1:80/x; }", DIAGNOSTIC_INVALID_ADDRESS, "127.0.0.1:80/x"},
        {"server { listen www.example.com:80; }", DIAGNOSTIC_INVALID_ADDRESS, "www.example.com:80"},
        {"server { listen unix:; }", DIAGNOSTIC_INVALID_ADDRESS, "unix:"},
        {"server { listen 80 backlog=0; }", DIAGNOSTIC_INVALID_NUMBER, "backlog=0"},
        {"server { listen 80 backlog; }", DIAGNOSTIC_UNKNOWN_PARAMETER, "backlog"},
        {"server { listen 80 deferred=on; }", DIAGNOSTIC_UNKNOWN_PARAMETER, "deferred=on"},
        {"server { listen 80 fastopen=x; }", DIAGNOSTIC_INVALID_NUMBER, "fastopen=x"},
        {"server { listen 80 rcvbuf=0; }", DIAGNOSTIC_INVALID_SIZE, "rcvbuf=0"},
        {"server { listen 80 sndbuf=4g; }", DIAGNOSTIC_INVALID_SIZE, "sndbuf=4g"},
        {"server { listen 80 so_keepalive=yes; }", DIAGNOSTIC_INVALID_VALUE, "so_keepalive=yes"},
        {"server { listen 80 so_keepalive=::; }", DIAGNOSTIC_INVALID_VALUE, "so_keepalive=::"},
        {"server { listen 80 so_keepalive=:10h; }", DIAGNOSTIC_INVALID_VALUE, "so_keepalive=:10h"},
        {"server { listen 80 so_keepalive=::128; }", DIAGNOSTIC_INVALID_VALUE,
         "so_keepalive=::128"},
        {"server { listen [::]:80 ipv6only=no; }", DIAGNOSTIC_INVALID_FLAG, "ipv6only=no"},
        {"server { listen 80; listen *:80; }", DIAGNOSTIC_DUPLICATE_LISTEN, "*:80"},
    };
    CHECK_FAILURES(rows);
    CU_ASSERT_TRUE(site_says("server { listen 80 default_sever; }", SEVERITY_ERROR,
                             DIAGNOSTIC_UNKNOWN_PARAMETER, "default_sever",
                             "write \"default_server\""));
    CU_ASSERT_TRUE(site_says("server { listen 80 ipv6only=on; }", SEVERITY_WARNING,
                             DIAGNOSTIC_CONFLICTING_PARAMETERS, "ipv6only=on", "[::]:80"));
}

/* A server whose only address is wrong does not fall back to port 80, and says nothing more. */
static void implies_nothing_after_a_mistake(void) {
    CU_ASSERT_TRUE(
        site_fails("server { } server { listen nowhere; }", DIAGNOSTIC_INVALID_ADDRESS, "nowhere"));
    CU_ASSERT_TRUE(
        site_fails("server { } server { server_name *; }", DIAGNOSTIC_INVALID_VALUE, "*"));
}

static void names_parameters_that_do_not_run(void) {
    CU_ASSERT_TRUE(site_refuses("server { listen 443 quic; }", "parameter \"quic\" of listen"));
    CU_ASSERT_TRUE(
        site_refuses("server { listen 80 setfib=1; }", "parameter \"setfib\" of listen"));
    CU_ASSERT_TRUE(site_refuses("server { listen 80 accept_filter=x; }",
                                "parameter \"accept_filter\" of listen"));
}

UNIT_TESTS("model/listen", {"reads parameters", reads_parameters},
           {"reads options of connections", reads_options_of_connections},
           {"has defaults", has_defaults}, {"expands ranges", expands_ranges},
           {"accepts all forms", accepts_all_forms}, {"reports mistakes", reports_mistakes},
           {"implies nothing after a mistake", implies_nothing_after_a_mistake},
           {"names parameters that do not run", names_parameters_that_do_not_run})
