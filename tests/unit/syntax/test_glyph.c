/* What a terminal shows of a text. */
#include "parsed.h"
#include "syntax/glyph.h"

static void expect(struct slice text, size_t size, uint32_t width, const char *shown) {
    struct glyph glyph = glyph_read(text, 0);
    CU_ASSERT_EQUAL(glyph.size, size);
    CU_ASSERT_EQUAL(glyph.width, width);
    CU_ASSERT_TRUE(slice_equals(glyph.shown, slice_from_string(shown)));
}

static void shows_characters(void) {
    expect(SLICE("ab"), 1, 1, "a");
    expect(SLICE("\xc3\xa4z"), 2, 1, "\xc3\xa4");
    expect(SLICE("\xe2\x82\xac"), 3, 1, "\xe2\x82\xac");
    expect(SLICE("\xf0\x9f\x98\x80"), 4, 2, "\xf0\x9f\x98\x80");
    expect(SLICE("\xcc\x81"), 2, 0, "\xcc\x81");
}

static void hides_controls(void) {
    expect(SLICE("\x1b[0m"), 1, 1, "?");
    expect(SLICE("\x7f"), 1, 1, "?");
    expect(SLICE("\0"), 1, 1, "?");
    expect(SLICE("\xc2\x9b"), 2, 1, "?");
    expect(SLICE("\xe2\x80\xae"), 3, 1, "?");
}

static void hides_what_is_not_utf8(void) {
    expect(SLICE("\xff"), 1, 1, "?");
    expect(SLICE("\x80"), 1, 1, "?");
    expect(SLICE("\xc3"), 1, 1, "?");             /* cut off */
    expect(SLICE("\xc3z"), 1, 1, "?");            /* not continued */
    expect(SLICE("\xc0\xaf"), 1, 1, "?");         /* longer than needed */
    expect(SLICE("\xed\xa0\x80"), 1, 1, "?");     /* half of a pair */
    expect(SLICE("\xf4\x90\x80\x80"), 1, 1, "?"); /* beyond the last */
    expect(SLICE("\xf8\x88\x80\x80\x80"), 1, 1, "?");
}

static void advances_to_tab_stops(void) {
    CU_ASSERT_EQUAL(glyph_read(SLICE("\t"), 0).width, 4);
    CU_ASSERT_EQUAL(glyph_read(SLICE("\t"), 3).width, 1);
    CU_ASSERT_EQUAL(glyph_read(SLICE("\t"), 4).width, 4);
    CU_ASSERT_EQUAL(glyph_measure(SLICE("a\tbc\xe6\x97\xa5")), 8);
    CU_ASSERT_EQUAL(glyph_measure(SLICE("")), 0);
}

UNIT_TESTS("syntax/glyph", {"shows characters", shows_characters},
           {"hides controls", hides_controls}, {"hides what is not UTF-8", hides_what_is_not_utf8},
           {"advances to tab stops", advances_to_tab_stops})
