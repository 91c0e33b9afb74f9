/* Rewrite phases: whether they end early, leave, change what was tested, and where they lead. */
#include "check/steps.h"
#include "emit/compiled.h"

static struct compiled compiled;

/* The inside of a server; it need not compile. */
static const struct server *read_server(const char *inside) {
    static char text[1024];
    snprintf(text, sizeof text, "server { %s }", inside);
    compile_text(&compiled, text);
    CU_ASSERT_EQUAL_FATAL(compiled.model.servers.count, 1);
    return compiled.model.servers.items[0];
}

static bool may_stop(const char *inside, enum steps_owner owner) {
    const struct server *server = read_server(inside);
    size_t count = server->rewrite.steps.count;
    const struct statement *last = server->rewrite.steps.items[count - 1].statement;
    bool result = steps_may_stop_before(&server->rewrite, owner, last);
    compiled_release(&compiled);
    return result;
}

static void knows_early_ends(void) {
    CU_ASSERT_FALSE(may_stop("set $a b; set $c d;", STEPS_OF_LOCATION));
    CU_ASSERT_TRUE(may_stop("break; set $c d;", STEPS_OF_LOCATION));
    CU_ASSERT_TRUE(may_stop("if ($uri) { break; } set $c d;", STEPS_OF_LOCATION));
    CU_ASSERT_TRUE(may_stop("rewrite ^/a /b break; set $c d;", STEPS_OF_LOCATION));
    CU_ASSERT_FALSE(may_stop("rewrite ^/a /b; set $c d;", STEPS_OF_LOCATION));
    CU_ASSERT_FALSE(may_stop("rewrite ^/a /b permanent; set $c d;", STEPS_OF_LOCATION));
    CU_ASSERT_FALSE(may_stop("rewrite ^/a http://b break; set $c d;", STEPS_OF_LOCATION));
    CU_ASSERT_FALSE(may_stop("if ($uri) { return 403; } set $c d;", STEPS_OF_LOCATION));
    CU_ASSERT_FALSE(may_stop("set $c d; if ($uri) { break; }", STEPS_OF_LOCATION));
    CU_ASSERT_FALSE(may_stop("rewrite ^/a /b last; set $c d;", STEPS_OF_LOCATION));
    CU_ASSERT_TRUE(may_stop("rewrite ^/a /b last; set $c d;", STEPS_OF_SERVER));
}

static bool always_leaves(const char *inside, enum steps_owner owner) {
    const struct server *server = read_server(inside);
    bool result = steps_always_leave(&compiled.arena, &server->rewrite, owner);
    compiled_release(&compiled);
    return result;
}

static void knows_whether_a_phase_leaves(void) {
    CU_ASSERT_TRUE(always_leaves("return 403;", STEPS_OF_SERVER));
    CU_ASSERT_TRUE(always_leaves("set $a b; rewrite ^/a /b; return 403;", STEPS_OF_SERVER));
    CU_ASSERT_TRUE(always_leaves("rewrite ^ http://a;", STEPS_OF_SERVER));
    CU_ASSERT_TRUE(always_leaves("rewrite ^(.*)$ /a permanent;", STEPS_OF_SERVER));
    CU_ASSERT_TRUE(always_leaves("rewrite ^ /a last;", STEPS_OF_LOCATION));
    CU_ASSERT_FALSE(always_leaves("rewrite ^ /a last;", STEPS_OF_SERVER));
    CU_ASSERT_FALSE(always_leaves("rewrite ^/a http://a;", STEPS_OF_SERVER));
    CU_ASSERT_FALSE(always_leaves("rewrite ^ /a;", STEPS_OF_LOCATION));
    CU_ASSERT_FALSE(always_leaves("rewrite ^ /a break; return 403;", STEPS_OF_LOCATION));
    CU_ASSERT_FALSE(always_leaves("break; return 403;", STEPS_OF_SERVER));
    CU_ASSERT_FALSE(always_leaves("set $a b;", STEPS_OF_SERVER));
}

static bool may_change(const char *inside, const char *variable) {
    const struct server *server = read_server(inside);
    bool result = steps_may_change(&compiled.arena, &server->rewrite, STEPS_OF_LOCATION, NULL,
                                   slice_from_string(variable));
    compiled_release(&compiled);
    return result;
}

