/* Regular expressions read as sets of texts. */
#include "check/pattern.h"

#include "base/text.h"
#include "unit.h"

#include <string.h>

static struct arena arena;

/* The set as text: "^a$|b...c" */
static const char *show(const struct pattern_texts *texts) {
    struct text shown;
    text_init(&shown, &arena);
    for (size_t i = 0; i < texts->items.count; i++) {
        const struct pattern_text *text = &texts->items.items[i];
        text_format(&shown, "%s%s%.*s%s%.*s%s", i > 0 ? "|" : "", text->at_start ? "^" : "",
                    SLICE_ARGS(text->text), text->is_open ? "..." : "", SLICE_ARGS(text->ending),
                    text->at_end ? "$" : "");
    }
    return text_slice(&shown).data;
}

static struct pattern read(const char *expression) {
    return pattern_read(&arena, slice_from_string(expression), false);
}

static const char *shown(const char *expression) {
    struct pattern pattern = read(expression);
    return show(&pattern.texts);
}

static const char *group(const char *expression, uint32_t number, const char *name) {
    struct pattern_texts texts = pattern_read_group(&arena, slice_from_string(expression), number,
                                                    slice_from_string(name), SLICE("/"));
    return show(&texts);
}

static bool covers(const char *outer, const char *inner) {
    struct pattern first = read(outer);
    struct pattern second = read(inner);
    return pattern_covers(&first, &second);
}

static bool covers_prefix(const char *expression, const char *prefix) {
    struct pattern pattern = read(expression);
    return pattern_covers_prefix(&pattern, slice_from_string(prefix));
}

static void expands_literal_parts(void) {
    CU_ASSERT_STRING_EQUAL(shown("^/api/"), "^/api/");
    CU_ASSERT_STRING_EQUAL(shown("\\.(png|jpe?g)$"), ".png$|.jpeg$|.jpg$");
    CU_ASSERT_STRING_EQUAL(shown("^/(?:a|b)/(?<x>c|d)$"), "^/a/c$|^/a/d$|^/b/c$|^/b/d$");
    CU_ASSERT_STRING_EQUAL(shown("^a$|b"), "^a$|b");
    CU_ASSERT_STRING_EQUAL(shown("\\/\\-"), "/-");
}

static void leaves_gaps_for_the_rest(void) {
    CU_ASSERT_STRING_EQUAL(shown("^/v\\d+/x$"), "^/v.../x$");
    CU_ASSERT_STRING_EQUAL(shown("^/v[^]/]+/x.y"), "^/v...y");
    CU_ASSERT_STRING_EQUAL(shown("ab+c"), "ab...c");
    CU_ASSERT_STRING_EQUAL(shown("ab*c"), "a...c");
    CU_ASSERT_STRING_EQUAL(shown("ab{2}c"), "a...c");
    CU_ASSERT_STRING_EQUAL(shown("a(?!b)c"), "a...c");
    CU_ASSERT_STRING_EQUAL(shown("(?i)a"), "...a");
    CU_ASSERT_STRING_EQUAL(shown("a(b^|c$)"), "ab...|ac...");
}

static void survives_malformed_expressions(void) {
    static const char *const malformed[] = {"(",  "[",   "[[:", "\\", "a{",   ")",  "(?<",
                                            "(?", "(?P", "(*",  "|",  "a||b", "?*", "[\\"};
    for (size_t i = 0; i < sizeof malformed / sizeof malformed[0]; i++) {
        CU_ASSERT_PTR_NOT_NULL(shown(malformed[i]));
        CU_ASSERT_PTR_NOT_NULL(group(malformed[i], 1, ""));
    }
    char deep[2048];
    memset(deep, '(', sizeof deep - 1);
    deep[sizeof deep - 1] = '\0';
    CU_ASSERT_PTR_NOT_NULL(shown(deep));
}

static void limits_the_number_of_texts(void) {
    CU_ASSERT_STRING_EQUAL(shown("(a|b)(a|b)(a|b)(a|b)(a|b)(a|b)(a|b)"), "...");
}

static void finds_groups(void) {
    CU_ASSERT_STRING_EQUAL(group("^/(one|two)/", 1, ""), "one|two");
    CU_ASSERT_STRING_EQUAL(group("^/(?:a|b)(?<app>[a-z]+)/(x)", 0, "app"), "...");
    CU_ASSERT_STRING_EQUAL(group("^/(?:a|b)(?<app>[a-z]+)/(x)", 2, ""), "x");
    CU_ASSERT_STRING_EQUAL(group("^/a(/.*)$", 1, ""), "/...");
    CU_ASSERT_STRING_EQUAL(group("^/a(/.*)?$", 1, ""), "/...|");
    CU_ASSERT_STRING_EQUAL(group("^/a|(b)", 1, ""), "b|");
    CU_ASSERT_STRING_EQUAL(group("(a)+", 1, ""), "a");
    CU_ASSERT_STRING_EQUAL(group("(?|(a)|(b))", 2, ""), "...");
    CU_ASSERT_STRING_EQUAL(group("(a)", 2, ""), "...");
}

