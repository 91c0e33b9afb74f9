/* Suggestions: what is near enough to have been meant, and what is not. */
#include "parsed.h"

static const struct slice names[] = {
    SLICE_INIT("proxy_pass"), SLICE_INIT("proxy_set_header"),
    SLICE_INIT("listen"),     SLICE_INIT("server_name"),
    SLICE_INIT("set"),        SLICE_INIT("server"),
    SLICE_INIT("use"),        SLICE_INIT("location"),
    SLICE_INIT("if"),
};

static void expect(const char *name, const char *nearest) {
    struct slice found =
        nearest_name(slice_from_string(name), names, sizeof names / sizeof names[0]);
    bool is_same = slice_equals(found, slice_from_string(nearest));
    CU_ASSERT_TRUE(is_same);
    if (!is_same) {
        printf("\n%s: %.*s, expected %s\n", name, SLICE_ARGS(found), nearest);
    }
}

static void suggests_near_names(void) {
    expect("proxy_pas", "proxy_pass");
    expect("proxy-pass", "proxy_pass");
    expect("proxypass", "proxy_pass");
    expect("Proxy_Pass", "proxy_pass");
    expect("porxy_pass", "proxy_pass");
    expect("proxy_set_headers", "proxy_set_header");
    expect("listn", "listen");
    expect("lsiten", "listen");
    expect("sevrer_nmae", "server_name");
    expect("servers", "server");
    expect("ues", "use");
    expect("IF", "if");
}

static void suggests_no_nonsense(void) {
    expect("foo", "");
    expect("", "");
    expect("x", "");
    expect("it", "");
    expect("gzip_types", "");
    expect("proxy_abcdef", "");
    expect("lost", "");
    expect("completely_different_words_that_are_longer_than_any_name_there_is_in_nginx", "");
}

static void prefers_the_nearest_and_then_the_first(void) {
    static const struct slice similar[] = {SLICE_INIT("abcdeX"), SLICE_INIT("abcdef"),
                                           SLICE_INIT("abcdeg")};
    CU_ASSERT_TRUE(slice_equals(nearest_name(SLICE("abcde"), similar, 3), SLICE("abcdeX")));
    CU_ASSERT_TRUE(slice_equals(nearest_name(SLICE("abcdegg"), similar, 3), SLICE("abcdeg")));
    CU_ASSERT_EQUAL(nearest_name(SLICE("abc"), similar, 0).size, 0);
}

static void counts_a_swap_as_one(void) {
    static const struct slice short_names[] = {SLICE_INIT("abc")};
    CU_ASSERT_EQUAL(nearest_name(SLICE("acb"), short_names, 1).size, 3);
    CU_ASSERT_EQUAL(nearest_name(SLICE("cab"), short_names, 1).size, 0);
}

UNIT_TESTS("syntax/nearest_name", {"suggests near names", suggests_near_names},
           {"suggests no nonsense", suggests_no_nonsense},
           {"prefers the nearest, then the first", prefers_the_nearest_and_then_the_first},
           {"counts a swap as one", counts_a_swap_as_one})
