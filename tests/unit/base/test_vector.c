/* Growing arrays. */
#include "base/vector.h"
#include "unit.h"

struct wide {
    uint64_t number;
    char name[20];
};

static void grows_and_keeps_items(void) {
    struct arena arena;
    arena_init(&arena, 1024);
    VECTOR_OF(struct wide) items = {0};
    for (uint64_t i = 0; i < 1000; i++) {
        VECTOR_PUSH(&arena, &items, (struct wide){i, "x"});
    }
    CU_ASSERT_EQUAL_FATAL(items.count, 1000);
    CU_ASSERT_TRUE(items.capacity >= items.count);
    for (uint64_t i = 0; i < 1000; i++) {
        CU_ASSERT_EQUAL(items.items[i].number, i);
    }
    arena_release(&arena);
}

static void evaluates_the_value_once(void) {
    struct arena arena;
    arena_init(&arena, 1024);
    VECTOR_OF(int) items = {0};
    int next = 0;
    for (int i = 0; i < 9; i++) {
        VECTOR_PUSH(&arena, &items, next++);
    }
    CU_ASSERT_EQUAL(next, 9);
    CU_ASSERT_EQUAL(items.items[8], 8);
    arena_release(&arena);
}

UNIT_TESTS("base/vector", {"grows and keeps items", grows_and_keeps_items},
           {"evaluates the value once", evaluates_the_value_once})
