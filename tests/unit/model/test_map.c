/* map, geo, split_clients and other definitions of variables. */
#include "site.h"

static struct site site;

static const struct variable_definition *definition_of(const char *text, const char *name) {
    site_read(&site, text);
    CU_ASSERT_EQUAL(site.diagnostics.all.count, 0);
    const struct config_variable *variable =
        map_find(&site.model.variables_by_name, slice_from_string(name));
    CU_ASSERT_PTR_NOT_NULL_FATAL(variable);
    return &variable->definitions.items[0];
}

static void reads_maps(void) {
    const struct variable_definition *definition = definition_of(
        "map $http_x$uri $a { hostnames; volatile; default d; b c; ~^(?<n>x) $n; }", "a");
    CU_ASSERT_EQUAL(definition->kind, DEFINED_BY_MAP);
    CU_ASSERT_EQUAL(definition->key.parts.count, 2);
    CU_ASSERT_EQUAL_FATAL(definition->results.count, 3);
    CU_ASSERT_EQUAL(definition->results.items[2].parts.items[0].kind, PART_CONFIG);
    site_release(&site);
    definition = definition_of("map $uri $a { ~^(?<n>x) y; }", "n");
    CU_ASSERT_EQUAL(definition->kind, DEFINED_BY_CAPTURE);
    CU_ASSERT_EQUAL_FATAL(definition->key.parts.count, 1);
    CU_ASSERT_EQUAL(definition->key.parts.items[0].id, VARIABLE_URI);
    site_release(&site);
}

/* Without a default the value may be empty. */
static void counts_the_empty_result(void) {
    const struct variable_definition *definition = definition_of("map $uri $a { b c; }", "a");
    CU_ASSERT_EQUAL_FATAL(definition->results.count, 2);
    CU_ASSERT_EQUAL(definition->results.items[1].parts.count, 0);
    site_release(&site);
}

static void reads_geo_and_split_clients(void) {
    const struct variable_definition *definition = definition_of(
        "geo $remote_addr $a { ranges; default 0; proxy 10.0.0.1; 10.0.0.0-10.0.0.9 '$1'; }", "a");
    CU_ASSERT_EQUAL(definition->kind, DEFINED_BY_GEO);
    CU_ASSERT_EQUAL_FATAL(definition->results.count, 2);
    CU_ASSERT_EQUAL(definition->results.items[1].parts.items[0].kind, PART_TEXT);
    site_release(&site);
    definition = definition_of("split_clients $uri $a { 0.5% x; 50% y; * z; }", "a");
    CU_ASSERT_EQUAL(definition->kind, DEFINED_BY_SPLIT);
    CU_ASSERT_EQUAL(definition->results.count, 3);
    site_release(&site);
}

static void knows_other_definitions(void) {
    const struct variable_definition *definition =
        definition_of("server { auth_request_set $a $host; return 200 $a; }", "a");
    CU_ASSERT_EQUAL(definition->kind, DEFINED_ELSEWHERE);
    site_release(&site);
    definition = definition_of("keyval $uri $a zone=z; server { return 200 $a; }", "a");
    CU_ASSERT_EQUAL(definition->kind, DEFINED_ELSEWHERE);
    site_release(&site);
}

static void reports_mistakes(void) {
    static const struct site_failure rows[] = {
        {"map $uri a { default b; }", DIAGNOSTIC_INVALID_VARIABLE, "a"},
        {"map $uri $a { default b; default c; }", DIAGNOSTIC_DUPLICATE_DIRECTIVE, "default"},
        {"map $uri $a { b; }", DIAGNOSTIC_WRONG_ARGUMENT_COUNT, "b;"},
        {"map $uri $a { b c d; }", DIAGNOSTIC_WRONG_ARGUMENT_COUNT, "b c d;"},
        {"map $uri $a { b { } }", DIAGNOSTIC_UNEXPECTED_BLOCK, "{"},
        {"map $uri $a { ~a[ b; }", DIAGNOSTIC_INVALID_REGEX, ""},
        {"map $uri $a { b $nope_not_there; }", DIAGNOSTIC_UNKNOWN_VARIABLE, "$nope_not_there"},
        {"split_clients $uri $a { 50 b; }", DIAGNOSTIC_INVALID_VALUE, "50"},
        {"split_clients $uri $a { 0.555% b; }", DIAGNOSTIC_INVALID_VALUE, "0.555%"},
        {"split_clients $uri $a { 60% b; 40.5% c; }", DIAGNOSTIC_INVALID_VALUE, "40.5%"},
    };
    CHECK_FAILURES(rows);
    CU_ASSERT_TRUE(site_is_clean("split_clients $uri $a { 60% b; 40% c; }"));
}

static void names_what_does_not_run(void) {
    CU_ASSERT_TRUE(site_refuses("map $uri $a { b c; }", "directive \"map\""));
    CU_ASSERT_TRUE(site_refuses("geo $a { default 0; }", "directive \"geo\""));
}

UNIT_TESTS("model/map", {"reads maps", reads_maps},
           {"counts the empty result", counts_the_empty_result},
           {"reads geo and split_clients", reads_geo_and_split_clients},
           {"knows other definitions", knows_other_definitions},
           {"reports mistakes", reports_mistakes},
           {"names what does not run", names_what_does_not_run})
