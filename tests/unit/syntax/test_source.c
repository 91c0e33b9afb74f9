/* Lines and columns of offsets. */
#include "parsed.h"

static struct source_set set_of(struct arena *arena, struct slice text) {
    struct source_set set;
    arena_init(arena, 1024);
    source_set_init(&set, arena);
    source_add(&set, SLICE("t.conf"), text);
    return set;
}

static void expect_place(struct source_set *set, uint32_t offset, uint32_t line, uint32_t column) {
    struct position position = source_locate(set, 0, offset);
    CU_ASSERT_EQUAL(position.line, line);
    CU_ASSERT_EQUAL(position.column, column);
}

static void expect_line(struct source_set *set, uint32_t line, const char *expected) {
    CU_ASSERT_TRUE(slice_equals(source_line(set, 0, line), slice_from_string(expected)));
}

static void locates_offsets(void) {
    struct arena arena;
    struct source_set set = set_of(&arena, SLICE("ab\n\ncd\r\ne"));
    expect_place(&set, 0, 1, 1);
    expect_place(&set, 2, 1, 3); /* the line end belongs to its line */
    expect_place(&set, 3, 2, 1);
    expect_place(&set, 4, 3, 1);
    expect_place(&set, 6, 3, 3);
    expect_place(&set, 8, 4, 1);
    expect_place(&set, 9, 4, 2); /* the end of the text */
    expect_line(&set, 1, "ab");
    expect_line(&set, 2, "");
    expect_line(&set, 3, "cd");
    expect_line(&set, 4, "e");
    expect_line(&set, 5, "");
    expect_line(&set, 0, "");
    arena_release(&arena);
}

static void ends_with_an_empty_line(void) {
    struct arena arena;
    struct source_set set = set_of(&arena, SLICE("a\n"));
    expect_place(&set, 2, 2, 1);
    expect_line(&set, 2, "");
    arena_release(&arena);
}

static void copes_with_an_empty_text(void) {
    struct arena arena;
    struct source_set set = set_of(&arena, SLICE(""));
    expect_place(&set, 0, 1, 1);
    expect_line(&set, 1, "");
    arena_release(&arena);
}

static void counts_no_column_for_a_byte_order_mark(void) {
    struct arena arena;
    struct source_set set = set_of(&arena, SLICE("\xef\xbb\xbf"
                                                 "ab\nc"));
    expect_place(&set, 0, 1, 1);
    expect_place(&set, 3, 1, 1);
    expect_place(&set, 4, 1, 2);
    expect_place(&set, 6, 2, 1);
    expect_line(&set, 1, "ab");
    arena_release(&arena);
}

static void finds_every_line_of_many(void) {
    static char text[4000];
    memset(text, '\n', sizeof text);
    struct arena arena;
    struct source_set set = set_of(&arena, (struct slice){text, sizeof text});
    for (uint32_t offset = 0; offset <= sizeof text; offset++) {
        expect_place(&set, offset, offset + 1, 1);
    }
    arena_release(&arena);
}

static void joins_spans(void) {
    struct span joined = span_join((struct span){3, 1, 4}, (struct span){3, 7, 9});
    CU_ASSERT_EQUAL(joined.source, 3);
    CU_ASSERT_EQUAL(joined.begin, 1);
    CU_ASSERT_EQUAL(joined.end, 9);
}

UNIT_TESTS("syntax/source", {"locates offsets", locates_offsets},
           {"ends with an empty line", ends_with_an_empty_line},
           {"copes with an empty text", copes_with_an_empty_text},
           {"counts no column for a byte order mark", counts_no_column_for_a_byte_order_mark},
           {"finds every line of many", finds_every_line_of_many}, {"joins spans", joins_spans})
