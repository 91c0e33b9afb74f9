/* What goes to a backend: the target and the head of its request. */
#include "decided.h"

#include "engine/upstream.h"

#define COUNT(array) (sizeof(array) / sizeof(array)[0])

static const char site[] =
    "upstream app { server 10.0.0.1:80; }\n"
    "server {\n"
    "    listen 80;\n"
    "    location / { proxy_pass http://app; }\n"
    "    location /port/ { proxy_pass http://10.0.0.2:8080; }\n"
    "    location /uri/ { proxy_pass http://app/base/; }\n"
    "    location /break/ { rewrite ^/break/(.*)$ $1 break; proxy_pass http://app/unused/; }\n"
    "    location /variable/ { set $to $arg_to; proxy_pass http://$to; }\n"
    "    location /tls/ { proxy_pass https://10.0.0.3; }\n"
    "    location /port-of-tls/ { proxy_pass https://10.0.0.3:8443; }\n"
    "    location /any/ { proxy_pass $arg_to; }\n"
    "    location /named/ { proxy_ssl_server_name on; proxy_ssl_name $arg_name; "
    "proxy_pass https://app; }\n"
    "    location /verified/ { proxy_ssl_verify on; proxy_ssl_trusted_certificate a; "
    "proxy_pass https://[::1]:81; }\n"
    "    location /raw/ { proxy_pass http://app$arg_uri; }\n"
    "    location /head {\n"
    "        proxy_set_header Host \"$host!\";\n"
    "        proxy_set_header X-Client mine;\n"
    "        proxy_set_header X-Empty $arg_none;\n"
    "        proxy_set_header X-Lines $uri;\n"
    "        proxy_set_header Content-Length 9;\n"
    "        proxy_set_header Upgrade $http_upgrade;\n"
    "        proxy_set_header HTTP2-Settings $http_http2_settings;\n"
    "        proxy_set_header Connection \"x, close\";\n"
    "        proxy_pass http://app;\n"
    "    }\n"
    "    location /none { proxy_pass_request_headers off; proxy_http_version 1.0;\n"
    "                     proxy_pass http://app; }\n"
    "    location /method { proxy_method $arg_method; proxy_pass http://app; }\n"
    "    location /body { proxy_set_body \"is $arg_b\"; proxy_pass http://app; }\n"
    "    location /empty { proxy_set_body \"\"; proxy_pass http://app; }\n"
    "    location /kept { proxy_pass_request_body off; proxy_pass http://app;\n"
    "        location /kept/bare { proxy_set_header Content-Length \"\"; proxy_pass http://app; }\n"
    "    }\n"
    "}\n";

static bool equals(struct slice text, const char *expected) {
    bool is_equal = slice_equals(text, slice_from_string(expected));
    if (!is_equal) {
        printf("expected \"%s\", got \"%.*s\"\n", expected, SLICE_ARGS(text));
    }
    return is_equal;
}

static uint32_t find(struct decided *decided, const char *target,
                     struct engine_upstream *upstream) {
    decided_begin(decided, "GET", target);
    decided_run(decided, "h");
    CU_ASSERT_EQUAL_FATAL(decided->outcome.kind, ENGINE_PROXY);
    return engine_find_upstream(&decided->request, upstream);
}

