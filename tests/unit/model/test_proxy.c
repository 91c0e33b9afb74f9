/* proxy_pass and the upstreams it implies. */
#include "site.h"

static struct site site;

static const struct proxy_pass *proxied(const char *url) {
    static char text[256];
    snprintf(text, sizeof text,
             "upstream app { server 10.0.0.1; } server { location / { proxy_pass %s; } }", url);
    site_read(&site, text);
    return site.model.servers.items[0]->locations.items[0]->proxy;
}

/* What $proxy_host, the target and the URI are, in one line. */
static const char *parts_of(const char *url) {
    static char line[256];
    const struct proxy_pass *proxy = proxied(url);
    CU_ASSERT_PTR_NOT_NULL_FATAL(proxy);
    snprintf(line, sizeof line, "%.*s %.*s:%u %s%.*s", SLICE_ARGS(proxy->host),
             SLICE_ARGS(proxy->address.host), proxy->address.port, proxy->has_uri ? "uri " : "",
             SLICE_ARGS(proxy->uri));
    site_release(&site);
    return line;
}

static void takes_urls_apart(void) {
    CU_ASSERT_STRING_EQUAL(parts_of("http://a"), "a a:80 ");
    CU_ASSERT_STRING_EQUAL(parts_of("http://a:80"), "a a:80 ");
    CU_ASSERT_STRING_EQUAL(parts_of("http://a:81"), "a:81 a:81 ");
    CU_ASSERT_STRING_EQUAL(parts_of("http://a/"), "a a:80 uri /");
    CU_ASSERT_STRING_EQUAL(parts_of("http://a:81/b/c"), "a:81 a:81 uri /b/c");
    CU_ASSERT_STRING_EQUAL(parts_of("HTTP://a?b"), "a a:80 uri /?b");
    CU_ASSERT_STRING_EQUAL(parts_of("http://[::1]:81/"), "[::1]:81 [::1]:81 uri /");
    CU_ASSERT_STRING_EQUAL(parts_of("http://unix:/run/a"), "localhost /run/a:0 ");
    CU_ASSERT_STRING_EQUAL(parts_of("http://unix:/run/a:/b"), "localhost /run/a:0 uri /b");
}

static void finds_groups(void) {
    const struct proxy_pass *proxy = proxied("http://APP/x");
    CU_ASSERT_PTR_EQUAL(proxy->upstream, model_find_upstream(&site.model, SLICE("App")));
    CU_ASSERT_EQUAL(site.model.upstreams.count, 1);
    site_release(&site);
}

static void implies_groups(void) {
    site_read(&site, "server { location /a { proxy_pass http://10.0.0.2:81/x; }"
                     "location /b { proxy_pass http://10.0.0.2:81; }"
                     "location /c { proxy_pass http://Host.example; }"
                     "location /d { proxy_pass http://host.example:80; }"
                     "location /e { proxy_pass http://unix:/run/a; } }");
    CU_ASSERT_EQUAL_FATAL(site.model.upstreams.count, 3);
    const struct upstream *literal = site.model.upstreams.items[0];
    CU_ASSERT_PTR_NULL(literal->statement);
    CU_ASSERT_TRUE(text_is(literal->name, "10.0.0.2"));
    CU_ASSERT_EQUAL(literal->port, 81);
    CU_ASSERT_EQUAL(literal->keepalive.first, 32);
    CU_ASSERT_EQUAL(literal->keepalive.second, 1);
    CU_ASSERT_EQUAL_FATAL(literal->peers.count, 1);
    CU_ASSERT_EQUAL(literal->peers.items[0]->address.family, TABLE_FAMILY_IPV4);
    CU_ASSERT_EQUAL(literal->peers.items[0]->address.bytes[3], 2);
    CU_ASSERT_EQUAL(literal->peers.items[0]->weight, 1);
    CU_ASSERT_TRUE(text_is(literal->peers.items[0]->name, "10.0.0.2:81"));
    const struct upstream *name = site.model.upstreams.items[1];
    CU_ASSERT_EQUAL(name->peers.items[0]->address.family, TABLE_FAMILY_NAME);
    CU_ASSERT_TRUE(text_is(name->peers.items[0]->address.host, "Host.example"));
    CU_ASSERT_PTR_EQUAL(name->implied_by, site.model.servers.items[0]->locations.items[2]->proxy);
    CU_ASSERT_PTR_EQUAL(site.model.servers.items[0]->locations.items[3]->proxy->upstream, name);
    CU_ASSERT_PTR_NULL(model_find_upstream(&site.model, SLICE("host.example")));
    CU_ASSERT_EQUAL(site.model.upstreams.items[2]->peers.items[0]->address.family,
                    TABLE_FAMILY_UNIX);
    site_release(&site);
}

