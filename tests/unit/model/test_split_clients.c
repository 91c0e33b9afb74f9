/* split_clients: percentages as nginx takes them. */
#include "model/mapping.h"

#include "site.h"

static struct site site;

static const struct variable_definition *read(const char *text) {
    site_read(&site, text);
    CU_ASSERT_EQUAL(site.diagnostics.all.count, 0);
    const struct config_variable *variable = map_find(&site.model.variables_by_name, SLICE("a"));
    CU_ASSERT_PTR_NOT_NULL_FATAL(variable);
    CU_ASSERT_PTR_NOT_NULL_FATAL(variable->definitions.items[0].split);
    return &variable->definitions.items[0];
}

static void reads_percentages(void) {
    const struct variable_definition *definition = read(
        "split_clients $uri$args $a { 0.5% x; 10% '$1'; .25% x; 1.% x; 2.05% x; 3.7% x; * z; }");
    static const uint32_t expected[] = {50, 1000, 25, 100, 205, 370, 0};
    const struct split_definition *split = definition->split;
    CU_ASSERT_EQUAL(definition->kind, DEFINED_BY_SPLIT);
    CU_ASSERT_EQUAL(definition->key.parts.count, 2);
    CU_ASSERT_EQUAL(split->subject.parts.count, 2);
    CU_ASSERT_EQUAL_FATAL(split->shares.count, 7);
    for (size_t i = 0; i < 7; i++) {
        CU_ASSERT_EQUAL(split->shares.items[i].hundredths, expected[i]);
    }
    CU_ASSERT_TRUE(text_is(split->shares.items[1].value, "$1"));
    CU_ASSERT_EQUAL_FATAL(definition->results.count, 7);
    CU_ASSERT_EQUAL(definition->results.items[1].parts.items[0].kind, PART_TEXT);
    site_release(&site);
}

/* What is left over has no value. */
static void counts_the_empty_result(void) {
    CU_ASSERT_EQUAL(read("split_clients $uri $a { 60% b; 39.99% c; }")->results.count, 3);
    site_release(&site);
    CU_ASSERT_EQUAL(read("split_clients $uri $a { 60% b; 40% c; }")->results.count, 2);
    site_release(&site);
    CU_ASSERT_EQUAL(read("split_clients $uri $a { * b; }")->results.count, 1);
    site_release(&site);
    CU_ASSERT_EQUAL(read("split_clients $uri $a { }")->results.count, 1);
    site_release(&site);
}

static void reports_mistakes(void) {
    static const char *const percentages[] = {"50",   "0.555%", "0%", "0.00%", "%",  ".%",  "-1%",
                                              "1,5%", "1.2.3%", "x%", "1e1%",  "**", "50%%"};
    static const struct site_failure rows[] = {
        {"split_clients $uri a { * b; }", DIAGNOSTIC_INVALID_VARIABLE, "a"},
        {"split_clients $uri $a { 60% b; 40.01% c; }", DIAGNOSTIC_INVALID_VALUE, "40.01%"},
        {"split_clients $uri $a { 101% b; }", DIAGNOSTIC_INVALID_VALUE, "101%"},
        {"split_clients $uri $a { 42949672.96% b; }", DIAGNOSTIC_INVALID_VALUE, "42949672.96%"},
        {"split_clients $uri $a { 1% b; * c; 1% d; }", DIAGNOSTIC_INVALID_VALUE, "1%"},
        {"split_clients $uri $a { * b c; }", DIAGNOSTIC_WRONG_ARGUMENT_COUNT, "* b c;"},
        {"split_clients $uri $a { * { } }", DIAGNOSTIC_UNEXPECTED_BLOCK, "{"},
    };
    CHECK_FAILURES(rows);
    for (size_t i = 0; i < sizeof percentages / sizeof percentages[0]; i++) {
        char text[64];
        snprintf(text, sizeof text, "split_clients $uri $a { %s b; }", percentages[i]);
        CU_ASSERT_TRUE(site_fails(text, DIAGNOSTIC_INVALID_VALUE, percentages[i]));
    }
    CU_ASSERT_TRUE(site_says("split_clients $uri $a { 60% b; 40.01% c; }", SEVERITY_ERROR,
                             DIAGNOSTIC_INVALID_VALUE, "40.01%", "40.00% is left"));
    CU_ASSERT_TRUE(site_says("split_clients $uri $a { * b; * c; }", SEVERITY_WARNING,
                             DIAGNOSTIC_DUPLICATE_KEY, "*", NULL));
}

UNIT_TESTS("model/split_clients", {"reads percentages", reads_percentages},
           {"counts the empty result", counts_the_empty_result},
           {"reports mistakes", reports_mistakes})