static void makes_targets_as_nginx(void) {
    static const struct {
        const char *target;
        const char *host;
        const char *port;
        const char *uri;
    } cases[] = {
        {"/a%20b/../c?d", "app", "80", "/a%20b/../c?d"},
        {"/", "app", "80", "/"},
        {"/port/x", "10.0.0.2:8080", "8080", "/port/x"},
        {"/uri/x%2fy?z", "app", "80", "/base/x/y?z"},
        {"/uri/%3F%20", "app", "80", "/base/%3F%20"},
        {"/break/x?y", "app", "80", "/x?y"},
        {"/tls/x", "10.0.0.3", "443", "/tls/x"},
        {"/port-of-tls/x", "10.0.0.3:8443", "8443", "/port-of-tls/x"},
        {"/any/?to=HTTPS://app/x", "app", "443", "/x"},
        {"/any/?to=https://10.0.0.2:443/x", "10.0.0.2", "443", "/x"},
        {"/any/?to=https://10.0.0.2:80/x", "10.0.0.2:80", "80", "/x"},
        {"/any/?to=http://10.0.0.2:443/x", "10.0.0.2:443", "443", "/x"},
        {"/any/?to=https://unix:/a:/x", "localhost", "", "/x"},
        {"/variable/?to=app", "app", "80", "/variable/?to=app"},
        {"/variable/?to=APP/into", "APP", "80", "/into"},
        {"/variable/?to=127.0.0.1", "127.0.0.1", "80", "/variable/?to=127.0.0.1"},
        {"/variable/?to=127.0.0.1:81", "127.0.0.1:81", "81", "/variable/?to=127.0.0.1:81"},
        {"/variable/?to=[::1]:81", "[::1]:81", "81", "/variable/?to=[::1]:81"},
        {"/variable/?to=unix:/run/s:/x", "localhost", "", "/x"},
        {"/raw/?uri=?q", "app", "80", "/?q"},
    };
    struct decided decided;
    decided_open(&decided, site);
    for (size_t i = 0; i < COUNT(cases); i++) {
        struct engine_upstream upstream;
        CU_ASSERT_EQUAL(find(&decided, cases[i].target, &upstream), 0);
        CU_ASSERT_TRUE(equals(upstream.host, cases[i].host));
        CU_ASSERT_TRUE(equals(upstream.port, cases[i].port));
        CU_ASSERT_TRUE(equals(upstream.uri, cases[i].uri));
        CU_ASSERT_TRUE(slice_equals(decided.request.proxy_host, upstream.host));
    }
    decided_close(&decided);
}

static void finds_groups_and_addresses(void) {
    struct decided decided;
    struct engine_upstream upstream;
    decided_open(&decided, site);
    const struct table *table = &decided.compiled.table;
    uint32_t app = engine_find_group(table, SLICE("app"), 0);
    CU_ASSERT_NOT_EQUAL_FATAL(app, TABLE_NONE);
    CU_ASSERT_EQUAL(engine_find_group(table, SLICE("app"), 80), TABLE_NONE);
    CU_ASSERT_EQUAL(find(&decided, "/", &upstream), 0);
    CU_ASSERT_EQUAL(upstream.group, app);
    CU_ASSERT_EQUAL(find(&decided, "/variable/?to=App", &upstream), 0);
    CU_ASSERT_EQUAL(upstream.group, app);
    CU_ASSERT_EQUAL(find(&decided, "/variable/?to=10.0.0.2:8080", &upstream), 0);
    CU_ASSERT_EQUAL(upstream.group, engine_find_group(table, SLICE("10.0.0.2"), 8080));
    CU_ASSERT_EQUAL(find(&decided, "/variable/?to=[::1]", &upstream), 0);
    CU_ASSERT_EQUAL(upstream.group, TABLE_NONE);
    CU_ASSERT_EQUAL(upstream.address.family, TABLE_FAMILY_IPV6);
    CU_ASSERT_EQUAL(upstream.address.bytes[15], 1);
    CU_ASSERT_EQUAL(upstream.address.port, 80);
    CU_ASSERT_TRUE(equals(upstream.address.name, "[::1]:80"));
    CU_ASSERT_EQUAL(find(&decided, "/variable/?to=unix:/run/s", &upstream), 0);
    CU_ASSERT_EQUAL(upstream.address.family, TABLE_FAMILY_UNIX);
    CU_ASSERT_TRUE(equals(upstream.address.path, "/run/s"));
    CU_ASSERT_TRUE(equals(upstream.address.name, "unix:/run/s"));
    decided_close(&decided);
}

