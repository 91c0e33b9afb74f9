/* Locations: their trees, order, nesting, identities and proxies. That every location is found
 * under its name is for the table's validation to tell, which emit_table runs. */
#include "compiled.h"

static const struct table_node *child(const struct compiled *compiled,
                                      const struct table_node *parent, uint32_t number) {
    CU_ASSERT_TRUE_FATAL(number < parent->children.count);
    return &compiled->table.node[parent->children.first + number];
}

static const char *label(const struct compiled *compiled, const struct table_node *node) {
    return table_chars(&compiled->table, node->label);
}

static const struct table_node *root(const struct compiled *compiled, uint32_t set) {
    return &compiled->table.node[compiled->table.location_set[set].nodes.first];
}

static void splits_names_where_they_differ(void) {
    struct compiled compiled;
    COMPILE_FATAL(&compiled, "server { location /static/ { } location /status { }"
                             "location = /sta { } location /b { } }");
    const struct table_node *slash = root(&compiled, 0);
    CU_ASSERT_STRING_EQUAL(label(&compiled, slash), "/");
    CU_ASSERT_EQUAL(slash->prefix, TABLE_NONE);
    CU_ASSERT_EQUAL_FATAL(slash->children.count, 2);
    CU_ASSERT_STRING_EQUAL(label(&compiled, child(&compiled, slash, 0)), "b");
    const struct table_node *sta = child(&compiled, slash, 1);
    CU_ASSERT_STRING_EQUAL(label(&compiled, sta), "sta");
    CU_ASSERT_NOT_EQUAL(sta->exact, TABLE_NONE);
    CU_ASSERT_EQUAL(sta->prefix, TABLE_NONE);
    CU_ASSERT_EQUAL_FATAL(sta->children.count, 1);
    const struct table_node *stat = child(&compiled, sta, 0);
    CU_ASSERT_STRING_EQUAL(label(&compiled, stat), "t");
    CU_ASSERT_EQUAL_FATAL(stat->children.count, 2);
    CU_ASSERT_STRING_EQUAL(label(&compiled, child(&compiled, stat, 0)), "ic/");
    CU_ASSERT_STRING_EQUAL(label(&compiled, child(&compiled, stat, 1)), "us");
    compiled_release(&compiled);
}

static void keeps_an_exact_and_a_prefix_location_of_one_name(void) {
    struct compiled compiled;
    COMPILE_FATAL(&compiled, "server { location / { } location = / { } }");
    const struct table_node *slash = root(&compiled, 0);
    CU_ASSERT_EQUAL(compiled.table.location[slash->prefix].kind, TABLE_LOCATION_PREFIX);
    CU_ASSERT_EQUAL(compiled.table.location[slash->exact].kind, TABLE_LOCATION_EXACT);
    compiled_release(&compiled);
}

static void orders_bytes_without_sign(void) {
    struct compiled compiled;
    COMPILE_FATAL(&compiled, "server { location /\xc3\xa9 { } location /z { } }");
    const struct table_node *slash = root(&compiled, 0);
    CU_ASSERT_STRING_EQUAL(label(&compiled, child(&compiled, slash, 0)), "z");
    CU_ASSERT_STRING_EQUAL(label(&compiled, child(&compiled, slash, 1)), "\xc3\xa9");
    compiled_release(&compiled);
}

static void makes_a_root_without_locations(void) {
    struct compiled compiled;
    COMPILE_FATAL(&compiled, "server { }");
    CU_ASSERT_EQUAL(compiled.table.location_set[0].nodes.count, 1);
    CU_ASSERT_EQUAL(root(&compiled, 0)->children.count, 0);
    CU_ASSERT_STRING_EQUAL(label(&compiled, root(&compiled, 0)), "");
    compiled_release(&compiled);
}

static void keeps_regexes_in_order_and_named_ones_sorted(void) {
    struct compiled compiled;
    COMPILE_FATAL(&compiled, "server { location ~ b { } location @z { } location ~* a { }"
                             "location @a { } }");
    const struct table *table = &compiled.table;
    struct table_range regexes = table->location_set[0].regexes;
    CU_ASSERT_EQUAL_FATAL(regexes.count, 2);
    const struct table_location_regex *regex = &table->location_regex[regexes.first];
    CU_ASSERT_EQUAL(table->location[regex[0].location].kind, TABLE_LOCATION_REGEX);
    CU_ASSERT_FALSE(table->regex[regex[0].regex].ignore_case);
    CU_ASSERT_EQUAL(table->location[regex[1].location].kind, TABLE_LOCATION_REGEX_NOCASE);
    CU_ASSERT_EQUAL(table->regex[regex[1].regex].ignore_case, 1);
    struct table_range named = table->server[0].named;
    CU_ASSERT_EQUAL_FATAL(named.count, 2);
    CU_ASSERT_STRING_EQUAL(table_chars(table, table->named_location[named.first].name), "@a");
    compiled_release(&compiled);
}

