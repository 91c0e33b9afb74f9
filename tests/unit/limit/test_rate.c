/* The arithmetic of the leaking bucket, against numbers worked out by hand from nginx's source. */
#include "limit/rate.h"
#include "unit.h"

static void fills_by_one_and_leaks_by_time(void) {
    static const struct {
        uint64_t excess, rate, elapsed, expected;
    } rows[] = {
        {0, 10000, 0, 1000},      {0, 10000, 50, 500},        {0, 10000, 100, 0},
        {0, 10000, 1000000, 0},   {1000, 10000, 0, 2000},     {1000, 10000, 1, 1990},
        {20000, 10000, 0, 21000}, {20000, 10000, 100, 20000}, {500, 16, 1000, 1484},
        {0, 16, 60000, 40},       {0, 16, 62500, 0},          {3, 1, 999, 1003},
        {3, 1, 1000, 1002},       {0, 1500, 1, 999},
    };
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        CU_ASSERT_EQUAL(limit_rate_add(rows[i].excess, rows[i].rate, rows[i].elapsed),
                        rows[i].expected);
    }
}

static void numbers_that_no_site_has_do_not_run_over(void) {
    CU_ASSERT_EQUAL(limit_rate_add(0, UINT64_MAX, UINT64_MAX), 0);
    CU_ASSERT_EQUAL(limit_rate_add(UINT64_MAX, 1, 0), UINT64_MAX);
    CU_ASSERT_EQUAL(limit_rate_add(UINT64_MAX - 1000, 1, 0), UINT64_MAX);
    CU_ASSERT_EQUAL(limit_rate_wait(UINT64_MAX, 0, 1000), UINT64_MAX / 1000);
}

/* Other processes have read the clock a little later, or it was set. */
static void takes_times_to_come_for_now(void) {
    CU_ASSERT_EQUAL(limit_rate_elapsed(1000, 400), 600);
    CU_ASSERT_EQUAL(limit_rate_elapsed(1000, 1000), 0);
    CU_ASSERT_EQUAL(limit_rate_elapsed(1000, 1001), 0);
    CU_ASSERT_EQUAL(limit_rate_elapsed(1000, 61000), 0);
    CU_ASSERT_EQUAL(limit_rate_elapsed(1000, 61001), 1);
}

static void waits_for_what_is_over(void) {
    static const struct {
        uint64_t excess, delay, rate, expected;
    } rows[] = {
        {0, 0, 10000, 0},        {1000, 0, 10000, 100},  {1999, 0, 10000, 199},
        {5000, 5000, 10000, 0},  {5001, 5000, 10000, 0}, {5010, 5000, 10000, 1},
        {6000, 5000, 16, 62500}, {1000, 0, 1000, 1000},  {1, 0, 3, 333},
    };
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        CU_ASSERT_EQUAL(limit_rate_wait(rows[i].excess, rows[i].delay, rows[i].rate),
                        rows[i].expected);
    }
}

UNIT_TESTS("limit/rate", {"fills by one and leaks by time", fills_by_one_and_leaks_by_time},
           {"numbers that no site has do not run over", numbers_that_no_site_has_do_not_run_over},
           {"takes times to come for now", takes_times_to_come_for_now},
           {"waits for what is over", waits_for_what_is_over})
