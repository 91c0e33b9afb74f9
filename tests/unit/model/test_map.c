/* map: keys, what they conflict with, and what the variable may hold. */
#include "model/mapping.h"

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

static bool key_is(const struct map_definition *map, size_t index, enum table_name_kind kind,
                   const char *text) {
    return index < map->keys.count && map->keys.items[index].kind == kind &&
           text_is(map->keys.items[index].text, text);
}

static void reads_maps(void) {
    const struct variable_definition *definition =
        definition_of("map $http_x$uri $a { volatile; default d; B c; ~^(?<n>x) $n; ~*Y y; }", "a");
    const struct map_definition *map = definition->map;
    CU_ASSERT_EQUAL(definition->kind, DEFINED_BY_MAP);
    CU_ASSERT_PTR_NOT_NULL_FATAL(map);
    CU_ASSERT_EQUAL(map->subject.parts.count, 2);
    CU_ASSERT_TRUE(map->is_volatile);
    CU_ASSERT_FALSE(map->hostnames);
    CU_ASSERT_EQUAL_FATAL(map->keys.count, 1);
    CU_ASSERT_TRUE(key_is(map, 0, TABLE_NAME_EXACT, "b"));
    CU_ASSERT_EQUAL_FATAL(map->expressions.count, 2);
    CU_ASSERT_TRUE(text_is(map->expressions.items[0].regex->pattern, "^(?<n>x)"));
    CU_ASSERT_FALSE(map->expressions.items[0].regex->ignore_case);
    CU_ASSERT_TRUE(text_is(map->expressions.items[1].regex->pattern, "Y"));
    CU_ASSERT_TRUE(map->expressions.items[1].regex->ignore_case);
    CU_ASSERT_TRUE(text_is(map->otherwise.parts.items[0].text, "d"));
    site_release(&site);
}

static void follows_values_for_the_checks(void) {
    const struct variable_definition *definition =
        definition_of("map $http_x$uri $a { default d; b c; ~^(?<n>x) $n; }", "a");
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
    CU_ASSERT_EQUAL(definition->map->otherwise.parts.count, 0);
    site_release(&site);
}

static void keeps_keys_apart_by_a_backslash(void) {
    const struct map_definition *map =
        definition_of("map $uri $a { '\\default' 1; '\\~x' 2; '\\\\\\y' 3; '' 4; volatile 5; "
                      "hostnames 6; .x 7; *.x 8; }",
                      "a")
            ->map;
    CU_ASSERT_EQUAL_FATAL(map->keys.count, 8);
    CU_ASSERT_TRUE(key_is(map, 0, TABLE_NAME_EXACT, "default"));
    CU_ASSERT_TRUE(key_is(map, 1, TABLE_NAME_EXACT, "~x"));
    CU_ASSERT_TRUE(key_is(map, 2, TABLE_NAME_EXACT, "\\y"));
    CU_ASSERT_TRUE(key_is(map, 3, TABLE_NAME_EXACT, ""));
    CU_ASSERT_TRUE(key_is(map, 4, TABLE_NAME_EXACT, "volatile"));
    CU_ASSERT_TRUE(key_is(map, 5, TABLE_NAME_EXACT, "hostnames"));
    CU_ASSERT_TRUE(key_is(map, 6, TABLE_NAME_EXACT, ".x"));
    CU_ASSERT_TRUE(key_is(map, 7, TABLE_NAME_EXACT, "*.x"));
    CU_ASSERT_FALSE(map->is_volatile);
    CU_ASSERT_FALSE(map->hostnames);
    site_release(&site);
}

static void reads_hostnames(void) {
    const struct map_definition *map =
        definition_of("map $host $a { hostnames; A.b 1; *.C.d 2; .e 3; f.* 4; . 5; .* 6; }", "a")
            ->map;
    CU_ASSERT_TRUE(map->hostnames);
    CU_ASSERT_EQUAL_FATAL(map->keys.count, 8);
    CU_ASSERT_TRUE(key_is(map, 0, TABLE_NAME_EXACT, "a.b"));
    CU_ASSERT_TRUE(key_is(map, 1, TABLE_NAME_LEADING, ".c.d"));
    CU_ASSERT_TRUE(key_is(map, 2, TABLE_NAME_EXACT, "e"));
    CU_ASSERT_TRUE(key_is(map, 3, TABLE_NAME_LEADING, ".e"));
    CU_ASSERT_TRUE(key_is(map, 4, TABLE_NAME_TRAILING, "f."));
    CU_ASSERT_TRUE(key_is(map, 5, TABLE_NAME_EXACT, "."));
    CU_ASSERT_TRUE(key_is(map, 6, TABLE_NAME_EXACT, "*"));
    CU_ASSERT_TRUE(key_is(map, 7, TABLE_NAME_LEADING, ".*"));
    site_release(&site);
}

