/* Tests of decide.c: the phases in nginx's order and what leads from one to another. The expected
 * lines are what nginx 1.22 answers to the same requests; where a location has no answer of its own
 * nginx serves a file that is not there. */
#include "decision.h"

static struct decision decision;

static void rewrites_in_the_server_before_it_looks_for_a_location(void) {
    static const struct decision_row rows[] = {
        {"GET /a", "200 b /b server"}, {"GET /b", "200 b /b server"}, {"GET /stop", "403 page"}};
    DECIDES_ALL("server { set $v server; rewrite ^/a$ /b; if ($uri = /stop) { return 403; }"
                " location /a { return 200 \"a $uri $v\"; } location /stop { return 200 never; }"
                " location /b { return 200 \"b $uri $v\"; } }",
                rows);
}

/* nginx: return comes before access rules, those before try_files, that before the content. */
static void keeps_the_order_of_phases(void) {
    static const struct decision_row rows[] = {
        {"GET /return", "200 returned"}, {"GET /denied", "403 page"},
        {"GET /tried", "200 tried"},     {"GET /proxied", "proxy GET a /proxied"},
        {"GET /last", "200 target"},     {"GET /break", "403 page"},
    };
    DECIDES_ALL("server { location /return { deny all; return 200 returned; }"
                " location /denied { deny all; try_files /none @tried; proxy_pass http://a; }"
                " location /tried { allow all; try_files /none @tried; proxy_pass http://a; }"
                " location /proxied { proxy_pass http://a; }"
                " location /last { deny all; rewrite ^ /target last; }"
                " location /break { deny all; rewrite ^ /target break; proxy_pass http://a; }"
                " location /target { return 200 target; }"
                " location @tried { return 200 tried; } }",
                rows);
}

static void has_no_location(void) {
    static const struct decision_row rows[] = {
        {"GET /a", "200 a"},
        {"GET /b", "200 file /prefix/html/b"},
        {"HEAD /b", "200 file /prefix/html/b"},
        {"POST /b", "200 file /prefix/html/b"},
        {"PUT /b", "405 page"},
        {"DELETE /b", "405 page"},
        {"GET /x?c=1", "418 page"},
    };
    DECIDES_ALL("server { if ($arg_c) { return 418; } location /a { return 200 a; } }", rows);
    CU_ASSERT_TRUE(
        decides_once("server { deny all; location /a { return 200 a; } }", "GET /b", "403 page"));
}

static void has_no_answer_in_the_location(void) {
    static const struct decision_row rows[] = {
        {"GET /a", "200 file /prefix/html/a"}, {"PUT /a", "405 page"}, {"PATCH /a", "405 page"}};
    DECIDES_ALL("server { location / { set $x y; } }", rows);
}

static void keeps_internal_locations_from_clients(void) {
    static const struct decision_row rows[] = {
        {"GET /hidden", "404 page /hidden-page"},
        {"GET /hidden/deeper", "404 page /hidden-page"},
        {"GET /rewritten", "200 hidden"},
        {"GET /from-error", "403 hidden"},
        {"GET /server-rewritten", "200 hidden"},
        {"GET /slash", "404 page /hidden-page"},
        {"GET /from-try", "200 hidden"},
        {"GET /page", "404 page /hidden-page"},
        {"GET /nested/inner", "404 page /hidden-page"},
    };
    DECIDES_ALL("server { rewrite ^/server-rewritten /hidden;"
                " location /hidden { internal; return 200 hidden; }"
                " location /rewritten { rewrite ^ /hidden last; }"
                " location /from-error { error_page 403 /hidden; return 403; }"
                " location /from-try { try_files /none /hidden; proxy_pass http://a; }"
                " location /slash/ { internal; proxy_pass http://a; }"
                " location /nested { internal; location /nested/inner { return 200 inner; } }"
                " location = /page { internal; error_page 404 /hidden-page; return 200; }"
                " error_page 404 /hidden-page;"
                " location = /hidden-page { internal; return 200 \"page $uri\"; } }",
                rows);
}

