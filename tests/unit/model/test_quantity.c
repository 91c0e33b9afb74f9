/* Sizes and times. */
#include "model/quantity.h"

#include "../guard.h"
#include "unit.h"

static bool size_of(const char *text, bool allow_giga, uint64_t *bytes) {
    struct guard guard = guard_copy(text, strlen(text));
    bool is_size = quantity_parse_size((struct slice){guard.data, guard.size}, allow_giga, bytes);
    guard_release(&guard);
    return is_size;
}

static bool time_of(const char *text, uint64_t *milliseconds) {
    struct guard guard = guard_copy(text, strlen(text));
    bool is_time = quantity_parse_time((struct slice){guard.data, guard.size}, milliseconds);
    guard_release(&guard);
    return is_time;
}

static void reads_sizes(void) {
    uint64_t bytes = 0;
    CU_ASSERT_TRUE(size_of("0", false, &bytes) && bytes == 0);
    CU_ASSERT_TRUE(size_of("512", false, &bytes) && bytes == 512);
    CU_ASSERT_TRUE(size_of("8k", false, &bytes) && bytes == 8192);
    CU_ASSERT_TRUE(size_of("8K", false, &bytes) && bytes == 8192);
    CU_ASSERT_TRUE(size_of("1m", false, &bytes) && bytes == 1048576);
    CU_ASSERT_TRUE(size_of("2g", true, &bytes) && bytes == 2147483648);
}

static void refuses_what_is_no_size(void) {
    const char *const texts[] = {"",
                                 "k",
                                 "-1",
                                 "1.5m",
                                 "1kb",
                                 " 1",
                                 "1 ",
                                 "0x10",
                                 "1g",
                                 "9223372036854775808",
                                 "9007199254740992k"};
    uint64_t bytes;
    for (size_t i = 0; i < sizeof texts / sizeof texts[0]; i++) {
        CU_ASSERT_FALSE(size_of(texts[i], false, &bytes));
    }
    CU_ASSERT_FALSE(size_of("g", true, &bytes));
}

static void reads_times(void) {
    uint64_t value = 0;
    CU_ASSERT_TRUE(time_of("60", &value) && value == 60000);
    CU_ASSERT_TRUE(time_of("60s", &value) && value == 60000);
    CU_ASSERT_TRUE(time_of("500ms", &value) && value == 500);
    CU_ASSERT_TRUE(time_of("1s500ms", &value) && value == 1500);
    CU_ASSERT_TRUE(time_of("1h30m", &value) && value == 5400000);
    CU_ASSERT_TRUE(time_of("1h 30m", &value) && value == 5400000);
    CU_ASSERT_TRUE(time_of("1h30", &value) && value == 3630000);
    CU_ASSERT_TRUE(time_of("1w1d", &value) && value == 691200000);
    CU_ASSERT_TRUE(time_of("1 ", &value) && value == 1000);
}

/* As nginx -t does; months and years are for directives that count in seconds. */
static void refuses_what_is_no_time(void) {
    const char *const texts[] = {
        "",   "ms", "s",  "1x",   "30m1h", "1m1m", "1ms1s", "1S",
        "1y", "1M", "-1", "1.5s", "1 1 1", "1d1M", "1s ms", "9223372036854775807s"};
    uint64_t value;
    for (size_t i = 0; i < sizeof texts / sizeof texts[0]; i++) {
        CU_ASSERT_FALSE(time_of(texts[i], &value));
    }
}

static void reads_whole_seconds(void) {
    uint64_t value = 0;
    CU_ASSERT_TRUE(quantity_parse_seconds(SLICE("75"), &value) && value == 75);
    CU_ASSERT_TRUE(quantity_parse_seconds(SLICE("1M"), &value) && value == 2592000);
    CU_ASSERT_TRUE(quantity_parse_seconds(SLICE("1y"), &value) && value == 31536000);
    CU_ASSERT_FALSE(quantity_parse_seconds(SLICE("500ms"), &value));
    CU_ASSERT_FALSE(quantity_parse_seconds(SLICE("1s500ms"), &value));
}

UNIT_TESTS("model/quantity", {"reads sizes", reads_sizes},
           {"refuses what is no size", refuses_what_is_no_size}, {"reads times", reads_times},
           {"refuses what is no time", refuses_what_is_no_time},
           {"reads whole seconds", reads_whole_seconds})
