/* Listens grouped into sockets and endpoints. */
#include "site.h"

static struct site site;

/* The listeners as one line, e.g. "127.0.0.1:80(1) 0.0.0.0:80(2)". */
static const char *listeners(const char *text) {
    static char line[512];
    site_read(&site, text);
    size_t used = 0;
    line[0] = '\0';
    for (size_t i = 0; i < site.model.listeners.count; i++) {
        const struct listener *listener = site.model.listeners.items[i];
        used += (size_t)snprintf(line + used, sizeof line - used, "%s%.*s(%zu)", i == 0 ? "" : " ",
                                 SLICE_ARGS(listener->name), listener->endpoints.count);
    }
    return line;
}

static void names_sockets_as_nginx(void) {
    CU_ASSERT_STRING_EQUAL(
        listeners("server { listen 80; listen [::]:80; listen unix:/run/a; listen [::1]:81; }"),
        "0.0.0.0:80(1) [::]:80(1) unix:/run/a(1) [::1]:81(1)");
    site_release(&site);
}

/* ngx_http_init_listening: the wildcard's socket takes the others' connections. */
static void covers_addresses_by_the_wildcard(void) {
    CU_ASSERT_STRING_EQUAL(listeners("server { listen 127.0.0.1:80; } server { listen 80; } "
                                     "server { listen 127.0.0.2:80; }"),
                           "0.0.0.0:80(3)");
    const struct listener *listener = site.model.listeners.items[0];
    CU_ASSERT_FALSE(listener->endpoints.items[0]->is_wildcard);
    CU_ASSERT_EQUAL(listener->endpoints.items[1]->address.bytes[3], 2);
    CU_ASSERT_TRUE(listener->endpoints.items[2]->is_wildcard);
    CU_ASSERT_EQUAL(listener->endpoints.items[2]->servers.count, 1);
    site_release(&site);
}

static void gives_options_a_socket_of_their_own(void) {
    CU_ASSERT_STRING_EQUAL(listeners("server { listen 80; } server { listen 127.0.0.1:80 bind; } "
                                     "server { listen 127.0.0.2:80; }"),
                           "127.0.0.1:80(1) 0.0.0.0:80(2)");
    site_release(&site);
    CU_ASSERT_STRING_EQUAL(listeners("server { listen 127.0.0.1:80; } "
                                     "server { listen 127.0.0.2:80; }"),
                           "127.0.0.1:80(1) 127.0.0.2:80(1)");
    site_release(&site);
    CU_ASSERT_STRING_EQUAL(listeners("server { listen 80; } server { listen [::1]:80; }"),
                           "0.0.0.0:80(1) [::1]:80(1)");
    site_release(&site);
}

static void takes_options_from_whoever_gives_them(void) {
    listeners(
        "server { listen 80; server_name a; } server { listen 80 backlog=9; server_name b; }");
    CU_ASSERT_EQUAL(site.diagnostics.all.count, 0);
    CU_ASSERT_EQUAL(site.model.listeners.items[0]->listen->backlog, 9);
    site_release(&site);
}

static void chooses_the_default_server(void) {
    listeners("server { listen 80; server_name a; } server { listen 80; server_name b; }");
    const struct endpoint *endpoint = site.model.listeners.items[0]->endpoints.items[0];
    CU_ASSERT_PTR_EQUAL(endpoint->default_server, site.model.servers.items[0]);
    CU_ASSERT_PTR_NULL(endpoint->default_listen);
    CU_ASSERT_EQUAL(endpoint->servers.count, 2);
    site_release(&site);
    listeners("server { listen 80; server_name a; } "
              "server { listen 80 default_server; server_name b; }");
    endpoint = site.model.listeners.items[0]->endpoints.items[0];
    CU_ASSERT_PTR_EQUAL(endpoint->default_server, site.model.servers.items[1]);
    CU_ASSERT_PTR_NOT_NULL(endpoint->default_listen);
    site_release(&site);
}

static void reports_conflicts(void) {
    static const struct site_failure rows[] = {
        {"server { listen 80 default_server; server_name a; }"
         "server { listen *:80 default_server; server_name b; }",
         DIAGNOSTIC_DUPLICATE_DEFAULT_SERVER, "listen *:80 default_server;"},
        {"server { listen 80 backlog=5; server_name a; }"
         "server { listen 80 backlog=5; server_name b; }",
         DIAGNOSTIC_CONFLICTING_LISTEN, "listen 80 backlog=5;"},
    };
    CHECK_FAILURES(rows);
}

