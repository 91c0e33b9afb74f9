/* What `expires` says. */
#include "base/expiry.h"
#include "unit.h"

static void check(const char *text, bool is_modified, enum expiry_kind kind, bool is_negative,
                  uint64_t seconds) {
    struct expiry expiry;
    CU_ASSERT_PTR_NULL(expiry_parse(slice_from_string(text), is_modified, &expiry));
    CU_ASSERT_EQUAL(expiry.kind, kind);
    CU_ASSERT_EQUAL(expiry.is_negative, is_negative);
    CU_ASSERT_EQUAL(expiry.seconds, seconds);
}

static void reads_words_and_times(void) {
    check("epoch", false, EXPIRY_EPOCH, false, 0);
    check("max", false, EXPIRY_MAX, false, 0);
    check("off", false, EXPIRY_OFF, false, 0);
    check("0", false, EXPIRY_ACCESS, false, 0);
    check("24h", false, EXPIRY_ACCESS, false, 86400);
    check("+1h30m", false, EXPIRY_ACCESS, false, 5400);
    check("-1", false, EXPIRY_ACCESS, true, 1);
    check("@15h30m", false, EXPIRY_DAILY, false, 55800);
    check("@24h", false, EXPIRY_DAILY, false, 86400);
    check("1y", true, EXPIRY_MODIFIED, false, 31536000);
    check("-1d", true, EXPIRY_MODIFIED, true, 86400);
}

static void refuses_the_rest(void) {
    static const char *const texts[] = {"",     "@",   "-",     "+",     "@25h",
                                        "soon", "5ms", "1h 2y", "EPOCH", "99999999y"};
    struct expiry expiry;
    for (size_t i = 0; i < sizeof texts / sizeof texts[0]; i++) {
        CU_ASSERT_PTR_NOT_NULL(expiry_parse(slice_from_string(texts[i]), false, &expiry));
    }
    CU_ASSERT_PTR_NOT_NULL(expiry_parse(SLICE("@15h"), true, &expiry));
    CU_ASSERT_PTR_NOT_NULL(expiry_parse(SLICE("max"), true, &expiry));
}

UNIT_TESTS("base/expiry", {"reads words and times", reads_words_and_times},
           {"refuses the rest", refuses_the_rest})