static void knows_what_paths_begin_with(void) {
    CU_ASSERT_STRING_EQUAL(group("^(.*)$", 1, ""), "/...");
    CU_ASSERT_STRING_EQUAL(group("(.*)$", 1, ""), "...");
    CU_ASSERT_STRING_EQUAL(group("^/(.*)$", 1, ""), "...");
}

static void finds_what_matches_every_path(void) {
    static const char *const all[] = {"/",    "^/",   "^",      ".*",      "^.*$",
                                      "^/.*", "(.*)", "^(.*)$", "^/(.*)$", "a|/"};
    for (size_t i = 0; i < sizeof all / sizeof all[0]; i++) {
        struct pattern pattern = read(all[i]);
        CU_ASSERT_TRUE(pattern_matches_every_path(&pattern));
    }
    static const char *const some[] = {"^/$", "/$", "^$", "^/.+", "/a", "(?i)/", "\\.*", "^\\/.+$"};
    for (size_t i = 0; i < sizeof some / sizeof some[0]; i++) {
        struct pattern pattern = read(some[i]);
        CU_ASSERT_FALSE(pattern_matches_every_path(&pattern));
    }
}

static void compares_expressions(void) {
    CU_ASSERT_TRUE(covers("\\.(png|jpg)$", "\\.png$"));
    CU_ASSERT_TRUE(covers("\\.(png|jpg)$", "^/private/.*\\.png$"));
    CU_ASSERT_TRUE(covers("^/api", "^/api/v[0-9]+"));
    CU_ASSERT_TRUE(covers("admin", "^/x/admin/"));
    CU_ASSERT_FALSE(covers("\\.png$", "\\.(png|jpg)$"));
    CU_ASSERT_FALSE(covers("\\.png$", "\\.png"));
    CU_ASSERT_FALSE(covers("^/api", "/api"));
    CU_ASSERT_FALSE(covers("^/api/v[0-9]+", "^/api/v1"));
    CU_ASSERT_FALSE(covers("\\.php$", "\\.php[57]$"));
    CU_ASSERT_FALSE(covers("^/a$", "^/a/b$"));
}

static void minds_case(void) {
    struct pattern folded = pattern_read(&arena, SLICE("\\.PNG$"), true);
    struct pattern exact = pattern_read(&arena, SLICE("\\.png$"), false);
    CU_ASSERT_TRUE(pattern_covers(&folded, &exact));
    folded = pattern_read(&arena, SLICE("\\.png$"), true);
    CU_ASSERT_FALSE(pattern_covers(&exact, &folded));
}

static void compares_with_prefixes(void) {
    CU_ASSERT_TRUE(covers_prefix("^/img", "/img/"));
    CU_ASSERT_TRUE(covers_prefix("/img/", "/a/img/"));
    CU_ASSERT_TRUE(covers_prefix("^/", "/anything"));
    CU_ASSERT_FALSE(covers_prefix("^/img/x", "/img/"));
    CU_ASSERT_FALSE(covers_prefix("\\.png$", "/x.png"));
    CU_ASSERT_FALSE(covers_prefix("^/img/$", "/img/"));
}

static void recognises_enumerations(void) {
    struct pattern pattern = read("^(one|two)$");
    CU_ASSERT_TRUE(pattern_is_enumeration(&pattern));
    pattern = read("^(one|two)");
    CU_ASSERT_FALSE(pattern_is_enumeration(&pattern));
    pattern = read("^one|two$");
    CU_ASSERT_FALSE(pattern_is_enumeration(&pattern));
    pattern = read("^[ab]$");
    CU_ASSERT_FALSE(pattern_is_enumeration(&pattern));
}

UNIT_TESTS("check/pattern", {"expands literal parts", expands_literal_parts},
           {"leaves gaps for the rest", leaves_gaps_for_the_rest},
           {"survives malformed expressions", survives_malformed_expressions},
           {"limits the number of texts", limits_the_number_of_texts},
           {"finds groups", finds_groups},
           {"knows what paths begin with", knows_what_paths_begin_with},
           {"finds what matches every path", finds_what_matches_every_path},
           {"compares expressions", compares_expressions}, {"minds case", minds_case},
           {"compares with prefixes", compares_with_prefixes},
           {"recognises enumerations", recognises_enumerations})
