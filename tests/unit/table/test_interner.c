/* The interner: runs are found by what they hold, however many there are and wherever the array
 * lies. */
#include "table/interner.h"

#include "unit.h"

#include <string.h>

enum { COUNT = 3000 };

static uint32_t find(const struct interner *interner, const uint64_t *array, const uint64_t *run,
                     uint32_t count) {
    uint32_t hash = interner_hash(run, count * sizeof *run);
    return interner_find(interner, hash, (const char *)array, sizeof *run, run, count);
}

static void add(struct interner *interner, const uint64_t *run, uint32_t first, uint32_t count) {
    interner_add(interner, interner_hash(run, count * sizeof *run), first, count);
}

static void finds_nothing_when_empty(void) {
    struct interner interner = {0};
    uint64_t number = 1;
    CU_ASSERT_EQUAL(find(&interner, NULL, &number, 1), TABLE_NONE);
    interner_release(&interner);
}

static void finds_runs_after_growth_and_move(void) {
    struct interner interner = {0};
    static uint64_t array[COUNT];
    static uint64_t moved[COUNT];
    for (uint32_t i = 0; i < COUNT; i++) {
        array[i] = (uint64_t)i * i;
        add(&interner, &array[i], i, 1);
    }
    memcpy(moved, array, sizeof array);
    memset(array, 0xff, sizeof array);
    uint32_t wrong = 0;
    for (uint32_t i = 0; i < COUNT; i++) {
        uint64_t number = (uint64_t)i * i;
        wrong += find(&interner, moved, &number, 1) != i;
    }
    CU_ASSERT_EQUAL(wrong, 0);
    uint64_t absent = 2;
    CU_ASSERT_EQUAL(find(&interner, moved, &absent, 1), TABLE_NONE);
    interner_release(&interner);
}

static void tells_runs_apart_by_length_and_content(void) {
    struct interner interner = {0};
    const uint64_t array[] = {7, 8, 7};
    add(&interner, array, 0, 2);
    CU_ASSERT_EQUAL(find(&interner, array, array, 2), 0);
    CU_ASSERT_EQUAL(find(&interner, array, array, 1), TABLE_NONE);
    CU_ASSERT_EQUAL(find(&interner, array, array, 3), TABLE_NONE);
    add(&interner, array + 2, 2, 1);
    CU_ASSERT_EQUAL(find(&interner, array, array, 1), 2);
    /* Equal hashes say nothing yet. */
    interner_add(&interner, interner_hash(array, sizeof array), 0, 2);
    CU_ASSERT_EQUAL(find(&interner, array, array, 3), TABLE_NONE);
    interner_release(&interner);
}

static void finds_empty_runs(void) {
    struct interner interner = {0};
    interner_add(&interner, interner_hash(NULL, 0), 5, 0);
    CU_ASSERT_EQUAL(interner_find(&interner, interner_hash(NULL, 0), "", 1, NULL, 0), 5);
    interner_release(&interner);
}

UNIT_TESTS("table/interner", {"finds nothing when empty", finds_nothing_when_empty},
           {"finds runs after growth and move", finds_runs_after_growth_and_move},
           {"tells runs apart by length and content", tells_runs_apart_by_length_and_content},
           {"finds empty runs", finds_empty_runs})
