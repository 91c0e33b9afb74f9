/* Regular expressions as trees: which bytes a group can capture, and where a match can be. */
#include "check/regex_tree.h"

#include "unit.h"

static struct arena arena;

static struct regex_tree read(const char *expression, bool ignores_case) {
    struct regex_tree tree;
    regex_tree_read(&arena, slice_from_string(expression), ignores_case, &tree);
    return tree;
}

/* Whether the first group captures all bytes of `held` and none of `lacked`. */
static bool captures(const char *expression, const char *held, const char *lacked) {
    struct regex_tree tree = read(expression, false);
    struct byte_set bytes = regex_tree_group_bytes(&tree, 1, SLICE(""));
    for (; *held != '\0'; held++) {
        if (!byte_set_has(&bytes, (unsigned char)*held)) {
            return false;
        }
    }
    for (; *lacked != '\0'; lacked++) {
        if (byte_set_has(&bytes, (unsigned char)*lacked)) {
            return false;
        }
    }
    return true;
}

static void knows_classes(void) {
    CU_ASSERT_TRUE(captures("([a-z]+)", "amz", "A0-/\n"));
    CU_ASSERT_TRUE(captures("([^/]+)", "a\n\r.", "/"));
    CU_ASSERT_TRUE(captures("(.*)", "/\ra", "\n"));
    CU_ASSERT_TRUE(captures("(?s)(.*)", "/\r\na", ""));
    CU_ASSERT_TRUE(captures("(\\d+)", "059", "a/\n"));
    CU_ASSERT_TRUE(captures("(\\D)", "a/\n", "059"));
    CU_ASSERT_TRUE(captures("(\\w)", "aZ_9", "-/"));
    CU_ASSERT_TRUE(captures("(\\s)", " \n\r\t", "a"));
    CU_ASSERT_TRUE(captures("([\\w.-]+)", "a_.-", "/:"));
    CU_ASSERT_TRUE(captures("([[:alnum:]_]+)", "aZ0_", "-/"));
    CU_ASSERT_TRUE(captures("([^[:space:]]+)", "a/", " \n"));
    CU_ASSERT_TRUE(captures("([[:^digit:]])", "a\n", "0"));
    CU_ASSERT_TRUE(captures("([]a])", "]a", "[\\"));
    CU_ASSERT_TRUE(captures("([^]a])", "[b", "]a"));
    CU_ASSERT_TRUE(captures("([a\\-z])", "a-z", "b\\"));
    CU_ASSERT_TRUE(captures("([+--])", "+,-", "./"));
    CU_ASSERT_TRUE(captures("([\\x41-\\x43\\x{7a}])", "ABCz", "Dx"));
    CU_ASSERT_TRUE(captures("(\\N+)", "a\r", "\n"));
    CU_ASSERT_TRUE(captures("(\\Qa.b\\E)", "a.b", "c\\Q"));
    CU_ASSERT_TRUE(captures("(\\.)", ".", "a\\"));
}

static void knows_alternatives_and_nesting(void) {
    CU_ASSERT_TRUE(captures("^/(one|two)$", "onetw", "x/"));
    CU_ASSERT_TRUE(captures("((a)(b|[0-3]))", "ab012", "c4"));
    CU_ASSERT_TRUE(captures("(?:x)(y)", "y", "x"));
    CU_ASSERT_TRUE(captures("(?<name>y)", "y", "name<>"));
    CU_ASSERT_TRUE(captures("(?#a comment)(y)", "y", "ac"));
    CU_ASSERT_TRUE(captures("(?=z)(y)", "y", "z"));
    CU_ASSERT_TRUE(captures("(a(?=z))", "a", "z"));
    CU_ASSERT_TRUE(captures("(a{2,3}b{x)", "ab{x", "2,3"));
}

