/* Emission as a whole: programs, settings, upstream groups, places, limits, and that equal things
 * are stored once. */
#include "compiled.h"

static const struct table_op *ops_of(const struct compiled *compiled, uint32_t program,
                                     uint32_t count) {
    struct table_range ops = compiled->table.program[program].ops;
    CU_ASSERT_EQUAL_FATAL(ops.count, count);
    return &compiled->table.op[ops.first];
}

static void compiles_templates(void) {
    struct compiled compiled;
    COMPILE_FATAL(&compiled, "server { set $app x; location ~ ^/(.) {"
                             "return 200 \"a$app$1${http_x_id}b\"; } }");
    const struct table *table = &compiled.table;
    const struct table_location *location = compiled_location(&compiled, "^/(.)");
    const struct table_op *answer = ops_of(&compiled, location->rewrite, 1);
    CU_ASSERT_EQUAL(answer->code, TABLE_OP_RETURN_TEXT);
    CU_ASSERT_EQUAL(answer->a, 200);
    const struct table_op *ops = ops_of(&compiled, answer->b, 5);
    static const uint32_t codes[] = {TABLE_OP_APPEND_TEXT, TABLE_OP_APPEND_SLOT,
                                     TABLE_OP_APPEND_CAPTURE, TABLE_OP_APPEND_VARIABLE,
                                     TABLE_OP_APPEND_TEXT};
    for (uint32_t i = 0; i < 5; i++) {
        CU_ASSERT_EQUAL(ops[i].code, codes[i]);
    }
    CU_ASSERT_STRING_EQUAL(table_chars(table, table->slot[ops[1].a].name), "app");
    CU_ASSERT_EQUAL(ops[2].a, 1);
    CU_ASSERT_EQUAL(table->variable[ops[3].a].id, VARIABLE_HTTP);
    CU_ASSERT_STRING_EQUAL(table_chars(table, table->variable[ops[3].a].suffix), "x_id");
    compiled_release(&compiled);
}

static void compiles_rewrites_in_order(void) {
    struct compiled compiled;
    COMPILE_FATAL(&compiled, "server { set $a 1; set $b $a; return 301 /$b; location / { } }");
    const struct table_op *ops = ops_of(&compiled, compiled.table.server[0].rewrite, 3);
    CU_ASSERT_EQUAL(ops[0].code, TABLE_OP_SET);
    CU_ASSERT_EQUAL(ops[1].code, TABLE_OP_SET);
    CU_ASSERT_NOT_EQUAL(ops[0].a, ops[1].a);
    CU_ASSERT_EQUAL(ops[2].code, TABLE_OP_RETURN_REDIRECT);
    CU_ASSERT_EQUAL(ops[2].a, 301);
    CU_ASSERT_EQUAL(compiled_location(&compiled, "/")->rewrite, TABLE_NONE);
    compiled_release(&compiled);
}

static void stores_settings_in_the_units_of_the_table(void) {
    struct compiled compiled;
    COMPILE_FATAL(&compiled,
                  "proxy_read_timeout 90s; client_max_body_size 3m; server_tokens build;"
                  "large_client_header_buffers 8 16k; merge_slashes off; proxy_http_version 1.0;"
                  "server { default_type a/b; proxy_hide_header X-A; proxy_hide_header X-B;"
                  "add_header X-C $host always; error_log e.log warn; access_log off; }");
    const struct table *table = &compiled.table;
    const struct table_settings *settings = &table->settings[table->server[0].settings];
    CU_ASSERT_EQUAL(settings->proxy_read_timeout, 90000);
    CU_ASSERT_EQUAL(settings->client_max_body_size, 3 * 1024 * 1024);
    CU_ASSERT_EQUAL(settings->server_tokens, 2);
    CU_ASSERT_EQUAL(settings->large_client_header_buffers.first, 8);
    CU_ASSERT_EQUAL(settings->large_client_header_buffers.second, 16384);
    CU_ASSERT_EQUAL(settings->merge_slashes, 0);
    CU_ASSERT_EQUAL(settings->proxy_http_version, 0);
    CU_ASSERT_STRING_EQUAL(table_chars(table, settings->default_type), "a/b");
    CU_ASSERT_EQUAL_FATAL(settings->proxy_hide_header.count, 2);
    const struct table_name *hidden = &table->name[settings->proxy_hide_header.first];
    CU_ASSERT_STRING_EQUAL(table_chars(table, hidden[1].text), "X-B");
    CU_ASSERT_EQUAL_FATAL(settings->add_header.count, 1);
    CU_ASSERT_EQUAL(table->header_field[settings->add_header.first].always, 1);
    CU_ASSERT_EQUAL(table->error_log[settings->error_log.first].level, TABLE_LOG_WARN);
    CU_ASSERT_EQUAL_FATAL(settings->access_log.count, 1);
    CU_ASSERT_EQUAL(table->access_log[settings->access_log.first].path.length, 0);
    compiled_release(&compiled);
}