/* limit_except has settings and a proxy of its own; the location's rewrites are not its. */
static void limits_methods(void) {
    static const struct decision_row rows[] = {
        {"GET /denied", "200 rewritten"},     {"HEAD /denied", "200 rewritten"},
        {"POST /denied", "403 page"},         {"FOO /denied", "403 page"},
        {"POST /else", "proxy POST b /else"}, {"DELETE /else", "proxy DELETE b /else"},
        {"GET /else", "proxy GET a /new"},    {"PUT /post", "403 page"},
        {"POST /post", "200 posted"},         {"GET /post", "403 page"},
        {"HEAD /head", "200 head"},           {"GET /head", "403 page"},
        {"POST /open", "proxy POST a /open"},
    };
    DECIDES_ALL("server { location /denied { limit_except GET { deny all; } return 200 rewritten; }"
                " location /else { limit_except GET { proxy_pass http://b; }"
                "  rewrite ^ /new break; proxy_pass http://a; }"
                " location /post { limit_except POST { deny all; } return 200 posted; }"
                " location /head { limit_except HEAD { deny all; } return 200 head; }"
                " location /open { limit_except GET { allow all; } deny 10.0.0.0/8;"
                "  proxy_pass http://a; } }",
                rows);
}

/* In nginx the limit holds for a location that an error page names, too, and for a page's path with
 * its GET. */
static void limits_methods_of_named_locations(void) {
    static const struct decision_row rows[] = {
        {"POST /named", "403 page"}, {"GET /named", "404 named"}, {"POST /path", "404 shown"}};
    DECIDES_ALL("server { location /named { error_page 404 @named; return 404; }"
                " location @named { limit_except GET { deny all; } return 200 named; }"
                " location /path { error_page 404 /page; return 404; }"
                " location /page { limit_except GET { deny all; } return 200 shown; } }",
                rows);
}

/* A path that wants a slash is a redirect to the location's name, encoded, with the arguments. */
static void redirects_to_the_slash(void) {
    static const struct decision_row rows[] = {
        {"GET /a", "301 to /a/"},           {"GET /a?x=%20y", "301 to /a/?x=%20y"},
        {"GET /a?", "301 to /a/"},          {"GET /b%20c", "301 to /b%20c/"},
        {"GET /q%3Fr", "301 to /q%3Fr/"},   {"GET /u%c3%a9", "301 to /u%C3%A9/"},
        {"POST /a", "301 to /a/"},          {"GET /limited", "301 to /limited/"},
        {"GET /denied", "301 to /denied/"},
    };
    DECIDES_ALL(
        "server { location /a/ { proxy_pass http://a; }"
        " location \"/b c/\" { proxy_pass http://a; } location /q?r/ { proxy_pass http://a; }"
        " location /u\xc3\xa9/ { proxy_pass http://a; }"
        " location /denied/ { deny all; proxy_pass http://a; }"
        " location /limited/ { limit_except POST { deny all; } proxy_pass http://a; } }",
        rows);
}

/* Each change of the path in a location is counted; the eleventh ends in 500. */
static void ends_cycles(void) {
    decision_open(&decision, "server { location / { rewrite ^ /x$uri last; } }");
    CU_ASSERT_TRUE(decides(&decision, "GET /", "500 page"));
    CU_ASSERT_STRING_EQUAL(decision.notes, "rewrite or internal redirection cycle while processing "
                                           "\"/x/x/x/x/x/x/x/x/x/x/x/\"\n");
    CU_ASSERT_TRUE(decision.request.is_unsettled);
    decision_close(&decision);
    CU_ASSERT_TRUE(decides_once("server { location / { rewrite ^ /x$uri last; }"
                                " location /x/x/x/x/x/x/x/x/x/x/ { return 200 there; } }",
                                "GET /", "200 there"));
    CU_ASSERT_TRUE(decides_once("server { location / { rewrite ^ /x$uri last; }"
                                " location /x/x/x/x/x/x/x/x/x/x/x/ { return 200 there; } }",
                                "GET /", "500 page"));
}

/* After too many of them no error page is looked for. */
static void answers_cycles_plainly(void) {
    CU_ASSERT_TRUE(decides_once("server { error_page 500 /500; location / { rewrite ^ /x last; }"
                                " location = /500 { return 200 shown; } }",
                                "GET /", "500 page"));
}

/* A cycle of the server's own rewrites does not exist: they run once for each path. */
static void rewrites_once_in_the_server(void) {
    CU_ASSERT_TRUE(decides_once("server { rewrite ^(.*)$ /x$1; location / { return 200 $uri; } }",
                                "GET /", "200 /x/"));
}

