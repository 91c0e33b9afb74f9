/* Growing text. */
#include "base/text.h"
#include "unit.h"

static void collects_pieces(void) {
    struct arena arena;
    arena_init(&arena, 256);
    struct text text;
    text_init(&text, &arena);
    CU_ASSERT_EQUAL(text_slice(&text).size, 0);
    text_add(&text, SLICE("a\0b"));
    text_add_byte(&text, 'c');
    text_format(&text, "%d%s", 42, "d");
    text_add(&text, (struct slice){NULL, 0});
    CU_ASSERT_TRUE(slice_equals(text_slice(&text), SLICE("a\0bc42d")));
    CU_ASSERT_EQUAL(text.data[text.size], '\0');
    arena_release(&arena);
}

static void grows(void) {
    struct arena arena;
    arena_init(&arena, 256);
    struct text text;
    text_init(&text, &arena);
    for (int i = 0; i < 10000; i++) {
        text_format(&text, "%c", 'a' + i % 26);
    }
    text_format(&text, "%5000s", "z");
    CU_ASSERT_EQUAL_FATAL(text.size, 15000);
    for (int i = 0; i < 10000; i++) {
        CU_ASSERT_EQUAL(text.data[i], 'a' + i % 26);
    }
    CU_ASSERT_EQUAL(text.data[14999], 'z');
    CU_ASSERT_EQUAL(text.data[15000], '\0');
    arena_release(&arena);
}

static void adds_what_it_holds(void) {
    struct arena arena;
    arena_init(&arena, 256);
    struct text text;
    text_init(&text, &arena);
    text_add(&text, SLICE("0123456789012345678901234567890123456789"));
    text_add(&text, text_slice(&text)); /* grows while it is read */
    CU_ASSERT_EQUAL(text.size, 80);
    CU_ASSERT_TRUE(slice_equals(slice_skip(text_slice(&text), 40),
                                SLICE("0123456789012345678901234567890123456789")));
    arena_release(&arena);
}

UNIT_TESTS("base/text", {"collects pieces", collects_pieces}, {"grows", grows},
           {"adds what it holds", adds_what_it_holds})
