/* Bytes that would end a line or a word, encoded or replaced. */
#include "engine/safe_text.h"
#include "unit.h"

#include <string.h>

static struct slice escape(struct arena *arena, struct slice text, unsigned char last) {
    struct slice escaped = engine_escape_controls(arena, text, last);
    CU_ASSERT_PTR_NOT_NULL(escaped.data);
    return escaped;
}

static void encodes_controls_and_nothing_else(void) {
    struct arena arena;
    arena_init(&arena, 256);
    for (unsigned byte = 0; byte < 256; byte++) {
        char text[3] = {'a', (char)byte, 'z'};
        char expected[8];
        bool is_control = byte <= ' ' || byte == 0x7f;
        struct slice escaped = escape(&arena, (struct slice){text, 3}, ' ');
        snprintf(expected, sizeof expected, "a%%%02Xz", byte);
        CU_ASSERT_TRUE(slice_equals(escaped, is_control ? slice_from_string(expected)
                                                        : (struct slice){text, 3}));
        CU_ASSERT_EQUAL(escaped.data == text, !is_control);
    }
    struct slice space = escape(&arena, SLICE("a b\t"), 0x1f);
    CU_ASSERT_TRUE(slice_equals(space, SLICE("a b%09")));
    CU_ASSERT_PTR_NULL(engine_escape_controls(&arena, (struct slice){NULL, 0}, ' ').data);
    arena_release(&arena);
}

static void replaces_line_ends_by_spaces(void) {
    static const char raw[] = "a\r\nb\0c\td\x7f";
    struct arena arena;
    struct slice value = {raw, sizeof raw - 1};
    arena_init(&arena, 256);
    CU_ASSERT_TRUE(engine_make_value_safe(&arena, &value));
    CU_ASSERT_TRUE(slice_equals(value, SLICE("a  b c\td\x7f")));
    value = SLICE("safe");
    const char *before = value.data;
    CU_ASSERT_TRUE(engine_make_value_safe(&arena, &value));
    CU_ASSERT_PTR_EQUAL(value.data, before);
    arena_release(&arena);
}

static void says_when_there_is_no_memory(void) {
    struct arena arena;
    struct slice value = SLICE("a\n");
    arena_init(&arena, SIZE_MAX);
    CU_ASSERT_PTR_NULL(engine_escape_controls(&arena, SLICE("a\n"), ' ').data);
    CU_ASSERT_FALSE(engine_make_value_safe(&arena, &value));
    arena_release(&arena);
}

UNIT_TESTS("engine/safe_text",
           {"encodes controls and nothing else", encodes_controls_and_nothing_else},
           {"replaces line ends by spaces", replaces_line_ends_by_spaces},
           {"says when there is no memory", says_when_there_is_no_memory})