static void stores_equal_things_once(void) {
    struct compiled compiled;
    COMPILE_FATAL(&compiled, "server { server_name a; location / { proxy_set_header Host $host;"
                             "return 301 https://$host/; } location ~ x { } }"
                             "server { server_name b; location / { proxy_set_header Host $host;"
                             "return 301 https://$host/; } location ~ x { } }");
    const struct table *table = &compiled.table;
    CU_ASSERT_EQUAL(table->server[0].settings, table->server[1].settings);
    CU_ASSERT_EQUAL(table->settings_count, 2);
    CU_ASSERT_EQUAL(table->header_field_count, 1);
    CU_ASSERT_EQUAL(table->regex_count, 1);
    CU_ASSERT_EQUAL(table->location[0].rewrite, table->location[2].rewrite);
    compiled_release(&compiled);
}

/* The line of op number `op` of a server's or location's sequence; 0 when it is not kept. */
static uint32_t line_of(const struct table *table, uint32_t server, uint32_t location,
                        uint32_t op) {
    for (uint32_t i = 0; i < table->sequence_place_count; i++) {
        const struct table_sequence_place *record = &table->sequence_place[i];
        if (record->server == server && record->location == location && op < record->places.count) {
            return table->step_place[record->places.first + op].place.line;
        }
    }
    return 0;
}

/* Also of programs that are one record. */
static void keeps_the_places_of_sequences(void) {
    struct compiled compiled;
    COMPILE_FATAL(&compiled, "server {\n  if ($arg_x) {\n    return 403;\n  }\n"
                             "  location /a {\n    return 301 https://$host/;\n  }\n"
                             "  location /b {\n    set $v x;\n    return 301 https://$host/;\n  }\n"
                             "  location /c {\n\n    return 301 https://$host/;\n  }\n}\n");
    const struct table *table = &compiled.table;
    uint32_t a = (uint32_t)(compiled_location(&compiled, "/a") - table->location);
    uint32_t b = (uint32_t)(compiled_location(&compiled, "/b") - table->location);
    uint32_t c = (uint32_t)(compiled_location(&compiled, "/c") - table->location);
    CU_ASSERT_EQUAL(table->location[a].rewrite, table->location[c].rewrite);
    CU_ASSERT_EQUAL(line_of(table, 0, TABLE_NONE, 0), 2); /* test, skip, return */
    CU_ASSERT_EQUAL(line_of(table, 0, TABLE_NONE, 2), 3);
    CU_ASSERT_EQUAL(line_of(table, 0, TABLE_NONE, 3), 0);
    CU_ASSERT_EQUAL(line_of(table, TABLE_NONE, a, 0), 6);
    CU_ASSERT_EQUAL(line_of(table, TABLE_NONE, b, 0), 9);
    CU_ASSERT_EQUAL(line_of(table, TABLE_NONE, b, 1), 10);
    CU_ASSERT_EQUAL(line_of(table, TABLE_NONE, c, 0), 14);
    compiled_release(&compiled);
}