static void knows_case(void) {
    CU_ASSERT_TRUE(captures("(?i)([a-c]x)", "abcABCxX", "dD"));
    CU_ASSERT_TRUE(captures("(?i:a)(b)", "b", "B"));
    CU_ASSERT_TRUE(captures("(?:(?i)a)(b)", "b", "B"));
    CU_ASSERT_TRUE(captures("(?i)([^a])", "bB", "aA"));
    struct regex_tree tree = read("([a-c])", true);
    struct byte_set bytes = regex_tree_group_bytes(&tree, 1, SLICE(""));
    CU_ASSERT_TRUE(byte_set_has(&bytes, 'B') && !byte_set_has(&bytes, 'D'));
}

static void takes_what_it_does_not_know_for_anything(void) {
    static const char *const expressions[] = {"(a)\\1(?R)", "(\\p{L})",   "(?|(a)|(b))",
                                              "(?(1)a)(b)", "(a",         "a)(b",
                                              "(b)[",       "(*UTF8)(b)", "b"};
    for (size_t i = 0; i < sizeof expressions / sizeof expressions[0]; i++) {
        struct regex_tree tree = read(expressions[i], false);
        struct byte_set bytes = regex_tree_group_bytes(&tree, 1, SLICE(""));
        bool is_broken = expressions[i][0] == '(' && expressions[i][1] == 'a';
        CU_ASSERT_TRUE(is_broken || byte_set_has(&bytes, '\n'));
    }
    char deep[2000];
    memset(deep, '(', sizeof deep);
    deep[sizeof deep - 1] = '\0';
    CU_ASSERT_FALSE(read(deep, false).is_understood);
}

static void finds_groups_by_name(void) {
    struct regex_tree tree = read("(?<first>[0-9])(?'second'x)(?P<third>y|(?<first>a))", false);
    struct byte_set bytes = regex_tree_group_bytes(&tree, 0, SLICE("first"));
    CU_ASSERT_TRUE(byte_set_has(&bytes, '7') && byte_set_has(&bytes, 'a'));
    CU_ASSERT_FALSE(byte_set_has(&bytes, 'x') || byte_set_has(&bytes, 'y'));
    bytes = regex_tree_group_bytes(&tree, 0, SLICE("second"));
    CU_ASSERT_TRUE(byte_set_has(&bytes, 'x') && !byte_set_has(&bytes, '7'));
    bytes = regex_tree_group_bytes(&tree, 0, SLICE("none"));
    CU_ASSERT_TRUE(byte_set_has(&bytes, '\n'));
}

static bool is_anchored(const char *expression, bool at_start) {
    struct regex_tree tree = read(expression, false);
    return at_start ? regex_tree_is_anchored_at_start(&tree) : regex_tree_is_anchored_at_end(&tree);
}

static void knows_anchors(void) {
    CU_ASSERT_TRUE(is_anchored("^a", true) && !is_anchored("^a", false));
    CU_ASSERT_TRUE(is_anchored("a$", false) && !is_anchored("a$", true));
    CU_ASSERT_TRUE(is_anchored("^(a|b)$", true) && is_anchored("^(a|b)$", false));
    CU_ASSERT_TRUE(is_anchored("(^a|^b)", true) && !is_anchored("^a|b", true));
    CU_ASSERT_TRUE(is_anchored("\\Aa\\z", true) && is_anchored("\\Aa\\z", false));
    CU_ASSERT_FALSE(is_anchored("(^a)?b", true) || is_anchored("\\^a", true));
    CU_ASSERT_FALSE(is_anchored("a\\z(?|)|b", false)); /* what is behind (?| is not looked at */
    CU_ASSERT_FALSE(is_anchored("[^a]", true) || is_anchored("(?m)^a", true));
}

static bool is_last(const char *expression, uint32_t number) {
    struct regex_tree tree = read(expression, false);
    return regex_tree_group_is_last(&tree, number, SLICE(""));
}

