/* What compile refuses because files would have to be served: exactly the places where nginx would
 * look for one. */
#include "site.h"

/* Whether the blocks that are refused are these, by their heads, in order. */
static bool refuses_at(const char *text, const char *const *heads) {
    struct site site;
    site_read(&site, text);
    size_t count = 0;
    bool is_right = site.diagnostics.all.count == 0;
    for (size_t i = 0; i < site.model.refusals.count; i++) {
        const struct refusal *refusal = &site.model.refusals.items[i];
        const struct source *source = site.sources.all.items[refusal->span.source];
        struct slice head = slice_take(slice_skip(source->text, refusal->span.begin),
                                       refusal->span.end - refusal->span.begin);
        is_right = is_right && refusal->files != NULL && heads[count] != NULL &&
                   slice_equals(head, slice_from_string(heads[count]));
        count += heads[count] != NULL;
    }
    is_right = is_right && heads[count] == NULL;
    if (!is_right) {
        site_print(&site, text);
        for (size_t i = 0; i < site.model.refusals.count; i++) {
            const struct refusal *refusal = &site.model.refusals.items[i];
            printf("    refused: %.*s of %.*s\n", SLICE_ARGS(refusal->what),
                   SLICE_ARGS(statement_name(refusal->statement)));
        }
    }
    site_release(&site);
    return is_right;
}

#define REFUSES_AT(text, ...)                                                                      \
    CU_ASSERT_TRUE(refuses_at((text), (const char *const[]){__VA_ARGS__, NULL}))

/* In a server with a root whose other paths are answered. */
#define IN_SERVER(inside) "server { root /srv; location / { return 404; } " inside " }"
#define REFUSES(inside, ...) REFUSES_AT(IN_SERVER(inside), __VA_ARGS__)
#define RUNS(inside) REFUSES_AT(IN_SERVER(inside), NULL)

static void refuses_locations_where_nothing_answers(void) {
    REFUSES("location /a { }", "location /a");
    REFUSES("location /a { add_header A b; } location /b { }", "location /a", "location /b");
    REFUSES("location ~ \\.png$ { }", "location ~ \\.png$");
    REFUSES("location @a { }", "location @a");
    REFUSES("location /a { return 404; location /a/b { } }", "location /a/b");
    RUNS("location /a { proxy_pass http://a; }");
    RUNS("location /a { return 200; }");
    RUNS("location /a { set $x y; return 200; }");
}

/* A root that nobody wrote asks for nothing. */
static void needs_a_root(void) {
    CU_ASSERT_TRUE(refuses_at("server { location /a { } }", (const char *const[]){NULL}));
    REFUSES_AT("server { location / { root /a; } }", "location /");
    REFUSES_AT("root /a; server { location / { } }", "location /");
    REFUSES_AT("server { root /a; location / { root /b; return 200; } location /c { } }",
               "location /c");
}

static void refuses_servers_with_paths_left(void) {
    REFUSES_AT("server { root /srv; }", "server");
    REFUSES_AT("server { root /srv; location /a { return 200; } }", "server");
    REFUSES_AT("server { root /srv; location = / { return 200; } }", "server");
    REFUSES_AT("server { root /srv; location ~ ^/$ { return 200; } }", "server");
    REFUSES_AT("server { root /srv; location @a { return 200; } }", "server");
    RUNS("");
    CU_ASSERT_TRUE(refuses_at("server { root /srv; location ^~ / { return 200; } }",
                              (const char *const[]){NULL}));
    CU_ASSERT_TRUE(refuses_at("server { root /srv; location ~ ^/ { return 200; } }",
                              (const char *const[]){NULL}));
    CU_ASSERT_TRUE(refuses_at("server { root /srv; location ~* .* { return 200; } }",
                              (const char *const[]){NULL}));
}

/* Then locations are only reached by name. */
static void knows_servers_that_answer_themselves(void) {
    static const char *const answering[] = {
        "return 301 https://$host$request_uri;",
        "rewrite ^ https://$host$request_uri? permanent;",
        "rewrite ^(.*)$ https://$host$1 permanent;",
        "rewrite ^/old /new; return 404;",
        "rewrite ^/old /new; rewrite ^ https://a$uri permanent;",
        "if ($host = a) { return 403; } return 404;",
        "if ($host = a) { rewrite ^/(.*)$ /x/$1; } return 404;",
    };
    static const char *const others[] = {
        "if ($host = a) { return 403; }",
        "rewrite ^/old /new last; return 404;",
        "rewrite ^ /new last; return 404;",
        "if ($host = a) { break; } return 404;",
        "if ($host = a) { rewrite ^ /new break; } return 404;",
        "rewrite ^/a https://a permanent;",
    };
    for (size_t i = 0; i < sizeof answering / sizeof answering[0]; i++) {
        char text[256];
        snprintf(text, sizeof text, "server { root /srv; %s location /a { } location @b { } }",
                 answering[i]);
        REFUSES_AT(text, "location @b");
    }
    for (size_t i = 0; i < sizeof others / sizeof others[0]; i++) {
        char text[256];
        snprintf(text, sizeof text, "server { root /srv; %s location /a { } }", others[i]);
        REFUSES_AT(text, "location /a", "server");
    }
}