static void knows_what_is_changed(void) {
    CU_ASSERT_TRUE(may_change("rewrite ^/(.*) /a?b=$1;", "arg_b"));
    CU_ASSERT_TRUE(may_change("rewrite ^/(.*) /a?b=$1;", "args"));
    CU_ASSERT_TRUE(may_change("if ($uri) { set $args b=$http_c; }", "query_string"));
    CU_ASSERT_TRUE(may_change("rewrite ^/(.*) /$1;", "uri"));
    CU_ASSERT_FALSE(may_change("rewrite ^/(.*) /$1;", "arg_b"));
    CU_ASSERT_FALSE(may_change("rewrite ^/(.*) /a?b=c;", "arg_b"));
    CU_ASSERT_FALSE(may_change("rewrite ^/(.*) /a?b=$1 permanent;", "arg_b"));
    CU_ASSERT_FALSE(may_change("rewrite ^ /a;", "uri"));
    CU_ASSERT_FALSE(may_change("set $args b;", "arg_b"));
    CU_ASSERT_FALSE(may_change("if ($uri) { set $args $http_c; return 403; }", "arg_b"));
    CU_ASSERT_FALSE(may_change("rewrite ^/(.*) /$1?$1;", "http_a"));
    CU_ASSERT_FALSE(may_change("rewrite ^/(.*) /$1?$1;", "request_uri"));
}

/* Whether the server's first location may hand on to its last. */
static bool leads(const char *inside) {
    const struct server *server = read_server(inside);
    size_t count = server->locations.count;
    uint32_t budget = 1000;
    bool result = steps_lead_to(&compiled.arena, server->locations.items[0],
                                server->locations.items[count - 1], &budget);
    CU_ASSERT_TRUE(budget > 0);
    compiled_release(&compiled);
    return result;
}

static void knows_where_requests_go(void) {
    CU_ASSERT_TRUE(leads("location /a { rewrite ^ /b/c last; } location /b { }"));
    CU_ASSERT_TRUE(leads("location /a { rewrite ^ /b/c; } location /b { }"));
    CU_ASSERT_TRUE(leads("location /a { rewrite ^ /b?c last; } location = /b { }"));
    CU_ASSERT_TRUE(leads("location /a { rewrite ^/(.*) /$1 last; } location /b { }"));
    CU_ASSERT_TRUE(leads("location /a { rewrite ^ $arg_b last; } location /b { }"));
    CU_ASSERT_TRUE(leads("location /a { if ($uri) { rewrite ^ /b last; } } location /b { }"));
    CU_ASSERT_TRUE(leads("location /a { rewrite ^ /c last; } location ~ b { }"));
    CU_ASSERT_TRUE(leads("location /a { error_page 404 @b; } location @b { }"));
    CU_ASSERT_TRUE(leads("error_page 404 /b; location /a { } location /b { }"));
    CU_ASSERT_TRUE(leads("location /a { error_page 404 @$arg_b; } location @b { }"));
    CU_ASSERT_TRUE(leads("location /a { try_files /c @b; } location @b { }"));
    CU_ASSERT_TRUE(leads("location /a { try_files /c /b$uri; } location /b { }"));
    CU_ASSERT_TRUE(leads("location /a { rewrite ^ /c; } location /c { rewrite ^ /b; }"
                         " location /b { }"));
    CU_ASSERT_FALSE(leads("location /a { rewrite ^ /c last; } location /b { }"));
    CU_ASSERT_FALSE(leads("location /a { rewrite ^ /b/c last; } location = /b { }"));
    CU_ASSERT_FALSE(leads("location /a { rewrite ^ /b break; } location /b { }"));
    CU_ASSERT_FALSE(leads("location /a { rewrite ^ /b redirect; } location /b { }"));
    CU_ASSERT_FALSE(leads("location /a { rewrite ^ http://a/b; } location /b { }"));
    CU_ASSERT_FALSE(leads("location /a { error_page 404 @c; } location @b { }"));
    CU_ASSERT_FALSE(leads("location /a { error_page 404 http://a/b; } location /b { }"));
    CU_ASSERT_FALSE(leads("location /a { try_files /b @c; } location /b { }"));
    CU_ASSERT_FALSE(leads("location /a { try_files /b =404; } location /b { }"));
    CU_ASSERT_FALSE(leads("location /a { rewrite ^ /b last; } location @b { }"));
    CU_ASSERT_FALSE(leads("location /a { return 301 /b; } location /b { }"));
}

/* Who has many locations need not wait: what is not looked at may be a way. */
static void gives_up_in_time(void) {
    const struct server *server = read_server("location /a { rewrite ^ /b last; } location /b { }"
                                              " location /c { }");
    uint32_t budget = 1;
    CU_ASSERT_TRUE(steps_lead_to(&compiled.arena, server->locations.items[0],
                                 server->locations.items[2], &budget));
    CU_ASSERT_EQUAL(budget, 0);
    compiled_release(&compiled);
}

UNIT_TESTS("check/steps", {"knows early ends", knows_early_ends},
           {"knows whether a phase leaves", knows_whether_a_phase_leaves},
           {"knows what is changed", knows_what_is_changed},
           {"knows where requests go", knows_where_requests_go},
           {"gives up in time", gives_up_in_time})
