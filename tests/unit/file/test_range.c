/* Byte ranges: what is one, and what comes of several. */
#include "file/range.h"
#include "guard.h"
#include "unit.h"

#include <stdio.h>

enum { MOST = 16, SIZE = 10 };

/* "0-5 9-10", "none" or "bad"; the input ends where memory does. */
static const char *read_value(const char *value, uint64_t size, uint64_t most) {
    static char said[256];
    struct file_range ranges[MOST];
    size_t count;
    struct guard guard = guard_copy(value, strlen(value));
    struct slice text = {guard.data, guard.size};
    CU_ASSERT_FATAL(file_range_limit(text) <= MOST);
    enum file_range_result result = file_range_parse(text, size, most, ranges, &count);
    guard_release(&guard);
    if (result != FILE_RANGE_FOUND) {
        return result == FILE_RANGE_NONE ? "none" : "bad";
    }
    said[0] = '\0';
    for (size_t i = 0; i < count; i++) {
        size_t used = strlen(said);
        snprintf(said + used, sizeof said - used, "%s%llu-%llu", i > 0 ? " " : "",
                 (unsigned long long)ranges[i].begin, (unsigned long long)ranges[i].end);
    }
    return said;
}

struct row {
    const char *value;
    const char *expected;
};

static void check(const struct row *rows, size_t count, uint64_t size, uint64_t most) {
    for (size_t i = 0; i < count; i++) {
        const char *said = read_value(rows[i].value, size, most);
        if (strcmp(said, rows[i].expected) != 0) {
            printf("\n    %s: expected \"%s\", got \"%s\"\n", rows[i].value, rows[i].expected,
                   said);
        }
        CU_ASSERT_STRING_EQUAL(said, rows[i].expected);
    }
}

#define CHECK(rows, size, most) check((rows), sizeof(rows) / sizeof(rows)[0], (size), (most))

static void reads_one(void) {
    static const struct row rows[] = {
        {"bytes=0-4", "0-5"},
        {"bytes=9-9", "9-10"},
        {"bytes=5-", "5-10"},
        {"bytes=-3", "7-10"},
        {"bytes=-10", "0-10"},
        {"bytes=-11", "0-10"},
        {"bytes=0-99", "0-10"},
        {"bytes= 1 - 2 ", "1-3"},
        {"BYTES=1-2", "1-3"},
        {"bytes=0-", "0-10"},
        {"bytes=0-9223372036854775807", "0-10"},
    };
    CHECK(rows, SIZE, MOST);
}

static void reads_several(void) {
    static const struct row rows[] = {
        {"bytes=0-1,3-4", "0-2 3-5"},  {"bytes=0-1 , 3-4", "0-2 3-5"},
        {"bytes=0-0,-1", "0-1 9-10"},  {"bytes=8-,0-0", "8-10 0-1"},
        {"bytes=100-,1-1", "1-2"},     {"bytes=0-4,5-9", "0-5 5-10"},
        {"bytes=0-4,5-9,0-0", "none"}, {"bytes=0-9,0-0", "none"},
        {"bytes=1-1,1-1", "1-2 1-2"},
    };
    CHECK(rows, SIZE, MOST);
}

static void refuses_what_is_none(void) {
    static const struct row rows[] = {
        {"bytes=10-", "bad"},
        {"bytes=5-3", "bad"},
        {"bytes=-0", "bad"},
        {"bytes=-", "bad"},
        {"bytes=a", "bad"},
        {"bytes=1", "bad"},
        {"bytes=1-2x", "bad"},
        {"bytes=1-2,", "bad"},
        {"bytes=,1-2", "bad"},
        {"bytes=1--2", "bad"},
        {"bytes=1-2-3", "bad"},
        {"bytes=9223372036854775808-", "bad"},
        {"bytes=0-18446744073709551616", "bad"},
        {"bytes=\t1-2", "bad"},
    };
    CHECK(rows, SIZE, MOST);
}

static void takes_the_whole_for_what_it_does_not_know(void) {
    static const struct row rows[] = {{"", "none"},
                                      {"bytes", "none"},
                                      {"bytes=", "none"},
                                      {"lines=1-2", "none"},
                                      {"bytes 1-2", "none"}};
    CHECK(rows, SIZE, MOST);
}

static void counts(void) {
    static const struct row rows[] = {{"bytes=0-0,1-1", "0-1 1-2"},
                                      {"bytes=0-0,1-1,2-2", "none"},
                                      {"bytes=0-0,99-,1-1", "0-1 1-2"}};
    CHECK(rows, SIZE, 2);
}

static void has_nothing_of_an_empty_file(void) {
    static const struct row rows[] = {
        {"bytes=0-", "none"}, {"bytes=0-0", "none"}, {"bytes=1-", "bad"}, {"bytes=-1", "none"}};
    CHECK(rows, 0, MOST);
}

UNIT_TESTS("file/range", {"reads one", reads_one}, {"reads several", reads_several},
           {"refuses what is none", refuses_what_is_none},
           {"takes the whole for what it does not know", takes_the_whole_for_what_it_does_not_know},
           {"counts", counts}, {"has nothing of an empty file", has_nothing_of_an_empty_file})
