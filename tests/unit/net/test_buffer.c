/* Buffers: the most recently used one comes first, large ones are not kept. */
#include "unit.h"

#include "net/buffer.h"

#include <string.h>

static void the_latest_is_used_again(void) {
    struct buffer_pool pool = {0};
    struct buffer *first = buffer_take(&pool, 1);
    struct buffer *second = buffer_take(&pool, BUFFER_STANDARD);
    CU_ASSERT_EQUAL(pool.used_count, 2);
    buffer_give(&pool, first);
    buffer_give(&pool, second);
    CU_ASSERT_PTR_EQUAL(buffer_take(&pool, 100), second);
    CU_ASSERT_PTR_EQUAL(buffer_take(&pool, 100), first);
    buffer_give(&pool, first);
    buffer_give(&pool, second);
    CU_ASSERT_EQUAL(pool.used_count, 0);
    buffer_pool_release(&pool);
}

static void large_ones_are_kept_apart(void) {
    struct buffer_pool pool = {0};
    struct buffer *large = buffer_take(&pool, BUFFER_LARGE);
    struct buffer *standard = buffer_take(&pool, BUFFER_STANDARD);
    buffer_give(&pool, large);
    buffer_give(&pool, standard);
    CU_ASSERT_PTR_EQUAL(buffer_take(&pool, BUFFER_LARGE), large);
    CU_ASSERT_PTR_EQUAL(buffer_take(&pool, 1), standard);
    buffer_give(&pool, large);
    buffer_give(&pool, standard);
    buffer_pool_release(&pool);
}

static void other_sizes_are_not_kept(void) {
    struct buffer_pool pool = {0};
    struct buffer *odd = buffer_take(&pool, BUFFER_STANDARD + 1);
    CU_ASSERT_EQUAL(odd->capacity, BUFFER_STANDARD + 1);
    buffer_give(&pool, odd);
    CU_ASSERT_EQUAL(pool.standard.count + pool.large.count, 0);
    buffer_pool_release(&pool);
}

static void a_buffer_used_again_is_empty(void) {
    struct buffer_pool pool = {0};
    struct buffer *buffer = buffer_take(&pool, 1);
    CU_ASSERT_TRUE(buffer_append(buffer, SLICE("secret")));
    buffer->begin = 3;
    buffer_give(&pool, buffer);
    buffer = buffer_take(&pool, 1);
    CU_ASSERT_EQUAL(buffer_content(buffer).size, 0);
    CU_ASSERT_EQUAL(buffer->begin, 0);
    buffer_give(&pool, buffer);
    buffer_pool_release(&pool);
}

static void what_does_not_fit_is_refused_whole(void) {
    struct buffer_pool pool = {0};
    struct buffer *buffer = buffer_take(&pool, 1);
    buffer->end = buffer->capacity - 2;
    CU_ASSERT_FALSE(buffer_append(buffer, SLICE("abc")));
    CU_ASSERT_EQUAL(buffer_room(buffer), 2);
    CU_ASSERT_TRUE(buffer_append(buffer, SLICE("ab")));
    CU_ASSERT_EQUAL(buffer_room(buffer), 0);
    buffer_give(&pool, buffer);
    buffer_pool_release(&pool);
}

UNIT_TESTS("net/buffer", {"the latest is used again", the_latest_is_used_again},
           {"large ones are kept apart", large_ones_are_kept_apart},
           {"other sizes are not kept", other_sizes_are_not_kept},
           {"a buffer used again is empty", a_buffer_used_again_is_empty},
           {"what does not fit is refused whole", what_does_not_fit_is_refused_whole})