/* An internal redirect begins with the server's rewrites again; a named location and a rewrite in a
 * location do not. Variables keep their values. */
static void begins_again_with_the_server(void) {
    static const struct decision_row rows[] = {
        {"GET /page", "404 112 /target"},
        {"GET /try", "200 112 /target"},
        {"GET /named", "404 12 /named"},
        {"GET /last", "200 12 /target"},
    };
    DECIDES_ALL("server { set $v \"${v}1\";"
                " location /page { error_page 404 /target; return 404; }"
                " location /try { try_files /none /target; proxy_pass http://a; }"
                " location /named { error_page 404 @named; return 404; }"
                " location /last { rewrite ^ /target last; }"
                " location /target { set $v \"${v}2\"; return 200 \"$v $uri\"; }"
                " location @named { set $v \"${v}2\"; return 200 \"$v $uri\"; } }",
                rows);
}

/* The part of proxy_pass's path that is replaced is that of the location, unless the rewriting that
 * led here said break; an internal redirect forgets that. */
static void forgets_break_at_a_redirect(void) {
    decision_open(&decision, "server { location /a { rewrite ^ /b break; error_page 404 /c;"
                             " try_files /none =404; proxy_pass http://a; }"
                             " location / { proxy_pass http://a; } }");
    CU_ASSERT_TRUE(decides(&decision, "GET /a", "404 proxy GET a /c"));
    CU_ASSERT_FALSE(decision.request.keeps_path);
    CU_ASSERT_TRUE(decision.request.is_rewritten && decision.request.is_internal);
    decision_close(&decision);
}

static const char *ask_with_body(const char *asked, uint64_t size) {
    decision_begin(&decision, asked);
    decision.request.content_length = size;
    return decision_make(&decision);
}

#define ASK_WITH_BODY(asked, size, expected)                                                       \
    CU_ASSERT_TRUE(decision_says(asked, ask_with_body(asked, size), expected))

/* The size counts in the location that was found, before anything in it is done. */
static void refuses_large_bodies(void) {
    decision_open(&decision,
                  "client_max_body_size 10; server { location / { return 200 fine; }"
                  " location /large { client_max_body_size 100; proxy_pass http://a; }"
                  " location /any { client_max_body_size 0; proxy_pass http://a; }"
                  " location /moved { rewrite ^ /large last; }"
                  " location /slash/ { client_max_body_size 5; proxy_pass http://a; }"
                  " location /limited { client_max_body_size 5; limit_except POST { deny all; }"
                  "  proxy_pass http://a; } }");
    ASK_WITH_BODY("POST /", 10, "200 fine");
    ASK_WITH_BODY("POST /", 11, "413 page");
    CU_ASSERT_STRING_EQUAL(decision.notes, "client intended to send too large body: 11 bytes\n");
    CU_ASSERT_TRUE(decision.request.is_unsettled);
    ASK_WITH_BODY("POST /large", 100, "proxy POST a /large");
    ASK_WITH_BODY("POST /large", 101, "413 page");
    ASK_WITH_BODY("POST /any", UINT64_MAX, "proxy POST a /any");
    ASK_WITH_BODY("POST /moved", 11, "413 page");
    ASK_WITH_BODY("POST /slash", 6, "413 page");
    ASK_WITH_BODY("PUT /limited", 6, "413 page");
    ASK_WITH_BODY("POST /nothing", 11, "413 page");
    decision_close(&decision);
}

/* Its error page does not get the body, so nothing is too large for it. */
static void drops_large_bodies(void) {
    decision_open(&decision, "server { client_max_body_size 10; error_page 413 /page;"
                             " location / { proxy_pass http://a; }"
                             " location /own { error_page 413 @named; return 200; }"
                             " location @named { proxy_pass http://b; } }");
    ASK_WITH_BODY("POST /", 11, "413 proxy GET a /page");
    CU_ASSERT_EQUAL(decision.request.content_length, 0);
    ASK_WITH_BODY("POST /own", 11, "413 proxy POST b /own");
    ASK_WITH_BODY("POST /", 10, "proxy POST a /");
    CU_ASSERT_EQUAL(decision.request.content_length, 10);
    decision_close(&decision);
    decision_open(&decision, "server { client_max_body_size 100; error_page 404 /page;"
                             " location / { return 404; }"
                             " location /page { client_max_body_size 10; return 200 shown; } }");
    ASK_WITH_BODY("POST /", 11, "413 page"); /* another error's page gets the body */
    decision_close(&decision);
}

