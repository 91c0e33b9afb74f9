/* The generator of random numbers. */
#include "unit.h"

#include "balance/random.h"

#include <stdbool.h>

static void stays_below_the_limit(void) {
    static const uint64_t limits[] = {1, 2, 3, 7, 65535, UINT64_MAX / 2 + 2, UINT64_MAX};
    struct balance_random random = {7};
    for (int i = 0; i < 7; i++) {
        for (int j = 0; j < 1000; j++) {
            CU_ASSERT_TRUE(balance_random_below(&random, limits[i]) < limits[i]);
        }
    }
}

/* A thousand of each are expected; six times the standard deviation is less than 200. */
static void is_even(void) {
    struct balance_random random = {1};
    int counts[7] = {0};
    for (int i = 0; i < 7000; i++) {
        counts[balance_random_below(&random, 7)]++;
    }
    for (int i = 0; i < 7; i++) {
        CU_ASSERT_TRUE(counts[i] > 800 && counts[i] < 1200);
    }
}

/* The sequence of the published algorithm for the seed 1234567. */
static void is_splitmix64(void) {
    static const uint64_t expected[] = {6457827717110365317u, 3203168211198807973u,
                                        9817491932198370423u, 4593380528125082431u,
                                        16408922859458223821u};
    struct balance_random random = {1234567};
    for (int i = 0; i < 5; i++) {
        CU_ASSERT_EQUAL(balance_random_below(&random, UINT64_MAX), expected[i]);
    }
}

UNIT_TESTS("balance/random", {"stays below the limit", stays_below_the_limit}, {"is even", is_even},
           {"is SplitMix64", is_splitmix64})
