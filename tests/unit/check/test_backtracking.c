/* Expressions that take too long, and the subjects that show it: PCRE2 without JIT gives up on
 * each, with more pumps than were tried and a limit that is far above theirs. */
#include "check/backtracking.h"

#include "check/regex_match.h"
#include "unit.h"

#define MANY_STEPS 2000000u

static struct arena arena;

static struct backtracking find_in(const char *expression, bool is_path) {
    struct backtracking_subject subject = {.bytes = BYTE_SET_ALL, .is_path = is_path};
    byte_set_remove(&subject.bytes, '\0');
    return backtracking_find(&arena, slice_from_string(expression), false, &subject);
}

static bool gives_up(const char *expression, const struct backtracking *found, uint32_t pumps) {
    struct slice subject = backtracking_subject(&arena, found, pumps);
    return regex_match(slice_from_string(expression), false, subject, MANY_STEPS) == REGEX_TOO_LONG;
}

static void finds_exponential_ones(void) {
    static const char *const expressions[] = {
        "^(a+)+$",         "^(a*)*$",
        "^(a|a)*$",        "^(a|b|ab)*c$",
        "^(a|aa)+$",       "^([a-z]+)*[0-9]$",
        "(x+x+)+y",        "^(\\w+\\s?)*$",
        "^(?:a?b?)*$",     "^(([a-z])+.)+[A-Z]([a-z])+$",
        "^(a{1,5}){1,}!$",
    };
    for (size_t i = 0; i < sizeof expressions / sizeof expressions[0]; i++) {
        struct backtracking found = find_in(expressions[i], false);
        CU_ASSERT_EQUAL(found.kind, BACKTRACKING_EXPONENTIAL);
        CU_ASSERT_TRUE(found.pump.size > 0 && gives_up(expressions[i], &found, 200));
    }
}

static void finds_polynomial_ones(void) {
    static const char *const expressions[] = {"^/(.*)/(.*)/(.*)/(.*)/z$", "^a*b?a*c?a*d?a*!$",
                                              "^\\s*\\S*\\s*a*.*.*.*.*!$"};
    for (size_t i = 0; i < sizeof expressions / sizeof expressions[0]; i++) {
        struct backtracking found = find_in(expressions[i], false);
        CU_ASSERT_EQUAL(found.kind, BACKTRACKING_POLYNOMIAL);
        CU_ASSERT_TRUE(gives_up(expressions[i], &found, 3000));
    }
}

static void leaves_others_alone(void) {
    static const char *const expressions[] = {
        "",          "^a+$",
        "^(a+b)+$",  "^(?:[a-z]+/)*$",
        "^(?>a+)+$", "^(a++)+$",
        "^(a+)+",    "^(.*)/(.*)$",
        "^(a|b)*c$", "^([^/]+)/([^/]+)/([^/]+)/([^/]+)$",
        "^(a+)+\\1", "^(?R)?$",
    };
    for (size_t i = 0; i < sizeof expressions / sizeof expressions[0]; i++) {
        CU_ASSERT_EQUAL(find_in(expressions[i], false).kind, BACKTRACKING_NONE);
    }
}

static void makes_paths(void) {
    struct backtracking found = find_in("(a+)+$", true);
    CU_ASSERT_EQUAL(found.kind, BACKTRACKING_EXPONENTIAL);
    CU_ASSERT_TRUE(slice_starts_with(found.prefix, SLICE("/")));
    /* Adjacent slashes become one before anything is matched. */
    CU_ASSERT_EQUAL(find_in("^(/+)+x$", true).kind, BACKTRACKING_NONE);
    CU_ASSERT_EQUAL(find_in("^(/+)+x$", false).kind, BACKTRACKING_EXPONENTIAL);
}

static void keeps_to_the_bytes_of_the_subject(void) {
    struct backtracking_subject digits = {0};
    byte_set_add_range(&digits.bytes, '0', '9');
    CU_ASSERT_EQUAL(backtracking_find(&arena, SLICE("^(a+)+$"), false, &digits).kind,
                    BACKTRACKING_NONE);
}

static void ends_on_hostile_expressions(void) {
    static const char *const expressions[] = {
        "(((((a{1,9}){1,9}){1,9}){1,9}){1,9})*",
        "((((((((((a*)*)*)*)*)*)*)*)*)*)*",
        "^(.|a|b|c|d|e|f|g|h|i|j|k|l|m|n|o|p|q|r|s|t|u|v|w|x|y|z)*(.|a)*(.|b)*(.|c)*(.|d)*$",
        "(){1000}",
        "((((){200}){200}){200}){200}",
    };
    for (size_t i = 0; i < sizeof expressions / sizeof expressions[0]; i++) {
        (void)find_in(expressions[i], false);
    }
    CU_PASS("they end");
}

static void prepare(void) {
    arena_init(&arena, 1u << 16);
}

static void release(void) {
    arena_release(&arena);
}

UNIT_TESTS("check/backtracking", {"prepares", prepare},
           {"finds exponential ones", finds_exponential_ones},
           {"finds polynomial ones", finds_polynomial_ones},
           {"leaves others alone", leaves_others_alone}, {"makes paths", makes_paths},
           {"keeps to the bytes of the subject", keeps_to_the_bytes_of_the_subject},
           {"ends on hostile expressions", ends_on_hostile_expressions},
           {"releases everything", release})