static void knows_variables(void) {
    const struct proxy_pass *proxy = proxied("http://$host$request_uri");
    CU_ASSERT_TRUE(proxy->has_variables);
    CU_ASSERT_PTR_NULL(proxy->upstream);
    CU_ASSERT_EQUAL(proxy->target.parts.count, 3);
    site_release(&site);
    static const char *const fine[] = {
        "server { location / { proxy_pass $uri; } }",
        "server { location ~ a { proxy_pass http://$host/x; } }",
        "server { location / { set $p s; proxy_pass http$p://a; } }",
    };
    CHECK_CLEAN(fine);
}

#define IN_LOCATION(text) "server { location / { " text " } }"

static void reports_mistakes(void) {
    static const struct site_failure rows[] = {
        {IN_LOCATION("proxy_pass a;"), DIAGNOSTIC_INVALID_URL, "a"},
        {IN_LOCATION("proxy_pass ftp://a;"), DIAGNOSTIC_INVALID_URL, "ftp://a"},
        {IN_LOCATION("proxy_pass http://;"), DIAGNOSTIC_INVALID_URL, ""},
        {IN_LOCATION("proxy_pass http://a:x;"), DIAGNOSTIC_INVALID_URL, "a:x"},
        {IN_LOCATION("proxy_pass http://[::1/;"), DIAGNOSTIC_INVALID_URL, "[::1/"},
        {IN_LOCATION("proxy_pass http://unix:;"), DIAGNOSTIC_INVALID_URL, "unix:"},
        {IN_LOCATION("proxy_pass backend$uri;"), DIAGNOSTIC_INVALID_URL, "backend$uri"},
        {IN_LOCATION("proxy_pass http://a; proxy_pass http://a;"), DIAGNOSTIC_DUPLICATE_DIRECTIVE,
         "proxy_pass"},
        {"server { location ~ a { proxy_pass http://b/c; } }", DIAGNOSTIC_PROXY_PASS_URI, "/c"},
        {"server { location @a { proxy_pass http://b/; } }", DIAGNOSTIC_PROXY_PASS_URI, "/"},
        {IN_LOCATION("if ($uri) { proxy_pass http://b/; }"), DIAGNOSTIC_PROXY_PASS_URI, "/"},
        {IN_LOCATION("limit_except GET { proxy_pass http://b/; }"), DIAGNOSTIC_PROXY_PASS_URI, "/"},
        {"upstream a { server b; } server { location / { proxy_pass http://a:80; } }",
         DIAGNOSTIC_UPSTREAM_WITH_PORT, "http://a:80"},
    };
    CHECK_FAILURES(rows);
    CU_ASSERT_TRUE(site_is_clean("server { location ~ a { proxy_pass http://b; } }"));
}

/* With variables for the scheme it may be either. */
static void knows_the_scheme(void) {
    static const struct {
        const char *url;
        bool is_tls;
    } rows[] = {
        {"http://a", false},    {"https://a", true},      {"HTTPS://a", true},
        {"http://$arg", false}, {"https://$host", true},  {"$scheme://a", true},
        {"$arg_url", true},     {"http$arg_s://a", true}, {"https://unix:/a", true},
    };
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        CU_ASSERT_EQUAL(proxied(rows[i].url)->is_tls, rows[i].is_tls);
        site_release(&site);
    }
    CU_ASSERT_STRING_EQUAL(parts_of("https://a"), "a a:443 ");
    CU_ASSERT_STRING_EQUAL(parts_of("https://a:443/"), "a a:443 uri /");
    CU_ASSERT_STRING_EQUAL(parts_of("https://a:80"), "a:80 a:80 ");
}

UNIT_TESTS("model/proxy", {"takes URLs apart", takes_urls_apart}, {"finds groups", finds_groups},
           {"implies groups", implies_groups}, {"knows variables", knows_variables},
           {"reports mistakes", reports_mistakes}, {"knows the scheme", knows_the_scheme})
