/* Who controls a value, asked of whole configurations. That the definitions which count are the
 * right ones is also what the golden tests of rule open-proxy are about. */
#include "check/dataflow.h"

#include "syntax/parse.h"
#include "unit.h"

static struct arena arena;
static struct source_set sources;
static struct diagnostic_list diagnostics;
static struct tree tree;
static struct model model;

static void build(const char *text) {
    arena_release(&arena);
    arena_init(&arena, 1u << 16);
    source_set_init(&sources, &arena);
    diagnostic_list_init(&diagnostics, &arena);
    tree = (struct tree){0};
    model = (struct model){0};
    struct parse_options options = {.ignore_includes = true};
    parse_text(&arena, &sources, &diagnostics, SLICE("test.conf"), slice_from_string(text),
               &options, &tree);
    model_build(&model, &tree);
}

/* Who controls the target of the first proxy_pass, in the first location that has one. */
static enum dataflow_control control_of(const char *text) {
    build(text);
    struct dataflow flow;
    struct site site;
    site_collect(&site, &model);
    dataflow_init(&flow, &model, &site);
    const struct server *server = model.servers.items[0];
    for (size_t i = 0; i < server->locations.count; i++) {
        const struct location *location = server->locations.items[i];
        if (location->proxy != NULL) {
            struct dataflow_place place = {.server = server, .location = location};
            return dataflow_find_control(&flow, &place, &location->proxy->target);
        }
    }
    return DATAFLOW_CONSTANT;
}

static void knows_builtin_variables(void) {
    CU_ASSERT_EQUAL(control_of("location / { proxy_pass http://a:1/x; }"), DATAFLOW_CONSTANT);
    CU_ASSERT_EQUAL(control_of("location / { proxy_pass http://a:$server_port/; }"),
                    DATAFLOW_SERVER);
    CU_ASSERT_EQUAL(control_of("location / { proxy_pass http://a-$request_method/; }"),
                    DATAFLOW_PARTLY);
    CU_ASSERT_EQUAL(control_of("location / { proxy_pass http://a:$server_port/$args; }"),
                    DATAFLOW_CLIENT);
}

static void knows_variables_that_do_not_run(void) {
    CU_ASSERT_EQUAL(control_of("location / { proxy_pass http://$ssl_server_name; }"),
                    DATAFLOW_CLIENT);
    CU_ASSERT_EQUAL(control_of("location / { proxy_pass http://$document_root; }"),
                    DATAFLOW_SERVER);
}

static void follows_sets(void) {
    CU_ASSERT_EQUAL(control_of("location / { set $a b; proxy_pass http://$a:1; }"),
                    DATAFLOW_CONSTANT);
    CU_ASSERT_EQUAL(control_of("location / { set $a $args; set $c $a; proxy_pass http://$c:1; }"),
                    DATAFLOW_CLIENT);
    CU_ASSERT_EQUAL(control_of("location / { set $a $args; set $a b; proxy_pass http://$a:1; }"),
                    DATAFLOW_CONSTANT);
    CU_ASSERT_EQUAL(control_of("set $a $args; location / { proxy_pass http://$a:1; }"),
                    DATAFLOW_CLIENT);
    CU_ASSERT_EQUAL(control_of("set $a x; set $a $a$args; set $a $a.y;"
                               "location / { proxy_pass http://$a:1; }"),
                    DATAFLOW_CLIENT);
}

static void ignores_what_comes_after(void) {
    CU_ASSERT_EQUAL(control_of("location / { set $a x; set $b $a; set $a $args;"
                               "proxy_pass http://$b:1; }"),
                    DATAFLOW_CONSTANT);
}

static void follows_maps_and_captures(void) {
    CU_ASSERT_EQUAL(control_of("map $args $a { default x; ~^(.*)$ y; }"
                               "server { location / { proxy_pass http://$a:1; } }"),
                    DATAFLOW_CONSTANT);
    CU_ASSERT_EQUAL(control_of("map $args $a { default x; ~^(.*)$ $1; }"
                               "server { location / { proxy_pass http://$a:1; } }"),
                    DATAFLOW_CLIENT);
    CU_ASSERT_EQUAL(control_of("map $server_port $a { default x; ~^(.*)$ $1; }"
                               "server { location / { proxy_pass http://$a:1; } }"),
                    DATAFLOW_SERVER);
    CU_ASSERT_EQUAL(control_of("location ~ ^/(a|b)/ { proxy_pass http://$1:1; }"),
                    DATAFLOW_CONSTANT);
    CU_ASSERT_EQUAL(control_of("location ~ ^/(.+)/ { proxy_pass http://$1:1; }"), DATAFLOW_CLIENT);
}