static void emits_upstream_groups(void) {
    struct compiled compiled;
    COMPILE_FATAL(&compiled, "upstream app { server 10.0.0.1:81 weight=3; server [::1] down;"
                             "server unix:/run/app.sock; server app.example; keepalive 4; }"
                             "server { location / { proxy_pass http://app; } }");
    const struct table *table = &compiled.table;
    CU_ASSERT_EQUAL_FATAL(table->upstream_count, 1);
    CU_ASSERT_EQUAL(table->upstream[0].keepalive.first, 4);
    CU_ASSERT_FALSE(table->upstream[0].implicit);
    CU_ASSERT_EQUAL_FATAL(table->upstream[0].peers.count, 4);
    const struct table_peer *peers = &table->peer[table->upstream[0].peers.first];
    CU_ASSERT_EQUAL(peers[0].family, TABLE_FAMILY_IPV4);
    CU_ASSERT_EQUAL(memcmp(peers[0].address.bytes, "\x0a\x00\x00\x01", 4), 0);
    CU_ASSERT_EQUAL(peers[0].port, 81);
    CU_ASSERT_EQUAL(peers[0].weight, 3);
    CU_ASSERT_EQUAL(peers[1].family, TABLE_FAMILY_IPV6);
    CU_ASSERT_EQUAL(peers[1].address.bytes[15], 1);
    CU_ASSERT_EQUAL(peers[1].down, 1);
    CU_ASSERT_EQUAL(peers[2].family, TABLE_FAMILY_UNIX);
    CU_ASSERT_STRING_EQUAL(table_chars(table, peers[2].host), "/run/app.sock");
    CU_ASSERT_EQUAL(peers[3].family, TABLE_FAMILY_NAME);
    CU_ASSERT_STRING_EQUAL(table_chars(table, peers[3].host), "app.example");
    compiled_release(&compiled);
}

static void emits_balancing(void) {
    struct compiled compiled;
    COMPILE_FATAL(&compiled,
                  "upstream a { hash $arg_k consistent; server 10.0.0.1 route=one; "
                  "server 10.0.0.2 drain; sticky cookie id expires=1h domain=x path=/ "
                  "httponly samesite=lax; } "
                  "upstream b { least_conn; server 10.0.0.1; sticky route $arg_a $arg_b; } "
                  "server { location / { proxy_pass http://a; } }");
    const struct table *table = &compiled.table;
    CU_ASSERT_EQUAL_FATAL(table->sticky_count, 2);
    CU_ASSERT_EQUAL(table->upstream[0].method, TABLE_BALANCE_HASH_CONSISTENT);
    CU_ASSERT_TRUE(table->upstream[0].hash_key != TABLE_NONE && table->upstream[0].sticky == 0);
    CU_ASSERT_STRING_EQUAL(table_chars(table, table->peer[0].route), "one");
    CU_ASSERT_TRUE(table->peer[1].drain == 1 && table->peer[1].route.length == 0);
    const struct table_sticky *cookie = &table->sticky[0];
    CU_ASSERT_STRING_EQUAL(table_chars(table, cookie->cookie), "id");
    CU_ASSERT_TRUE(cookie->life == TABLE_COOKIE_LIMITED && cookie->max_age == 3600);
    CU_ASSERT_STRING_EQUAL(table_chars(table, cookie->path), "/");
    CU_ASSERT_TRUE(cookie->httponly == 1 && cookie->secure == 0);
    CU_ASSERT_TRUE(cookie->domain != TABLE_NONE && cookie->samesite != TABLE_NONE);
    CU_ASSERT_EQUAL(table->upstream[1].method, TABLE_BALANCE_LEAST_CONN);
    CU_ASSERT_EQUAL(table->upstream[1].hash_key, TABLE_NONE);
    CU_ASSERT_EQUAL(table->sticky[1].lookups.count, 2);
    CU_ASSERT_EQUAL(table->sticky[1].cookie.length, 0);
    CU_ASSERT_TRUE(table->sticky[1].domain == TABLE_NONE &&
                   table->sticky[1].samesite == TABLE_NONE);
    compiled_release(&compiled);
}

