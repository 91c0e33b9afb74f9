/* Spools: what goes in comes out, from memory and from the file behind it. */
#include "unit.h"

#include "net/spool.h"

#include <stdlib.h>
#include <string.h>

static char pattern(uint64_t offset) {
    return (char)(offset * 7 + offset / 251);
}

static void append(struct spool *spool, uint64_t from, size_t size) {
    char *bytes = malloc(size);
    for (size_t i = 0; i < size; i++) {
        bytes[i] = pattern(from + i);
    }
    CU_ASSERT_EQUAL(spool_append(spool, (struct slice){bytes, size}), 0);
    free(bytes);
}

static void expect_content(const struct spool *spool, uint64_t size) {
    char buffer[4096];
    uint64_t offset = 0;
    CU_ASSERT_EQUAL(spool_size(spool), size);
    while (offset < size) {
        struct slice part;
        CU_ASSERT_EQUAL_FATAL(spool_read(spool, offset, buffer, sizeof buffer, &part), 0);
        CU_ASSERT_TRUE_FATAL(part.size > 0);
        for (size_t i = 0; i < part.size; i++) {
            if (part.data[i] != pattern(offset + i)) {
                CU_FAIL_FATAL("a byte differs");
            }
        }
        offset += part.size;
    }
    struct slice end;
    CU_ASSERT_EQUAL(spool_read(spool, size, buffer, sizeof buffer, &end), 0);
    CU_ASSERT_EQUAL(end.size, 0);
}

static void check(size_t limit, const size_t *sizes, size_t count, bool uses_file) {
    struct buffer_pool pool = {0};
    struct spool spool;
    spool_init(&spool, &pool, limit, (struct temp_place){0});
    uint64_t total = 0;
    for (size_t i = 0; i < count; i++) {
        append(&spool, total, sizes[i]);
        total += sizes[i];
    }
    expect_content(&spool, total);
    expect_content(&spool, total); /* it can be read again */
    CU_ASSERT_EQUAL(spool.file >= 0, uses_file);
    spool_release(&spool);
    CU_ASSERT_EQUAL(pool.used_count, 0);
    buffer_pool_release(&pool);
}

static void an_empty_one_has_no_bytes(void) {
    check(1000, NULL, 0, false);
}

static void small_ones_stay_in_memory(void) {
    check(1000, (size_t[]){1, 10, 989}, 3, false);
}

static void memory_grows_up_to_the_limit(void) {
    check(100000, (size_t[]){9000, 9000, 40000, 42000}, 4, false);
}

static void beyond_the_limit_a_file_takes_over(void) {
    check(1000, (size_t[]){600, 600, 1, 50000}, 4, true);
}

static void without_memory_everything_is_in_the_file(void) {
    check(0, (size_t[]){5, 5000}, 2, true);
}

UNIT_TESTS("net/spool", {"an empty one has no bytes", an_empty_one_has_no_bytes},
           {"small ones stay in memory", small_ones_stay_in_memory},
           {"memory grows up to the limit", memory_grows_up_to_the_limit},
           {"beyond the limit a file takes over", beyond_the_limit_a_file_takes_over},
           {"without memory everything is in the file", without_memory_everything_is_in_the_file})
