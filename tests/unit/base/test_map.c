/* The hash map: finding, replacing, growing, order. */
#include "base/map.h"
#include "unit.h"

static void finds_nothing_in_an_empty_map(void) {
    struct arena arena;
    arena_init(&arena, 1024);
    struct map map;
    map_init(&map, &arena);
    CU_ASSERT_PTR_NULL(map_find(&map, SLICE("a")));
    CU_ASSERT_PTR_NULL(map_find(&map, SLICE("")));
    arena_release(&arena);
}

static void keeps_the_first_value_of_a_key(void) {
    struct arena arena;
    arena_init(&arena, 1024);
    struct map map;
    map_init(&map, &arena);
    int one = 1;
    int two = 2;
    CU_ASSERT_PTR_EQUAL(map_insert(&map, SLICE("a"), &one), &one);
    CU_ASSERT_PTR_EQUAL(map_insert(&map, SLICE("a"), &two), &one);
    CU_ASSERT_PTR_EQUAL(map_find(&map, SLICE("a")), &one);
    CU_ASSERT_EQUAL(map.count, 1);
    map_set(&map, SLICE("a"), &two);
    CU_ASSERT_PTR_EQUAL(map_find(&map, SLICE("a")), &two);
    map_set(&map, SLICE("b"), &one);
    CU_ASSERT_PTR_EQUAL(map_find(&map, SLICE("b")), &one);
    CU_ASSERT_EQUAL(map.count, 2);
    arena_release(&arena);
}

static void tells_keys_apart_by_every_byte(void) {
    struct arena arena;
    arena_init(&arena, 1024);
    struct map map;
    map_init(&map, &arena);
    int values[4];
    map_insert(&map, SLICE(""), &values[0]);
    map_insert(&map, SLICE("a"), &values[1]);
    map_insert(&map, SLICE("a\0"), &values[2]);
    map_insert(&map, SLICE("A"), &values[3]);
    CU_ASSERT_PTR_EQUAL(map_find(&map, SLICE("")), &values[0]);
    CU_ASSERT_PTR_EQUAL(map_find(&map, SLICE("a")), &values[1]);
    CU_ASSERT_PTR_EQUAL(map_find(&map, SLICE("a\0")), &values[2]);
    CU_ASSERT_PTR_EQUAL(map_find(&map, SLICE("A")), &values[3]);
    arena_release(&arena);
}

static void remembers_the_order_while_it_grows(void) {
    struct arena arena;
    arena_init(&arena, 4096);
    struct map map;
    map_init(&map, &arena);
    static int values[5000];
    for (int i = 0; i < 5000; i++) {
        map_insert(&map, arena_format(&arena, "key %d", i), &values[i]);
    }
    CU_ASSERT_EQUAL_FATAL(map.count, 5000);
    for (int i = 0; i < 5000; i++) {
        struct slice key = arena_format(&arena, "key %d", i);
        CU_ASSERT_PTR_EQUAL(map_find(&map, key), &values[i]);
        CU_ASSERT_PTR_EQUAL(map.entries[i].value, &values[i]);
        CU_ASSERT_TRUE(slice_equals(map.entries[i].key, key));
    }
    CU_ASSERT_PTR_NULL(map_find(&map, SLICE("key 5000")));
    arena_release(&arena);
}

UNIT_TESTS("base/map", {"finds nothing in an empty map", finds_nothing_in_an_empty_map},
           {"keeps the first value of a key", keeps_the_first_value_of_a_key},
           {"tells keys apart by every byte", tells_keys_apart_by_every_byte},
           {"remembers the order while it grows", remembers_the_order_while_it_grows})