static void emits_proxy_targets(void) {
    struct compiled compiled;
    COMPILE_FATAL(&compiled, "server { location /a/ { proxy_pass http://10.0.0.1:81/b/; }"
                             "location ~ c { proxy_pass http://10.0.0.1:81; }"
                             "location /d { proxy_pass http://$host$uri; }"
                             "location /e { proxy_pass http://10.0.0.1; }"
                             "location /f { proxy_pass http://10.0.0.1; } }");
    const struct table *table = &compiled.table;
    const struct table_proxy *a = &table->proxy[compiled_location(&compiled, "/a/")->proxy];
    CU_ASSERT_STRING_EQUAL(table_chars(table, a->host), "10.0.0.1:81");
    CU_ASSERT_STRING_EQUAL(table_chars(table, a->port), "81");
    CU_ASSERT_EQUAL(a->has_uri, 1);
    CU_ASSERT_STRING_EQUAL(table_chars(table, a->uri), "/b/");
    CU_ASSERT_EQUAL(a->prefix_length, 3);
    CU_ASSERT_EQUAL(a->target, TABLE_NONE);
    const struct table_proxy *c = &table->proxy[compiled_location(&compiled, "c")->proxy];
    CU_ASSERT_FALSE(c->has_uri);
    CU_ASSERT_EQUAL(c->prefix_length, 0);
    CU_ASSERT_EQUAL(c->upstream, a->upstream);
    CU_ASSERT_EQUAL(compiled_location(&compiled, "/e")->proxy,
                    compiled_location(&compiled, "/f")->proxy);
    const struct table_proxy *d = &table->proxy[compiled_location(&compiled, "/d")->proxy];
    CU_ASSERT_EQUAL(d->upstream, TABLE_NONE);
    ops_of(&compiled, d->target, 3);
    const struct table_proxy *e = &table->proxy[compiled_location(&compiled, "/e")->proxy];
    CU_ASSERT_STRING_EQUAL(table_chars(table, e->port), "80");
    compiled_release(&compiled);
}

static void remembers_places(void) {
    struct compiled compiled;
    COMPILE_FATAL(&compiled, "server {\n  listen 80;\n\n  location / {\n  }\n}\n");
    const struct table *table = &compiled.table;
    CU_ASSERT_EQUAL_FATAL(table->source_count, 1);
    CU_ASSERT_STRING_EQUAL(table_chars(table, table->source[0].name), "site.conf");
    CU_ASSERT_EQUAL(table->server[0].place.line, 1);
    CU_ASSERT_EQUAL(table->listener[0].place.line, 2);
    CU_ASSERT_EQUAL(table->location[0].place.line, 4);
    compiled_release(&compiled);
    COMPILE_FATAL(&compiled, "server { }");
    CU_ASSERT_EQUAL(compiled.table.listener[0].place.source, TABLE_NONE);
    compiled_release(&compiled);
}

static void makes_the_same_bytes_again(void) {
    static const char text[] = "upstream u { server 10.0.0.1; server 10.0.0.2; }"
                               "server { server_name a *.b ~c; location / { proxy_pass http://u; }"
                               "location /x { add_header X $uri; return 200 $host; } }";
    struct compiled first;
    struct compiled second;
    COMPILE_FATAL(&first, text);
    COMPILE_FATAL(&second, text);
    CU_ASSERT_TRUE(slice_equals(first.bytes, second.bytes));
    compiled_release(&first);
    compiled_release(&second);
}

/* What rpcd could not work with is an error at the setting, not a table that it refuses. */
static void reports_numbers_beyond_the_limits(void) {
    struct compiled compiled;
    compile_text(&compiled, "server {\n client_body_buffer_size 2048m;\n location / { } }");
    CU_ASSERT_FALSE(compiled.is_emitted);
    CU_ASSERT_EQUAL_FATAL(compiled.diagnostics.all.count, 1);
    const struct diagnostic *diagnostic = compiled.diagnostics.all.items[0];
    CU_ASSERT_TRUE(
        slice_equals(diagnostic->message,
                     SLICE("\"client_body_buffer_size\" must be between 0 and 1073741824")));
    CU_ASSERT_EQUAL(
        source_locate(&compiled.sources, diagnostic->span.source, diagnostic->span.begin).line, 2);
    compiled_release(&compiled);
}

UNIT_TESTS("emit/emit", {"compiles templates", compiles_templates},
           {"compiles rewrites in order", compiles_rewrites_in_order},
           {"stores settings in the units of the table", stores_settings_in_the_units_of_the_table},
           {"stores equal things once", stores_equal_things_once},
           {"keeps the places of sequences", keeps_the_places_of_sequences},
           {"emits upstream groups", emits_upstream_groups}, {"emits balancing", emits_balancing},
           {"emits proxy targets", emits_proxy_targets}, {"remembers places", remembers_places},
           {"makes the same bytes again", makes_the_same_bytes_again},
           {"reports numbers beyond the limits", reports_numbers_beyond_the_limits})