static void puts_nested_locations_into_a_set_behind(void) {
    struct compiled compiled;
    COMPILE_FATAL(&compiled, "server { location /a/ { location /a/b/ { location ~ x { } } }"
                             "location /c { location = /c/d { } } }");
    const struct table *table = &compiled.table;
    const struct table_location *a = compiled_location(&compiled, "/a/");
    const struct table_location *b = compiled_location(&compiled, "/a/b/");
    const struct table_location *c = compiled_location(&compiled, "/c");
    CU_ASSERT_EQUAL(table->location_set_count, 4);
    CU_ASSERT_EQUAL(a->nested, 1);
    CU_ASSERT_EQUAL(b->nested, 2);
    CU_ASSERT_EQUAL(c->nested, 3);
    CU_ASSERT_EQUAL(table->location_set[2].regexes.count, 1);
    CU_ASSERT_STRING_EQUAL(label(&compiled, root(&compiled, 1)), "/a/b/");
    compiled_release(&compiled);
}

static bool has_auto_redirect(const struct compiled *compiled, const char *name) {
    const struct table_location *location = compiled_location(compiled, name);
    return table_handling_of(&compiled->table, location)->auto_redirect != 0;
}

static void redirects_to_proxied_locations_with_a_slash(void) {
    struct compiled compiled;
    COMPILE_FATAL(&compiled, "server {"
                             "location /a/ { proxy_pass http://127.0.0.1; }"
                             "location = /b/ { proxy_pass http://127.0.0.1; }"
                             "location ^~ /c/ { proxy_pass http://127.0.0.1; }"
                             "location /d { proxy_pass http://127.0.0.1; }"
                             "location /e/ { return 204; }"
                             "location ~ f/ { proxy_pass http://127.0.0.1; } }");
    CU_ASSERT_TRUE(has_auto_redirect(&compiled, "/a/"));
    CU_ASSERT_TRUE(has_auto_redirect(&compiled, "/b/"));
    CU_ASSERT_TRUE(has_auto_redirect(&compiled, "/c/"));
    CU_ASSERT_FALSE(has_auto_redirect(&compiled, "/d"));
    CU_ASSERT_FALSE(has_auto_redirect(&compiled, "/e/"));
    CU_ASSERT_FALSE(has_auto_redirect(&compiled, "f/"));
    CU_ASSERT_EQUAL(compiled.table.handling_count, 2);
    compiled_release(&compiled);
}

/* Another server before it, another line, another setting: it is still the same location. */
static void keeps_identities_across_compilations(void) {
    struct compiled before;
    struct compiled after;
    COMPILE_FATAL(&before, "server { listen 80; server_name a.com;"
                           "location /x { location /x/y { } } }");
    COMPILE_FATAL(&after, "server { listen 80; server_name b.com; location /x { } }\n\n"
                          "server { listen 80; server_name a.com; location /w { }\n"
                          "location /x { proxy_read_timeout 5s; location /x/y { } } }");
    const struct table *table = &after.table;
    uint64_t outer = compiled_location(&before, "/x")->identity;
    CU_ASSERT_NOT_EQUAL(table->location[0].identity, outer);
    CU_ASSERT_EQUAL(table->location[2].identity, outer);
    CU_ASSERT_EQUAL(compiled_location(&after, "/x/y")->identity,
                    compiled_location(&before, "/x/y")->identity);
    CU_ASSERT_NOT_EQUAL(compiled_location(&after, "/x/y")->identity, outer);
    compiled_release(&before);
    compiled_release(&after);
}

static void tells_equal_servers_apart(void) {
    struct compiled compiled;
    COMPILE_FATAL(&compiled, "server { listen 80; server_name a.com; location / { } }"
                             "server { listen 80; server_name a.com; location / { } }");
    CU_ASSERT_NOT_EQUAL(compiled.table.location[0].identity, compiled.table.location[1].identity);
    compiled_release(&compiled);
}

UNIT_TESTS("emit/location", {"splits names where they differ", splits_names_where_they_differ},
           {"keeps an exact and a prefix location of one name",
            keeps_an_exact_and_a_prefix_location_of_one_name},
           {"orders bytes without sign", orders_bytes_without_sign},
           {"makes a root without locations", makes_a_root_without_locations},
           {"keeps regexes in order and named ones sorted",
            keeps_regexes_in_order_and_named_ones_sorted},
           {"puts nested locations into a set behind", puts_nested_locations_into_a_set_behind},
           {"redirects to proxied locations with a slash",
            redirects_to_proxied_locations_with_a_slash},
           {"keeps identities across compilations", keeps_identities_across_compilations},
           {"tells equal servers apart", tells_equal_servers_apart})
