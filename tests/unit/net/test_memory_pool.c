/* The pool of small blocks: what is given back is taken again, and no more is kept than is bounded.
 */
#include "net/memory_pool.h"
#include "unit.h"

#include <stdint.h>
#include <string.h>

static void the_latest_is_used_again(void) {
    struct memory_pool pool = {.kept = 0};
    void *first = memory_take(&pool, 100);
    void *second = memory_take(&pool, 100);
    CU_ASSERT_TRUE_FATAL(first != NULL && second != NULL);
    memory_give(&pool, first);
    memory_give(&pool, second);
    CU_ASSERT_PTR_EQUAL(memory_take(&pool, 90), second);
    CU_ASSERT_PTR_EQUAL(memory_take(&pool, 104), first);
    memory_give(&pool, first);
    memory_give(&pool, second);
    memory_pool_release(&pool);
    CU_ASSERT_EQUAL(pool.kept, 0);
}

/* Whatever a block was taken for, it is as large as what it is taken for next. */
static void blocks_are_large_enough(void) {
    struct memory_pool pool = {.kept = 0};
    for (size_t given = 0; given < 1100; given++) {
        memory_give(&pool, memory_take(&pool, given));
        char *taken = memory_take(&pool, given + 1);
        CU_ASSERT_PTR_NOT_NULL_FATAL(taken);
        memset(taken, 'x', given + 1);
        memory_give(&pool, taken);
    }
    memory_pool_release(&pool);
}

static void zeroes_what_was_used(void) {
    struct memory_pool pool = {.kept = 0};
    for (size_t size = 1; size <= 4096; size *= 4) {
        char *used = memory_take(&pool, size);
        memset(used, 'x', size);
        memory_give(&pool, used);
        char *zeroed = memory_take_zeroed(&pool, size, 1);
        CU_ASSERT_TRUE(zeroed[0] == 0 && memcmp(zeroed, zeroed + 1, size - 1) == 0);
        memory_give(&pool, zeroed);
    }
    memory_pool_release(&pool);
}

static void keeps_what_is_in_a_block_that_grows(void) {
    struct memory_pool pool = {.kept = 0};
    char *bytes = NULL;
    for (size_t size = 1; size <= 8192; size++) {
        bytes = memory_resize(&pool, bytes, size);
        CU_ASSERT_PTR_NOT_NULL_FATAL(bytes);
        bytes[size - 1] = (char)(size % 251);
    }
    for (size_t size = 1; size <= 8192; size++) {
        CU_ASSERT_EQUAL(bytes[size - 1], (char)(size % 251));
    }
    memory_give(&pool, bytes);
    memory_pool_release(&pool);
}

static void keeps_no_more_than_it_may(void) {
    enum { BLOCKS = 1000, LIMIT = 1 << 18 };
    static void *blocks[BLOCKS];
    struct memory_pool pool = {.kept = 0};
    for (size_t i = 0; i < BLOCKS; i++) {
        blocks[i] = memory_take(&pool, 1000);
    }
    for (size_t i = 0; i < BLOCKS; i++) {
        memory_give(&pool, blocks[i]);
    }
    CU_ASSERT_TRUE(pool.kept >= LIMIT && pool.kept < LIMIT + 1024);
    memory_pool_release(&pool);
}

static void knows_what_is_too_much(void) {
    struct memory_pool pool = {.kept = 0};
    CU_ASSERT_PTR_NULL(memory_take_zeroed(&pool, SIZE_MAX / 2, 3));
    memory_give(&pool, NULL);
    memory_pool_release(&pool);
}

UNIT_TESTS("net/memory_pool", {"the latest is used again", the_latest_is_used_again},
           {"blocks are large enough", blocks_are_large_enough},
           {"zeroes what was used", zeroes_what_was_used},
           {"keeps what is in a block that grows", keeps_what_is_in_a_block_that_grows},
           {"keeps no more than it may", keeps_no_more_than_it_may},
           {"knows what is too much", knows_what_is_too_much})