static void leaves_names_to_the_resolver(void) {
    struct decided decided;
    struct engine_upstream upstream;
    decided_open(&decided, "server { listen 80; location / { proxy_pass http://$arg_to; }"
                           "location /r/ { resolver 10.0.0.1; proxy_pass http://$arg_to/x; } }");
    CU_ASSERT_EQUAL(find(&decided, "/?to=a.test", &upstream), 502);
    CU_ASSERT_EQUAL(find(&decided, "/r/?to=A.test:81", &upstream), 0);
    CU_ASSERT_EQUAL(upstream.group, TABLE_NONE);
    CU_ASSERT_EQUAL(upstream.address.family, TABLE_FAMILY_NAME);
    CU_ASSERT_EQUAL(upstream.address.port, 81);
    CU_ASSERT_TRUE(equals(upstream.address.host, "A.test"));
    CU_ASSERT_TRUE(equals(upstream.address.name, "A.test:81"));
    CU_ASSERT_TRUE(equals(upstream.uri, "/x"));
    CU_ASSERT_TRUE(equals(upstream.host, "A.test:81"));
    decided_close(&decided);
}

static void knows_the_scheme(void) {
    static const struct {
        const char *target;
        bool is_tls;
    } cases[] = {
        {"/", false},
        {"/tls/", true},
        {"/any/?to=https://app", true},
        {"/any/?to=http://app", false},
        {"/variable/?to=app", false},
    };
    for (size_t i = 0; i < COUNT(cases); i++) {
        struct decided decided = {0};
        struct engine_upstream upstream;
        decided_open(&decided, site);
        CU_ASSERT_EQUAL(find(&decided, cases[i].target, &upstream), 0);
        CU_ASSERT_EQUAL(upstream.is_tls, cases[i].is_tls);
        decided_close(&decided);
    }
}

/* Without a port, and empty where nobody asks for it. */
static void names_who_the_backend_should_be(void) {
    static const struct {
        const char *target;
        const char *host;
        const char *name;
    } cases[] = {
        {"/tls/", "10.0.0.3", ""},
        {"/verified/", "[::1]:81", "[::1]"},
        {"/verified/", "a:81", "a"},
        {"/verified/", "a", "a"},
        {"/verified/", "[::1", "["},
        {"/verified/", "", ""},
        {"/named/?name=b.test", "a", "b.test"},
        {"/named/?name=b.test:8443", "a", "b.test"},
        {"/named/?name=[::2]:8443", "a", "[::2]"},
        {"/named/", "a", ""},
    };
    for (size_t i = 0; i < COUNT(cases); i++) {
        struct decided decided = {0};
        struct slice name;
        decided_open(&decided, site);
        decided_begin(&decided, "GET", cases[i].target);
        decided_run(&decided, "h");
        CU_ASSERT_TRUE(
            engine_make_tls_name(&decided.request, slice_from_string(cases[i].host), &name));
        CU_ASSERT_TRUE(equals(name, cases[i].name));
        decided_close(&decided);
    }
}

static void refuses_what_is_no_target(void) {
    static const struct {
        const char *target;
        uint32_t status;
    } cases[] = {
        {"/variable/", 500},
        {"/variable/?to=:80", 500},
        {"/variable/?to=a:b", 500},
        {"/variable/?to=a:0", 500},
        {"/variable/?to=[::1", 500},
        {"/variable/?to=[]:80", 500},
        {"/variable/?to=a:65536", 500},
        {"/variable/?to=unix:", 500},
        {"/variable/?to=name", 502},
        {"/variable/?to=[::g]", 502},
        {"/variable/?to=1.2.3:4", 502},
    };
    struct decided decided;
    decided_open(&decided, site);
    for (size_t i = 0; i < COUNT(cases); i++) {
        struct engine_upstream upstream;
        CU_ASSERT_EQUAL(find(&decided, cases[i].target, &upstream), cases[i].status);
    }
    decided_close(&decided);
}

