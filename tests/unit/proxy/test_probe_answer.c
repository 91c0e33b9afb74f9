/* Answers to probes, whole and in pieces of every size. */
#include "proxy/probe_answer.h"

#include "unit.h"

#include <string.h>

enum { LIMIT = 256 * 1024 };

static struct probe_answer answer;

static enum probe_progress feed(const char *bytes, size_t size, size_t piece, bool wants_body) {
    enum probe_progress progress = PROBE_MORE;
    for (size_t done = 0; done < size && progress == PROBE_MORE;) {
        size_t room;
        char *place = probe_answer_room(&answer, &room);
        CU_ASSERT_PTR_NOT_NULL_FATAL(place);
        size_t count = size - done < piece ? size - done : piece;
        count = count < room ? count : room;
        memcpy(place, bytes + done, count);
        done += count;
        progress = probe_answer_take(&answer, count, wants_body);
    }
    return progress;
}

static void begin(void) {
    probe_answer_release(&answer);
    memset(&answer, 0, sizeof answer);
    answer.body_limit = LIMIT;
}

/* In pieces of any size the text gives that progress, status and body. */
static void expect(const char *text, bool is_closed, enum probe_progress progress, uint32_t status,
                   const char *body, bool is_whole) {
    for (size_t piece = 1; piece <= strlen(text); piece++) {
        begin();
        enum probe_progress found = feed(text, strlen(text), piece, true);
        if (found == PROBE_MORE && is_closed) {
            found = probe_answer_end(&answer);
        }
        CU_ASSERT_EQUAL(found, progress);
        if (progress == PROBE_DONE) {
            CU_ASSERT_EQUAL(answer.head.status, status);
            CU_ASSERT_TRUE(slice_equals(probe_answer_body(&answer), slice_from_string(body)));
            CU_ASSERT_TRUE(answer.is_whole == is_whole || piece < strlen(text));
        }
    }
    begin();
}

static void reads_bodies_of_all_framings(void) {
    expect("HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\nhello", false, PROBE_DONE, 200, "hello",
           true);
    expect("HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n", false, PROBE_DONE, 200, "", true);
    expect("HTTP/1.1 204 No Content\r\n\r\n", false, PROBE_DONE, 204, "", true);
    expect(
        "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n3\r\nhel\r\n2;x=y\r\nlo\r\n0\r\n\r\n",
        false, PROBE_DONE, 200, "hello", true);
    expect("HTTP/1.0 500 No\r\n\r\nhello", true, PROBE_DONE, 500, "hello", false);
}

static void passes_over_interim_answers(void) {
    expect("HTTP/1.1 100 Continue\r\n\r\nHTTP/1.1 103 Early Hints\r\nLink: a\r\n\r\n"
           "HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok",
           false, PROBE_DONE, 200, "ok", true);
}

static void breaks_off_what_is_no_answer(void) {
    expect("SSH-2.0-x\r\n\r\n", false, PROBE_BROKEN, 0, "", false);
    expect("HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\nhell", true, PROBE_BROKEN, 0, "", false);
    expect("HTTP/1.1 200 OK\r\nContent-Le", true, PROBE_BROKEN, 0, "", false);
    expect("HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\nxyz\r\n", true, PROBE_BROKEN, 0,
           "", false);
}

static void needs_no_body_where_nobody_looks_at_it(void) {
    const char *text = "HTTP/1.1 200 OK\r\nX: y\r\nContent-Length: 5\r\n\r\nhe";
    begin();
    CU_ASSERT_EQUAL(feed(text, strlen(text), 1000, false), PROBE_DONE);
    CU_ASSERT_FALSE(answer.is_whole);
    CU_ASSERT_EQUAL(probe_answer_body(&answer).size, 0);
    CU_ASSERT_EQUAL(answer.head.fields.count, 2);
    begin();
}

/* The head's fields move with the bytes. */
static void keeps_as_much_as_is_looked_at(void) {
    static char text[LIMIT + 100000];
    int head = snprintf(text, sizeof text, "HTTP/1.1 200 OK\r\nX-Name: value\r\n\r\n");
    memset(text + head, 'x', sizeof text - (size_t)head);
    begin();
    CU_ASSERT_EQUAL(feed(text, sizeof text, 1500, true), PROBE_DONE);
    CU_ASSERT_FALSE(answer.is_whole);
    CU_ASSERT_EQUAL(probe_answer_body(&answer).size, LIMIT);
    CU_ASSERT_TRUE(slice_equals(answer.head.fields.items[0].name, SLICE("X-Name")));
    CU_ASSERT_TRUE(slice_equals(answer.head.fields.items[0].value, SLICE("value")));
    begin();
}

/* The rest is still due on the connection, even if its length is known. */
static void calls_nothing_whole_that_is_cut_at_the_limit(void) {
    static char text[LIMIT];
    int head = snprintf(text, sizeof text, "HTTP/1.1 200 OK\r\nContent-Length: 100000\r\n\r\n");
    memset(text + head, 'x', sizeof text - (size_t)head);
    for (size_t limit = 1; limit <= 100000; limit = limit * 2 + 1) {
        begin();
        answer.body_limit = limit;
        CU_ASSERT_EQUAL(feed(text, (size_t)head + limit, 1500, true), PROBE_DONE);
        CU_ASSERT_FALSE(answer.is_whole);
        CU_ASSERT_EQUAL(probe_answer_body(&answer).size, limit);
    }
    begin();
    answer.body_limit = 100000;
    CU_ASSERT_EQUAL(feed(text, (size_t)head + 100000, 1500, true), PROBE_DONE);
    CU_ASSERT_TRUE(answer.is_whole);
    begin();
}

static void bounds_heads(void) {
    static char text[64 * 1024];
    memset(text, 'x', sizeof text);
    memcpy(text, "HTTP/1.1 200 OK\r\nX: ", 20);
    begin();
    CU_ASSERT_EQUAL(feed(text, sizeof text, 1000, true), PROBE_BROKEN);
    CU_ASSERT_TRUE(answer.size < 40 * 1024);
    begin();
    CU_ASSERT_EQUAL(feed("HTTP/1.1 200 OK\r\n", 17, 17, true), PROBE_MORE);
    enum probe_progress progress = PROBE_MORE;
    for (int i = 0; i <= PROBE_FIELDS_LIMIT; i++) {
        progress = feed("X: y\r\n", 6, 6, true);
    }
    CU_ASSERT_EQUAL(progress, PROBE_MORE);
    CU_ASSERT_EQUAL(feed("\r\n", 2, 2, true), PROBE_BROKEN);
    begin();
}

UNIT_TESTS("proxy/probe_answer", {"reads bodies of all framings", reads_bodies_of_all_framings},
           {"passes over interim answers", passes_over_interim_answers},
           {"breaks off what is no answer", breaks_off_what_is_no_answer},
           {"needs no body where nobody looks at it", needs_no_body_where_nobody_looks_at_it},
           {"keeps as much as is looked at", keeps_as_much_as_is_looked_at},
           {"calls nothing whole that is cut at the limit",
            calls_nothing_whole_that_is_cut_at_the_limit},
           {"bounds heads", bounds_heads})
