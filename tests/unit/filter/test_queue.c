/* Queues: bytes come out as they went in, within the limit. */
#include "unit.h"

#include "filter/queue.h"

#include <string.h>

static void keeps_the_order_over_many_buffers(void) {
    struct buffer_pool pool = {0};
    struct filter_queue queue;
    filter_queue_init(&queue, &pool, 100000);
    char next_in = 0;
    char next_out = 0;
    bool is_right = true;
    for (int round = 0; round < 50; round++) {
        char text[7001];
        size_t size = (size_t)(round * 137) % sizeof text;
        for (size_t i = 0; i < size; i++) {
            text[i] = next_in++;
        }
        CU_ASSERT_EQUAL(filter_queue_append(&queue, (struct slice){text, size}), size);
        struct slice pieces[4];
        uint32_t count = filter_queue_peek(&queue, pieces, 4);
        size_t taken = 0;
        for (uint32_t i = 0; i < count; i++) {
            size_t part = i + 1 < count || round % 3 == 0 ? pieces[i].size : pieces[i].size / 2;
            for (size_t j = 0; j < part; j++) {
                is_right = is_right && pieces[i].data[j] == next_out++;
            }
            taken += part;
        }
        filter_queue_drop(&queue, taken);
    }
    CU_ASSERT_TRUE(is_right);
    CU_ASSERT_EQUAL((char)(next_out + (char)queue.size), next_in);
    filter_queue_clear(&queue);
    CU_ASSERT_EQUAL(queue.size, 0);
    CU_ASSERT_EQUAL(pool.used_count, 0);
    buffer_pool_release(&pool);
}

static void takes_no_more_than_its_limit(void) {
    struct buffer_pool pool = {0};
    struct filter_queue queue;
    static char text[40000];
    char *at;
    size_t room;
    filter_queue_init(&queue, &pool, 33000);
    CU_ASSERT_EQUAL(filter_queue_append(&queue, (struct slice){text, sizeof text}), 33000);
    CU_ASSERT_EQUAL(filter_queue_find_room(&queue, &at, &room), FILTER_NO_ROOM);
    filter_queue_drop(&queue, 10);
    CU_ASSERT_EQUAL(filter_queue_find_room(&queue, &at, &room), FILTER_ROOM);
    CU_ASSERT_EQUAL(room, 10);
    filter_queue_clear(&queue);
    filter_queue_init(&queue, &pool, 0);
    CU_ASSERT_EQUAL(filter_queue_append(&queue, SLICE("ab")), 1);
    filter_queue_clear(&queue);
    CU_ASSERT_EQUAL(pool.used_count, 0);
    buffer_pool_release(&pool);
}

static void room_that_is_not_used_is_no_content(void) {
    struct buffer_pool pool = {0};
    struct filter_queue queue;
    struct slice piece;
    char *at;
    size_t room;
    filter_queue_init(&queue, &pool, 100);
    CU_ASSERT_EQUAL(filter_queue_find_room(&queue, &at, &room), FILTER_ROOM);
    CU_ASSERT_EQUAL(filter_queue_peek(&queue, &piece, 1), 0);
    filter_queue_drop(&queue, 0);
    CU_ASSERT_EQUAL(pool.used_count, 0);
    CU_ASSERT_EQUAL(filter_queue_find_room(&queue, &at, &room), FILTER_ROOM);
    memcpy(at, "ab", 2);
    filter_queue_wrote(&queue, 2);
    CU_ASSERT_EQUAL(filter_queue_peek(&queue, &piece, 1), 1);
    CU_ASSERT_TRUE(slice_equals(piece, SLICE("ab")));
    filter_queue_clear(&queue);
    buffer_pool_release(&pool);
}

UNIT_TESTS("filter/queue", {"keeps the order over many buffers", keeps_the_order_over_many_buffers},
           {"takes no more than its limit", takes_no_more_than_its_limit},
           {"room that is not used is no content", room_that_is_not_used_is_no_content})
