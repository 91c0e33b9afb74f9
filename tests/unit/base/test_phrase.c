/* Lists in messages. */
#include "base/phrase.h"

#include "unit.h"

static bool is_joined(size_t count, size_t limit, const char *expected) {
    static const struct slice words[] = {SLICE_INIT("a"), SLICE_INIT("b"), SLICE_INIT("c"),
                                         SLICE_INIT("d")};
    struct arena arena;
    struct phrase_list list = {0};
    arena_init(&arena, 0);
    for (size_t i = 0; i < count; i++) {
        VECTOR_PUSH(&arena, &list.items, words[i]);
    }
    bool is_same =
        slice_equals(phrase_join_some(&arena, &list, limit), slice_from_string(expected));
    arena_release(&arena);
    return is_same;
}

static void joins(void) {
    CU_ASSERT_TRUE(is_joined(0, 9, ""));
    CU_ASSERT_TRUE(is_joined(1, 9, "a"));
    CU_ASSERT_TRUE(is_joined(2, 2, "a and b"));
    CU_ASSERT_TRUE(is_joined(4, 9, "a, b, c and d"));
}

static void counts_the_rest(void) {
    CU_ASSERT_TRUE(is_joined(3, 2, "a, b and 1 more"));
    CU_ASSERT_TRUE(is_joined(4, 1, "a and 3 more"));
}

UNIT_TESTS("base/phrase", {"joins", joins}, {"counts the rest", counts_the_rest})