static void warns_of_names_given_twice(void) {
    static const char *const texts[] = {
        "server { server_name b a; } server { server_name a; }",
        "server { server_name A; } server { server_name a; }",
        "server { server_name .a; } server { server_name a; }",
        ("server { server_name b; listen 80; listen 81; server_name a; } "
         "server { listen 80; listen 81; server_name a; }"),
    };
    for (size_t i = 0; i < sizeof texts / sizeof texts[0]; i++) {
        CU_ASSERT_TRUE(
            site_says(texts[i], SEVERITY_WARNING, DIAGNOSTIC_CONFLICTING_SERVER_NAME, "a", NULL));
    }
    CU_ASSERT_TRUE(site_says("server { server_name .a; } server { server_name *.a; }",
                             SEVERITY_WARNING, DIAGNOSTIC_CONFLICTING_SERVER_NAME, "*.a", NULL));
    CU_ASSERT_TRUE(site_says("server { } server { }", SEVERITY_WARNING,
                             DIAGNOSTIC_CONFLICTING_SERVER_NAME, "server", "server_name"));
    static const char *const fine[] = {
        "server { server_name a a; }",
        "server { server_name a; } server { listen 81; server_name a; }",
        "server { server_name *.a; } server { server_name a; }",
        "server { server_name a.*; } server { server_name *.a; }",
        "server { server_name ~a; } server { server_name ~a; }",
    };
    CHECK_CLEAN(fine);
}

static bool asks_for(const char *text, bool ssl, bool http2, bool proxy_protocol) {
    (void)listeners(text);
    const struct endpoint *endpoint = site.model.listeners.items[0]->endpoints.items[0];
    bool is_right = endpoint->ssl == ssl && endpoint->http2 == http2 &&
                    endpoint->proxy_protocol == proxy_protocol;
    site_release(&site);
    return is_right;
}

/* Servers a, b and c with these parameters. */
#define TWO(a, b)                                                                                  \
    "ssl_certificate c; ssl_certificate_key k; server { listen 80 " a                              \
    "; server_name a; } server { listen 80 " b "; server_name b; } "
#define THREE(a, b, c) TWO(a, b) "server { listen 80 " c "; server_name c; }"

/* nginx warns of the same, from 1.24 on. */
static void joins_protocols(void) {
    CU_ASSERT_TRUE(asks_for(TWO("", ""), false, false, false));
    CU_ASSERT_TRUE(asks_for(TWO("", "ssl"), true, false, false));
    CU_ASSERT_TRUE(asks_for(TWO("ssl", "http2"), true, true, false));
    CU_ASSERT_TRUE(asks_for(TWO("ssl", "proxy_protocol"), true, false, true));
    static const struct {
        const char *text;
        const char *underlined;
    } odd[] = {
        {TWO("ssl", "http2"), "listen 80 http2;"},
        {TWO("ssl backlog=9", "ssl http2"), "listen 80 ssl http2;"},
        {TWO("ssl http2", "ssl backlog=9"), "listen 80 ssl backlog=9;"},
        {THREE("ssl", "", "ssl"), "listen 80 ssl;"},
        {THREE("ssl http2", "ssl", "ssl http2"), "listen 80 ssl http2;"},
        {THREE("ssl", "ssl http2", "ssl http2"), "listen 80 ssl http2;"},
        {THREE("ssl http2", "ssl", ""), "listen 80 ;"},
        {THREE("ssl http2", "", "http2 backlog=9"), "listen 80 http2 backlog=9;"},
        {THREE("ssl", "ssl", ""), "listen 80 ;"},
        {THREE("", "ssl", "ssl"), "listen 80 ssl;"},
        {TWO("ssl", "proxy_protocol"), "listen 80 proxy_protocol;"},
        {THREE("proxy_protocol", "", "proxy_protocol"), "listen 80 proxy_protocol;"},
    };
    for (size_t i = 0; i < sizeof odd / sizeof odd[0]; i++) {
        CU_ASSERT_TRUE(site_says(odd[i].text, SEVERITY_WARNING, DIAGNOSTIC_CONFLICTING_LISTEN,
                                 odd[i].underlined, NULL));
    }
    static const char *const fine[] = {
        THREE("ssl", "", ""),
        TWO("proxy_protocol", "ssl proxy_protocol"),
        TWO("ssl http2", "http2 ssl"),
        TWO("ssl http2", "ssl"),
        THREE("ssl", "ssl http2", "ssl"),
        THREE("ssl http2", "ssl", "ssl"),
        TWO("ssl", "ssl http2 backlog=9"),
        TWO("ssl http2 backlog=9", "ssl"),
    };
    CHECK_CLEAN(fine);
}

UNIT_TESTS("model/listener", {"names sockets as nginx", names_sockets_as_nginx},
           {"covers addresses by the wildcard", covers_addresses_by_the_wildcard},
           {"gives options a socket of their own", gives_options_a_socket_of_their_own},
           {"takes options from whoever gives them", takes_options_from_whoever_gives_them},
           {"chooses the default server", chooses_the_default_server},
           {"reports conflicts", reports_conflicts},
           {"warns of names given twice", warns_of_names_given_twice},
           {"joins protocols", joins_protocols})