/* Settings, proxy and name are those of the last block of if that was entered; the rest of the
 * location's sequence goes on. */
static void enters_blocks(void) {
    static const struct decision_row rows[] = {
        {"GET /x", "proxy GET around /x"},
        {"GET /x?a=1", "proxy GET a /x?a=1"},
        {"GET /x?b=1", "proxy GET around /x?b=1"},
        {"GET /x?a=1&b=1", "proxy GET around /x?a=1&b=1"},
        {"GET /x?a=1&c=1", "200 a"},
        {"GET /none?a=1", "proxy GET a /none?a=1"},
        {"GET /none", "200 file /prefix/html/none"},
    };
    DECIDES_ALL("server { location /x { set $v \"\"; if ($arg_a) { set $v a; proxy_pass http://a; }"
                "  if ($arg_b) { set $v b; } if ($arg_c) { return 200 $v; }"
                "  proxy_pass http://around; }"
                " location /none { if ($arg_a) { proxy_pass http://a; } } }",
                rows);
}

/* try_files is not inherited by a block of if, access rules are. */
static void inherits_into_blocks_what_nginx_does(void) {
    static const struct decision_row rows[] = {
        {"GET /try", "200 named"},
        {"GET /try?a=1", "proxy GET a /try?a=1"},
        {"GET /access?a=1", "403 page"},
        {"GET /access", "403 page"},
    };
    DECIDES_ALL("server { location /try { if ($arg_a) { set $v a; } try_files /none @named;"
                "  proxy_pass http://a; }"
                " location /access { deny all; if ($arg_a) { set $v a; } proxy_pass http://a; }"
                " location @named { return 200 named; } }",
                rows);
}

static void fails_when_a_regex_does(void) {
    char asked[64] = "GET /";
    memset(asked + 5, 'a', 40);
    asked[45] = 'b';
    CU_ASSERT_TRUE(
        decides_once("server { location ~ ^/(a+)+$ { return 200; } }", asked, "500 page"));
    CU_ASSERT_TRUE(
        decides_once("server { rewrite ^/(a+)+$ /x; return 200 no; }", asked, "500 page"));
    CU_ASSERT_TRUE(decides_once("server { error_page 500 /page; location / { "
                                " if ($uri ~ ^/(a+)+$) { return 200; } return 200 no; }"
                                " location = /page { return 200 shown; } }",
                                asked, "500 shown"));
}

/* What a request is worth is not spent by the error that ends it. */
static void answers_when_the_effort_was_too_much(void) {
    char text[2048] = "server { error_page 500 /page; location = /page { return 200 \"$uri\"; }"
                      " location / { set $v 12345678;";
    for (int i = 0; i < 40; i++) {
        strcat(text, " set $v $v$v;");
    }
    strcat(text, " return 200 $v; } }");
    CU_ASSERT_TRUE(decides_once(text, "GET /", "500 /page"));
}

UNIT_TESTS("engine/decide",
           {"rewrites in the server before it looks for a location",
            rewrites_in_the_server_before_it_looks_for_a_location},
           {"keeps the order of phases", keeps_the_order_of_phases},
           {"has no location", has_no_location},
           {"has no answer in the location", has_no_answer_in_the_location},
           {"keeps internal locations from clients", keeps_internal_locations_from_clients},
           {"limits methods", limits_methods},
           {"limits methods of named locations", limits_methods_of_named_locations},
           {"redirects to the slash", redirects_to_the_slash}, {"ends cycles", ends_cycles},
           {"answers cycles plainly", answers_cycles_plainly},
           {"rewrites once in the server", rewrites_once_in_the_server},
           {"begins again with the server", begins_again_with_the_server},
           {"forgets break at a redirect", forgets_break_at_a_redirect},
           {"refuses large bodies", refuses_large_bodies},
           {"drops large bodies", drops_large_bodies}, {"enters blocks", enters_blocks},
           {"inherits into blocks what nginx does", inherits_into_blocks_what_nginx_does},
           {"fails when a regex does", fails_when_a_regex_does},
           {"answers when the effort was too much", answers_when_the_effort_was_too_much})