static void knows_which_keys_conflict(void) {
    static const struct site_failure rows[] = {
        {"map $uri $a { b 1; B 2; }", DIAGNOSTIC_DUPLICATE_KEY, "B"},
        {"map $uri $a { b 1; '\\b' 2; }", DIAGNOSTIC_DUPLICATE_KEY, "'\\b'"},
        {"map $uri $a { '' 1; \"\" 2; }", DIAGNOSTIC_DUPLICATE_KEY, "\"\""},
        {"map $uri $a { hostnames; .b 1; b 2; }", DIAGNOSTIC_DUPLICATE_KEY, "b"},
        {"map $uri $a { hostnames; b 1; .b 2; }", DIAGNOSTIC_DUPLICATE_KEY, ".b"},
        {"map $uri $a { hostnames; .b 1; *.B 2; }", DIAGNOSTIC_DUPLICATE_KEY, "*.B"},
        {"map $uri $a { hostnames; *.b 1; .b 2; }", DIAGNOSTIC_DUPLICATE_KEY, ".b"},
        {"map $uri $a { hostnames; b.* 1; B.* 2; }", DIAGNOSTIC_DUPLICATE_KEY, "B.*"},
    };
    static const char *const clean[] = {
        "map $uri $a { hostnames; b 1; *.b 2; b.* 3; }",
        "map $uri $a { ~b 1; ~b 2; b 3; }",
        "map $uri $a { .b 1; b 2; *.b 3; }",
    };
    CHECK_FAILURES(rows);
    CHECK_CLEAN(clean);
}

static void reports_mistakes(void) {
    static const struct site_failure rows[] = {
        {"map $uri a { default b; }", DIAGNOSTIC_INVALID_VARIABLE, "a"},
        {"map $uri $host { default b; }", DIAGNOSTIC_READ_ONLY_VARIABLE, "$host"},
        {"map $uri $a { default b; default c; }", DIAGNOSTIC_DUPLICATE_DIRECTIVE, "default"},
        {"map $uri $a { b; }", DIAGNOSTIC_WRONG_ARGUMENT_COUNT, "b;"},
        {"map $uri $a { b c d; }", DIAGNOSTIC_WRONG_ARGUMENT_COUNT, "b c d;"},
        {"map $uri $a { b { } }", DIAGNOSTIC_UNEXPECTED_BLOCK, "{"},
        {"map $uri $a { volatile { } }", DIAGNOSTIC_UNEXPECTED_BLOCK, "{"},
        {"map $uri $a { ~a[ b; }", DIAGNOSTIC_INVALID_REGEX, ""},
        {"map $uri $a { b $nope_not_there; }", DIAGNOSTIC_UNKNOWN_VARIABLE, "$nope_not_there"},
        {"map $uri $a { b '$'; }", DIAGNOSTIC_INVALID_VARIABLE, "$"},
        {"map $nope_not_there $a { b c; }", DIAGNOSTIC_UNKNOWN_VARIABLE, "$nope_not_there"},
    };
    static const char *const wildcards[] = {"*", "*.", "a.*.b", "*a", "a*", "a..b", "*.*", "*.a.*"};
    CHECK_FAILURES(rows);
    for (size_t i = 0; i < sizeof wildcards / sizeof wildcards[0]; i++) {
        char text[64];
        snprintf(text, sizeof text, "map $uri $a { hostnames; %s b; }", wildcards[i]);
        CU_ASSERT_TRUE(site_fails(text, DIAGNOSTIC_INVALID_VALUE, wildcards[i]));
    }
    CU_ASSERT_TRUE(site_says("map $uri $a { hostname; }", SEVERITY_ERROR,
                             DIAGNOSTIC_WRONG_ARGUMENT_COUNT, "hostname;", "\"hostnames;\""));
}

static void warns_of_wildcards_that_are_none(void) {
    CU_ASSERT_TRUE(site_says("map $uri $a { .b 1; hostnames; .c 2; }", SEVERITY_WARNING,
                             DIAGNOSTIC_INVALID_VALUE, ".b", "first line"));
    CU_ASSERT_TRUE(site_is_clean("map $uri $a { b 1; hostnames; .c 2; }"));
}

/* The last one counts, and regexes of a map define before the next map does. */
static void keeps_definitions_in_order(void) {
    site_read(&site, "map $uri $a { ~(?<a>x) y; } map $uri $a { b c; }");
    const struct config_variable *variable = map_find(&site.model.variables_by_name, SLICE("a"));
    CU_ASSERT_EQUAL_FATAL(variable->definitions.count, 3);
    CU_ASSERT_EQUAL(variable->definitions.items[0].kind, DEFINED_BY_MAP);
    CU_ASSERT_EQUAL(variable->definitions.items[0].map->expressions.count, 1);
    CU_ASSERT_EQUAL(variable->definitions.items[1].kind, DEFINED_BY_CAPTURE);
    CU_ASSERT_EQUAL(variable->definitions.items[2].kind, DEFINED_BY_MAP);
    CU_ASSERT_EQUAL(variable->definitions.items[2].map->keys.count, 1);
    site_release(&site);
}

UNIT_TESTS("model/map", {"reads maps", reads_maps},
           {"follows values for the checks", follows_values_for_the_checks},
           {"counts the empty result", counts_the_empty_result},
           {"keeps keys apart by a backslash", keeps_keys_apart_by_a_backslash},
           {"reads hostnames", reads_hostnames},
           {"knows which keys conflict", knows_which_keys_conflict},
           {"reports mistakes", reports_mistakes},
           {"warns of wildcards that are none", warns_of_wildcards_that_are_none},
           {"keeps definitions in order", keeps_definitions_in_order})