static void ends_where_definitions_go_in_circles(void) {
    CU_ASSERT_EQUAL(control_of("location / { set $a $b; set $b $a; proxy_pass http://$a:1; }"),
                    DATAFLOW_CONSTANT);
    CU_ASSERT_EQUAL(control_of("map $a $b { default $a$a$a$a; } map $b $a { default $b$b$b$b; }"
                               "server { location / { proxy_pass http://$a$b:1; } }"),
                    DATAFLOW_CONSTANT);
}

/* Whether the target of the first proxy_pass may hold that byte. */
static bool may_hold(const char *text, char byte) {
    build(text);
    struct dataflow flow;
    struct site site;
    site_collect(&site, &model);
    dataflow_init(&flow, &model, &site);
    for (size_t i = 0; i < site.locations.count; i++) {
        const struct location *location = site.locations.items[i];
        if (location->proxy != NULL) {
            struct dataflow_place place = {.server = location->server, .location = location};
            struct byte_set bytes = dataflow_find_bytes(&flow, &place, &location->proxy->target);
            return byte_set_has(&bytes, (unsigned char)byte);
        }
    }
    return false;
}

static void knows_bytes_of_variables(void) {
    CU_ASSERT_TRUE(may_hold("location / { proxy_pass http://a$uri; }", '\n'));
    CU_ASSERT_FALSE(may_hold("location / { proxy_pass http://a$request_uri; }", '\n'));
    CU_ASSERT_FALSE(may_hold("location / { proxy_pass http://a$arg_a; }", '\r'));
    CU_ASSERT_TRUE(may_hold("location / { set $a $uri; proxy_pass http://a$a; }", '\n'));
}

static void knows_bytes_of_captures(void) {
    CU_ASSERT_TRUE(may_hold("location ~ ^/([^/]+) { proxy_pass http://a/$1; }", '\n'));
    CU_ASSERT_FALSE(may_hold("location ~ ^/(.+) { proxy_pass http://a/$1; }", '\n'));
    CU_ASSERT_TRUE(may_hold("location ~ ^/(.+) { proxy_pass http://a/$1; }", '\r'));
    CU_ASSERT_FALSE(may_hold("location ~ ^/([a-z]+)$ { proxy_pass http://a/$1; }", '\n'));
    CU_ASSERT_FALSE(may_hold("location ~ ^/([a-z]+)$ { proxy_pass http://a/$1; }", 'A'));
    CU_ASSERT_TRUE(may_hold("location ~* ^/([a-z]+)$ { proxy_pass http://a/$1; }", 'A'));
    CU_ASSERT_TRUE(may_hold("location ~ ^/(?<x>[^/]+) { proxy_pass http://a/$x; }", '\n'));
    CU_ASSERT_FALSE(
        may_hold("location / { if ($arg_a ~ ([^/]+)) { proxy_pass http://a/$1; } }", '\n'));
    CU_ASSERT_TRUE(may_hold("map $uri $a { default x; ~^/([^/]*) $1; }"
                            "server { location / { proxy_pass http://a/$a; } }",
                            '\n'));
    CU_ASSERT_FALSE(may_hold("map $uri $a { default x; ~^/(.*) $1; }"
                             "server { location / { proxy_pass http://a/$a; } }",
                             '\n'));
}

static void knows_bytes_that_guards_leave(void) {
    CU_ASSERT_FALSE(may_hold("location / { if ($uri ~ [\\r\\n]) { return 400; }"
                             "proxy_pass http://a$uri; }",
                             '\n'));
    CU_ASSERT_TRUE(may_hold("location / { if ($uri ~ ^[\\r\\n]) { return 400; }"
                            "proxy_pass http://a$uri; }",
                            '\n'));
    CU_ASSERT_FALSE(may_hold("if ($uri !~ ^[/a-z]+\\z) { return 400; }"
                             "location / { proxy_pass http://a$uri; }",
                             '\n'));
    CU_ASSERT_TRUE(may_hold("if ($uri !~ ^[/a-z]+$) { return 400; }"
                            "location / { proxy_pass http://a$uri; }",
                            '\n')); /* one may follow */
}

static void release(void) {
    arena_release(&arena);
}

UNIT_TESTS("check/dataflow", {"knows built-in variables", knows_builtin_variables},
           {"knows variables that do not run", knows_variables_that_do_not_run},
           {"follows sets", follows_sets}, {"ignores what comes after", ignores_what_comes_after},
           {"follows maps and captures", follows_maps_and_captures},
           {"knows bytes of variables", knows_bytes_of_variables},
           {"knows bytes of captures", knows_bytes_of_captures},
           {"knows bytes that guards leave", knows_bytes_that_guards_leave},
           {"ends where definitions go in circles", ends_where_definitions_go_in_circles},
           {"releases everything", release})
