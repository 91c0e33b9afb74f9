/* Finding the end of a head, whole, in pieces, and at every alignment. */
#include "guard.h"
#include "unit.h"

#include "http/head.h"

#include <stdio.h>

static size_t find_at_once(const char *data, size_t size) {
    size_t scanned = 0;
    struct guard guard = guard_copy(data, size);
    size_t end = http_head_find_end(guard.data, size, &scanned);
    guard_release(&guard);
    return end;
}

/* As bytes arrive `step` at a time. */
static size_t find_in_steps(const char *data, size_t size, size_t step) {
    size_t scanned = 0;
    struct guard guard = guard_copy(data, size);
    size_t end = 0;
    for (size_t arrived = 0; end == 0 && arrived < size;) {
        arrived = size - arrived < step ? size : arrived + step;
        end = http_head_find_end(guard.data, arrived, &scanned);
    }
    guard_release(&guard);
    return end;
}

static void assert_end(const char *data, size_t expected) {
    size_t size = strlen(data);
    CU_ASSERT_EQUAL(find_at_once(data, size), expected);
    for (size_t step = 1; step < 40; step++) {
        CU_ASSERT_EQUAL(find_in_steps(data, size, step), expected);
    }
}

static void ends_at_the_empty_line(void) {
    assert_end("GET / HTTP/1.1\r\nHost: a\r\n\r\n", 27);
    assert_end("GET / HTTP/1.1\r\n\r\n", 18);
    assert_end("GET / HTTP/1.1\r\nHost: a\r\n\r\nGET / HTTP/1.1\r\n\r\n", 27);
    assert_end("GET / HTTP/1.1\r\n\r\n\n", 18);
}

static void does_not_end_before(void) {
    assert_end("", 0);
    assert_end("G", 0);
    assert_end("GET / HTTP/1.1\r\nHost: a\r\n\r", 0);
    assert_end("GET / HTTP/1.1\r\nHost: a\r\n", 0);
    assert_end("GET / HTTP/1.1\r\r\r\n", 0);
    assert_end("GET / HTTP/1.1\r\n\r\r\n", 0);
    assert_end("GET / HTTP/1.1\r\n \r\n", 0);
}

static void ends_at_a_bare_line_feed(void) {
    assert_end("GET / HTTP/1.1\nHost: a\r\n\r\n", 15);
    assert_end("GET / HTTP/1.1\r\nHost: a\n\n", 24);
    assert_end("GET / HTTP/1.1\r\n\n", 17);
    assert_end("GET / HTTP/1.1\r\nA: \r \n", 22);
}

static void ends_at_a_first_byte_that_can_not_be(void) {
    assert_end("\x16\x03\x01\x02", 1);
    assert_end(" GET / HTTP/1.1\r\n\r\n", 1);
    assert_end("\nGET / HTTP/1.1\r\n\r\n", 1);
    assert_end("\x80", 1);
}

/* Lines of every length, so that the end falls on each place of a block and across blocks. */
static void finds_the_end_at_every_place(void) {
    char head[256];
    for (int length = 0; length < 70; length++) {
        int size = snprintf(head, sizeof head, "GET /%.*s HTTP/1.1\r\nA: b\r\n\r\nrest", length,
                            "--------------------------------------------------------------------"
                            "--------");
        assert_end(head, (size_t)size - 4);
        head[size - 8] = '\n';
        assert_end(head, (size_t)size - 7);
    }
}

static void counts_empty_lines(void) {
    CU_ASSERT_EQUAL(http_head_count_empty_lines("", 0), 0);
    CU_ASSERT_EQUAL(http_head_count_empty_lines("\r\n\r\nGET", 7), 4);
    CU_ASSERT_EQUAL(http_head_count_empty_lines("\r\n\r", 3), 2);
    CU_ASSERT_EQUAL(http_head_count_empty_lines("\n\r\n", 3), 0);
    CU_ASSERT_EQUAL(http_head_count_empty_lines("GET\r\n", 5), 0);
}

UNIT_TESTS("http/head", {"ends at the empty line", ends_at_the_empty_line},
           {"does not end before", does_not_end_before},
           {"ends at a bare line feed", ends_at_a_bare_line_feed},
           {"ends at a first byte that can not be", ends_at_a_first_byte_that_can_not_be},
           {"finds the end at every place", finds_the_end_at_every_place},
           {"counts empty lines", counts_empty_lines})