/* All fields in one text, each as "name: value\n". */
static const char *make_head(struct decided *decided, const char *body_size,
                             struct engine_upstream_head *head) {
    static char text[1024];
    struct engine_header fields[32];
    struct slice size = {NULL, 0};
    size_t used = 0;
    if (body_size != NULL) {
        size = slice_from_string(body_size);
    }
    CU_ASSERT_TRUE_FATAL(engine_upstream_field_limit(&decided->request) <= COUNT(fields));
    head->fields = fields;
    CU_ASSERT_TRUE_FATAL(engine_make_upstream_head(&decided->request, SLICE("app"), size, head));
    CU_ASSERT_TRUE_FATAL(head->count <= engine_upstream_field_limit(&decided->request));
    text[0] = '\0';
    for (uint32_t i = 0; i < head->count; i++) {
        used += (size_t)snprintf(text + used, sizeof text - used, "%.*s: %.*s\n",
                                 SLICE_ARGS(fields[i].name), SLICE_ARGS(fields[i].value));
    }
    return text;
}

static void add_client_fields(struct decided *decided) {
    decided_add_header(decided, "Host", "h");
    decided_add_header(decided, "x-client", "theirs");
    decided_add_header(decided, "Connection", "keep-alive, x-hop");
    decided_add_header(decided, "X-Hop", "1");
    decided_add_header(decided, "Upgrade", "websocket");
    decided_add_header(decided, "Content-Length", "3");
    decided_add_header(decided, "Accept", "*/*");
}

static void passes_what_may_pass(void) {
    struct decided decided;
    struct engine_upstream_head head;
    decided_open(&decided, site);
    decided_begin(&decided, "POST", "/x");
    add_client_fields(&decided);
    decided_run(&decided, "h");
    CU_ASSERT_STRING_EQUAL(make_head(&decided, "3", &head),
                           "Host: app\nContent-Length: 3\nx-client: theirs\nAccept: */*\n");
    CU_ASSERT_TRUE(equals(head.protocol, "HTTP/1.1"));
    CU_ASSERT_FALSE(head.asks_upgrade || head.asks_close);
    decided_close(&decided);
}

static void configured_fields_come_first_and_replace(void) {
    struct decided decided;
    struct engine_upstream_head head;
    decided_open(&decided, site);
    decided_begin(&decided, "GET", "/head%0d%0aX:%00y");
    add_client_fields(&decided);
    decided_run(&decided, "H");
    CU_ASSERT_EQUAL(decided.outcome.kind, ENGINE_PAGE); /* a zero byte is refused */
    decided_begin(&decided, "GET", "/head%0d%0aX:y");
    add_client_fields(&decided);
    decided_run(&decided, "H");
    CU_ASSERT_STRING_EQUAL(make_head(&decided, NULL, &head),
                           "Host: h!\nX-Client: mine\nX-Lines: /head  X:y\n"
                           "Upgrade: websocket\nConnection: x, close\nAccept: */*\n");
    CU_ASSERT_TRUE(head.asks_upgrade && head.asks_close);
    decided_close(&decided);
}

static void never_asks_for_h2c(void) {
    static const struct {
        const char *asked;
        const char *passed; /* NULL: no field */
    } cases[] = {
        {"h2c", NULL},
        {" H2C ,\th2c/1", NULL},
        {",", NULL},
        {"h2c, websocket", "websocket"},
        {"websocket,h2c,a/1", "websocket,a/1"},
        {"h2cat", "h2cat"},
    };
    struct decided decided;
    decided_open(&decided, site);
    for (size_t i = 0; i < COUNT(cases); i++) {
        struct engine_upstream_head head = {0};
        char expected[256];
        decided_begin(&decided, "GET", "/head");
        decided_add_header(&decided, "Host", "h");
        decided_add_header(&decided, "Upgrade", cases[i].asked);
        decided_add_header(&decided, "HTTP2-Settings", "AAMAAABk");
        decided_run(&decided, "h");
        snprintf(expected, sizeof expected,
                 "Host: h!\nX-Client: mine\nX-Lines: /head\n%s%s%sConnection: x, close\n",
                 cases[i].passed != NULL ? "Upgrade: " : "",
                 cases[i].passed != NULL ? cases[i].passed : "",
                 cases[i].passed != NULL ? "\n" : "");
        CU_ASSERT_STRING_EQUAL(make_head(&decided, NULL, &head), expected);
        CU_ASSERT_EQUAL(head.asks_upgrade, cases[i].passed != NULL);
    }
    decided_close(&decided);
}