static void knows_which_group_takes_the_end(void) {
    CU_ASSERT_TRUE(is_last("^www\\.(.+)$", 1) && is_last("^www\\.(.*)", 1));
    CU_ASSERT_TRUE(is_last("^(?:www|m)\\.([a-z]+\\.[a-z]+)\\z", 1));
    CU_ASSERT_TRUE(is_last("^(a|www\\.(b+))$", 1) && is_last("^(?:a|b)(c.*)", 1));
    CU_ASSERT_FALSE(is_last("^(.+)\\.example$", 1) || is_last("^www\\.([^.]+)", 1));
    CU_ASSERT_FALSE(is_last("^www\\.(.+?)", 1) || is_last("^(a)|(b)$", 1));
    CU_ASSERT_FALSE(is_last("^www\\.(.+)(x)?$", 1) || is_last("(.+)(?=x)", 1));
}

static bool may_climb(const char *expression) {
    struct regex_tree tree = read(expression, false);
    return regex_tree_group_may_climb(&tree, 1, SLICE(""));
}

static void knows_which_group_climbs(void) {
    CU_ASSERT_TRUE(may_climb("^/files(.*)$") && may_climb("^/a[0-9](.+)") &&
                   may_climb("x/(?:b(.*))"));
    CU_ASSERT_TRUE(may_climb("^/files/?(.*)$") && may_climb("^/[a-z]+(.*)$"));
    CU_ASSERT_FALSE(may_climb("^/files/(.*)$") || may_climb("^/files(/.*)?$"));
    CU_ASSERT_FALSE(may_climb("^/files([^/]*)$") || may_climb("^/files(\\w.*)$"));
    CU_ASSERT_FALSE(may_climb("(.*)") || may_climb("^/files/+(.*)$"));
}

static void knows_what_a_subject_may_hold(void) {
    struct regex_tree tree = read("^[a-z]+$", false);
    struct byte_set bytes = regex_tree_subject_bytes(&tree);
    CU_ASSERT_TRUE(byte_set_has(&bytes, 'q') && byte_set_has(&bytes, '\n'));
    CU_ASSERT_FALSE(byte_set_has(&bytes, '\r') || byte_set_has(&bytes, '/'));
    tree = read("^[a-z]+\\z", false);
    bytes = regex_tree_subject_bytes(&tree);
    CU_ASSERT_FALSE(byte_set_has(&bytes, '\n'));
    tree = read("^[a-z]+", false);
    bytes = regex_tree_subject_bytes(&tree);
    CU_ASSERT_TRUE(byte_set_has(&bytes, '\r'));
}

static bool searches_for(const char *expression, const char *text) {
    struct regex_tree tree = read(expression, false);
    struct byte_set bytes;
    struct byte_set expected = {{0}};
    byte_set_add_text(&expected, slice_from_string(text));
    return regex_tree_is_search_for(&tree, &bytes) && memcmp(&bytes, &expected, sizeof bytes) == 0;
}

static void knows_a_search_for_bytes(void) {
    CU_ASSERT_TRUE(searches_for("[\\r\\n]", "\r\n") && searches_for("[\\r\\n]+", "\r\n"));
    CU_ASSERT_TRUE(searches_for("\\r|\\n", "\r\n") && searches_for("(\\n)", "\n"));
    CU_ASSERT_FALSE(searches_for("^\\n", "\n") || searches_for("\\r\\n", "\r\n"));
    CU_ASSERT_FALSE(searches_for("\\n*", "\n") || searches_for("", ""));
}

static void release(void) {
    arena_release(&arena);
}

static void prepare(void) {
    arena_init(&arena, 1u << 16);
}

UNIT_TESTS("check/regex_tree", {"prepares", prepare}, {"knows classes", knows_classes},
           {"knows alternatives and nesting", knows_alternatives_and_nesting},
           {"knows case", knows_case},
           {"takes what it does not know for anything", takes_what_it_does_not_know_for_anything},
           {"finds groups by name", finds_groups_by_name}, {"knows anchors", knows_anchors},
           {"knows which group climbs", knows_which_group_climbs},
           {"knows which group takes the end", knows_which_group_takes_the_end},
           {"knows what a subject may hold", knows_what_a_subject_may_hold},
           {"knows a search for bytes", knows_a_search_for_bytes}, {"releases everything", release})
