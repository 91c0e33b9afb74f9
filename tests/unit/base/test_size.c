/* Sizes. What is no size is in model/test_quantity.c. */
#include "base/size.h"
#include "unit.h"

static void units_multiply(void) {
    uint64_t bytes = 0;
    CU_ASSERT_TRUE(size_parse(SLICE("7"), false, &bytes) && bytes == 7);
    CU_ASSERT_TRUE(size_parse(SLICE("7K"), false, &bytes) && bytes == 7168);
    CU_ASSERT_TRUE(size_parse(SLICE("7m"), false, &bytes) && bytes == 7340032);
    CU_ASSERT_TRUE(size_parse(SLICE("7g"), true, &bytes) && bytes == 7516192768);
}

static void gigabytes_are_not_always_allowed(void) {
    uint64_t bytes = 0;
    CU_ASSERT_FALSE(size_parse(SLICE("7g"), false, &bytes));
}

static void what_does_not_fit_is_no_size(void) {
    uint64_t bytes = 0;
    CU_ASSERT_TRUE(size_parse(SLICE("8589934591g"), true, &bytes));
    CU_ASSERT_FALSE(size_parse(SLICE("8589934592g"), true, &bytes));
    CU_ASSERT_FALSE(size_parse(SLICE(""), true, &bytes));
    CU_ASSERT_FALSE(size_parse(SLICE("fast"), true, &bytes));
}

UNIT_TESTS("base/size", {"units multiply", units_multiply},
           {"gigabytes are not always allowed", gigabytes_are_not_always_allowed},
           {"what does not fit is no size", what_does_not_fit_is_no_size})