static void follows_rewrites(void) {
    RUNS("location /a/ { rewrite ^/a/(.*)$ /b/$1 permanent; }");
    RUNS("location /a/ { rewrite ^/a /b redirect; }");
    RUNS("location /a/ { rewrite ^/a/?(.*)$ /b/$1 last; }");
    RUNS("location /a.b/ { rewrite ^/a\\.b/(.*)$ http://c/$1; }");
    RUNS("location /a { rewrite ^ /b; }");
    RUNS("location /a { rewrite ^ /b; return 200; }");
    RUNS("location /a { rewrite /x /b; return 200; }");
    RUNS("location ~ x { rewrite ^(.*)$ /b$1 last; }");
    REFUSES("location /a { rewrite ^ /b break; }", "location /a");
    REFUSES("location /a { rewrite ^ /b; break; }", "location /a");
    REFUSES("location /a { rewrite ^/a/b /c permanent; }", "location /a");
    REFUSES("location /a { rewrite ^/a$ /c last; }", "location /a");
    REFUSES("location /a { rewrite ^/\\d /c last; }", "location /a");
    REFUSES("location /a { rewrite ^/(b|c) /d last; }", "location /a");
    REFUSES("location /a { rewrite x /c; }", "location /a");
    REFUSES("location ~ ^/a/ { rewrite ^/a/(.*)$ /b/$1 last; }", "location ~ ^/a/");
    RUNS("location /a { rewrite ^/a/x /y; rewrite ^/a /b last; }");
    REFUSES("location /a { rewrite ^/a/x /y; rewrite ^/a /b last; break; }", "location /a");
    REFUSES("location @a { rewrite ^/a /b last; }", "location @a");
}

static void follows_conditions(void) {
    RUNS("location /a { if ($arg_a) { return 403; } return 200; }");
    RUNS("location /a { if ($arg_a) { set $x y; } return 200; }");
    RUNS("location /a { if ($arg_a) { add_header A b; } proxy_pass http://a; }");
    RUNS("location /a { if ($arg_a) { break; } proxy_pass http://a; }");
    REFUSES("location /a { if ($arg_a) { return 403; } }", "location /a");
    REFUSES("location /a { if ($arg_a) { proxy_pass http://a; } }", "location /a");
    REFUSES("location /a { if ($arg_a) { break; } return 200; }", "if ($arg_a)");
    REFUSES("location /a { if ($arg_a) { rewrite ^ /b break; } return 200; }", "if ($arg_a)");
    REFUSES("location /a { if ($arg_a) { add_header A b; } }", "location /a", "if ($arg_a)");
    REFUSES("location /a { if ($arg_a) { set $x y; } if ($arg_b) { break; } return 200; }",
            "if ($arg_b)");
}

/* What nobody may see is not served. */
static void follows_access_rules(void) {
    RUNS("location ~ /\\.ht { deny all; }");
    RUNS("location /a { deny 192.0.2.1; deny all; }");
    REFUSES("location /a { allow 192.0.2.1; deny all; }", "location /a");
    REFUSES("location /a { deny 192.0.2.1; }", "location /a");
    REFUSES("location /a { allow all; deny all; }", "location /a");
}

/* The rewrites of the location are not those of limit_except. */
static void follows_limit_except(void) {
    RUNS("location /a { limit_except GET { deny all; } return 200; }");
    RUNS("location /a { limit_except GET { proxy_pass http://a; } return 200; }");
    RUNS("location /a { limit_except GET { allow all; } proxy_pass http://a; }");
    REFUSES("location /a { limit_except GET { allow 192.0.2.1; deny all; } return 200; }",
            "limit_except GET");
}

static void follows_try_files(void) {
    RUNS("location /a { try_files $uri @b; proxy_pass http://a; }");
    RUNS("location /a { try_files \"\" @b; }");
    RUNS("location /a { try_files $uri @b; return 200; }");
    REFUSES("location /a { try_files $uri @b; }", "location /a");
    REFUSES("location /a { try_files \"\" $uri @b; }", "location /a");
    REFUSES_AT("server { location / { try_files $uri =404; } }", "location /");
    REFUSES_AT("server { try_files $uri =404; location /a { return 200; } }", "server");
    REFUSES_AT("server { try_files $uri =404; location / { return 200; } }", NULL);
}

UNIT_TESTS("model/serving",
           {"refuses locations where nothing answers", refuses_locations_where_nothing_answers},
           {"needs a root", needs_a_root},
           {"refuses servers with paths left", refuses_servers_with_paths_left},
           {"knows servers that answer themselves", knows_servers_that_answer_themselves},
           {"follows rewrites", follows_rewrites}, {"follows conditions", follows_conditions},
           {"follows access rules", follows_access_rules},
           {"follows limit_except", follows_limit_except}, {"follows try_files", follows_try_files})