static void client_fields_may_be_kept_back(void) {
    struct decided decided;
    struct engine_upstream_head head;
    decided_open(&decided, site);
    decided_begin(&decided, "GET", "/none");
    add_client_fields(&decided);
    decided_run(&decided, "h");
    CU_ASSERT_STRING_EQUAL(make_head(&decided, "0", &head), "Host: app\nContent-Length: 0\n");
    CU_ASSERT_TRUE(equals(head.protocol, "HTTP/1.0"));
    decided_close(&decided);
}

static void configuration_chooses_the_method(void) {
    static const struct {
        const char *target;
        const char *method; /* NULL: it is none */
    } cases[] = {
        {"/", "POST"},
        {"/method?method=PUT", "PUT"},
        {"/method?method=x-y", "x-y"},
        {"/method?method=", NULL},
        {"/method", NULL},
        {"/method?method=A/B", NULL},
    };
    struct decided decided;
    decided_open(&decided, site);
    for (size_t i = 0; i < COUNT(cases); i++) {
        struct engine_header fields[32];
        struct engine_upstream_head head = {.fields = fields};
        struct slice none = {NULL, 0};
        decided_begin(&decided, "POST", cases[i].target);
        decided_run(&decided, "h");
        bool is_made = engine_make_upstream_head(&decided.request, SLICE("app"), none, &head);
        CU_ASSERT_EQUAL_FATAL(is_made, cases[i].method != NULL);
        CU_ASSERT_TRUE(!is_made || equals(head.method, cases[i].method));
    }
    decided_close(&decided);
}

static void configuration_chooses_the_body(void) {
    static const struct {
        const char *target;
        const char *body_size; /* of the client's */
        const char *fields;
        const char *body; /* NULL: none but the client's */
    } cases[] = {
        {"/", "7", "Host: app\nContent-Length: 7\n", NULL},
        {"/body?b=1", "7", "Host: app\nContent-Length: 4\n", "is 1"},
        {"/body?b=1", NULL, "Host: app\nContent-Length: 4\n", "is 1"},
        {"/empty", "7", "Host: app\nContent-Length: 0\n", ""},
        {"/empty", NULL, "Host: app\nContent-Length: 0\n", ""},
        {"/kept", "7", "Host: app\nContent-Length: 0\n", NULL},
        {"/kept", NULL, "Host: app\n", NULL},
        {"/kept/bare", "7", "Host: app\n", NULL},
    };
    struct decided decided;
    decided_open(&decided, site);
    for (size_t i = 0; i < COUNT(cases); i++) {
        struct engine_upstream_head head;
        decided_begin(&decided, "POST", cases[i].target);
        decided_run(&decided, "h");
        CU_ASSERT_STRING_EQUAL(make_head(&decided, cases[i].body_size, &head), cases[i].fields);
        CU_ASSERT_EQUAL(head.body.data != NULL, cases[i].body != NULL);
        CU_ASSERT_TRUE(cases[i].body == NULL || equals(head.body, cases[i].body));
    }
    decided_close(&decided);
}

UNIT_TESTS("engine/upstream", {"makes targets as nginx", makes_targets_as_nginx},
           {"finds groups and addresses", finds_groups_and_addresses},
           {"leaves names to the resolver", leaves_names_to_the_resolver},
           {"knows the scheme", knows_the_scheme},
           {"names who the backend should be", names_who_the_backend_should_be},
           {"refuses what is no target", refuses_what_is_no_target},
           {"passes what may pass", passes_what_may_pass},
           {"configured fields come first and replace", configured_fields_come_first_and_replace},
           {"never asks for h2c", never_asks_for_h2c},
           {"client fields may be kept back", client_fields_may_be_kept_back},
           {"configuration chooses the method", configuration_chooses_the_method},
           {"configuration chooses the body", configuration_chooses_the_body})
