/* Responses of backends: status lines, and where bodies end. */
#include "guard.h"
#include "unit.h"

#include "http/head.h"

enum { CAPACITY = 16 };

static struct engine_header items[CAPACITY];
static uint8_t ids[CAPACITY];

static enum http_parse_result parse_bytes(const char *text, size_t size, bool to_head,
                                          struct http_response_head *head) {
    *head = (struct http_response_head){.fields = {items, ids, 0, CAPACITY}};
    return http_parse_response(text, size, to_head, head);
}

static void assert_refused(const char *text, size_t size) {
    struct http_response_head head;
    struct guard guard = guard_copy(text, size);
    enum http_parse_result result = parse_bytes(guard.data, size, false, &head);
    if (result != HTTP_PARSE_BAD) {
        printf("accepted: %s\n", text);
    }
    CU_ASSERT_EQUAL(result, HTTP_PARSE_BAD);
    CU_ASSERT_PTR_NOT_NULL(head.reason);
    guard_release(&guard);
}

#define ASSERT_REFUSED(text) assert_refused(text, sizeof(text) - 1)
#define WITH_LINE(line) "HTTP/1.1 200 OK\r\n" line "\r\n\r\n"
#define ASSERT_TEXT(slice, text) CU_ASSERT_TRUE(slice_equals(slice, SLICE(text)))

static struct http_response_head parse_answer(const char *text, bool to_head) {
    struct http_response_head head;
    enum http_parse_result result = parse_bytes(text, strlen(text), to_head, &head);
    if (result != HTTP_PARSE_OK) {
        printf("refused (%s): %s\n", head.reason, text);
    }
    CU_ASSERT_EQUAL(result, HTTP_PARSE_OK);
    return head;
}

static struct http_response_head parse(const char *text) {
    return parse_answer(text, false);
}

static void takes_a_response_apart(void) {
    struct http_response_head head =
        parse("HTTP/1.1 404 Not \tFound\xe9\r\nServer: x\r\nContent-Length: 7\r\n\r\n");
    CU_ASSERT_EQUAL(head.minor, 1);
    CU_ASSERT_EQUAL(head.status, 404);
    ASSERT_TEXT(head.reason_phrase, "Not \tFound\xe9");
    CU_ASSERT_EQUAL(head.framing, HTTP_BODY_LENGTH);
    CU_ASSERT_EQUAL(head.content_length, 7);
    CU_ASSERT_TRUE(head.has_content_length);
    CU_ASSERT_EQUAL_FATAL(head.fields.count, 2);
    CU_ASSERT_EQUAL(head.fields.ids[0], HTTP_FIELD_SERVER);
    ASSERT_TEXT(head.fields.items[0].value, "x");
}

static void reason_phrases_may_be_missing(void) {
    ASSERT_TEXT(parse("HTTP/1.1 200 \r\n\r\n").reason_phrase, "");
    ASSERT_TEXT(parse("HTTP/1.1 200\r\n\r\n").reason_phrase, "");
    CU_ASSERT_EQUAL(parse("HTTP/1.5 999 ?\r\n\r\n").minor, 1);
}

static void refuses_bad_status_lines(void) {
    ASSERT_REFUSED("");
    ASSERT_REFUSED("\r\n\r\n");
    ASSERT_REFUSED("HTTP/1.1\r\n\r\n");
    ASSERT_REFUSED("HTTP/1.1 \r\n\r\n");
    ASSERT_REFUSED("HTTP/1.1 20\r\n\r\n");
    ASSERT_REFUSED("HTTP/1.1 20 OK\r\n\r\n");
    ASSERT_REFUSED("HTTP/1.1 2000 OK\r\n\r\n");
    ASSERT_REFUSED("HTTP/1.1 099 OK\r\n\r\n");
    ASSERT_REFUSED("HTTP/1.1 000 OK\r\n\r\n");
    ASSERT_REFUSED("HTTP/1.1 +20 OK\r\n\r\n");
    ASSERT_REFUSED("HTTP/1.1  200 OK\r\n\r\n");
    ASSERT_REFUSED("HTTP/1.1\t200 OK\r\n\r\n");
    ASSERT_REFUSED("HTTP/1.1 200-OK\r\n\r\n");
    ASSERT_REFUSED("HTTP/1.1 200 O\x01K\r\n\r\n");
    ASSERT_REFUSED("HTTP/1.1 200 OK\n\n");
    ASSERT_REFUSED("HTTP/1.1 200 OK\rX\r\n\r\n");
    ASSERT_REFUSED("HTTP/2 200 OK\r\n\r\n");
    ASSERT_REFUSED("HTTP/2.0 200 OK\r\n\r\n");
    ASSERT_REFUSED("HTTP/1 200 OK\r\n\r\n");
    ASSERT_REFUSED("http/1.1 200 OK\r\n\r\n");
    ASSERT_REFUSED("ICY 200 OK\r\n\r\n");
    ASSERT_REFUSED("<html>\r\n\r\n");
}

static void refuses_bad_fields(void) {
    ASSERT_REFUSED(WITH_LINE("X : a"));
    ASSERT_REFUSED(WITH_LINE("X: a\r\n folded"));
    ASSERT_REFUSED(WITH_LINE("X: a\0b"));
    ASSERT_REFUSED(WITH_LINE("no colon"));
    ASSERT_REFUSED(WITH_LINE("X: a\rb"));
    CU_ASSERT_EQUAL(parse(WITH_LINE("X_Y.z: a")).fields.count, 1);
}

static void bodies_end_as_the_fields_say(void) {
    CU_ASSERT_EQUAL(parse("HTTP/1.1 200 OK\r\n\r\n").framing, HTTP_BODY_UNTIL_CLOSE);
    CU_ASSERT_EQUAL(parse("HTTP/1.0 200 OK\r\n\r\n").framing, HTTP_BODY_UNTIL_CLOSE);
    CU_ASSERT_EQUAL(parse(WITH_LINE("Transfer-Encoding: chunked")).framing, HTTP_BODY_CHUNKED);
    CU_ASSERT_EQUAL(parse(WITH_LINE("Content-Length: 0")).framing, HTTP_BODY_LENGTH);
}

static void some_responses_have_no_body(void) {
    struct http_response_head head = parse_answer(WITH_LINE("Content-Length: 99"), true);
    CU_ASSERT_EQUAL(head.framing, HTTP_BODY_NONE);
    CU_ASSERT_EQUAL(head.content_length, 99);
    CU_ASSERT_TRUE(head.has_content_length);
    head = parse_answer(WITH_LINE("Transfer-Encoding: chunked"), true);
    CU_ASSERT_EQUAL(head.framing, HTTP_BODY_NONE);
    CU_ASSERT_EQUAL(parse("HTTP/1.1 204 No\r\n\r\n").framing, HTTP_BODY_NONE);
    CU_ASSERT_EQUAL(parse("HTTP/1.1 304 No\r\nContent-Length: 9\r\n\r\n").framing, HTTP_BODY_NONE);
    CU_ASSERT_EQUAL(parse("HTTP/1.1 100 Continue\r\n\r\n").framing, HTTP_BODY_NONE);
    CU_ASSERT_EQUAL(parse("HTTP/1.1 101 Switching\r\n\r\n").framing, HTTP_BODY_NONE);
    CU_ASSERT_EQUAL(parse("HTTP/1.1 199 ?\r\n\r\n").framing, HTTP_BODY_NONE);
    CU_ASSERT_EQUAL(parse("HTTP/1.1 205 Reset\r\n\r\n").framing, HTTP_BODY_UNTIL_CLOSE);
}

static void refuses_ambiguous_framing(void) {
    ASSERT_REFUSED(WITH_LINE("Content-Length: 5\r\nTransfer-Encoding: chunked"));
    ASSERT_REFUSED(WITH_LINE("Transfer-Encoding: chunked\r\nContent-Length: 5"));
    ASSERT_REFUSED(WITH_LINE("Content-Length: 5\r\nContent-Length: 5"));
    ASSERT_REFUSED(WITH_LINE("Content-Length: 5, 5"));
    ASSERT_REFUSED(WITH_LINE("Content-Length: -5"));
    ASSERT_REFUSED(WITH_LINE("Content-Length: 5 "
                             "6"));
    ASSERT_REFUSED(WITH_LINE("Transfer-Encoding: gzip"));
    ASSERT_REFUSED(WITH_LINE("Transfer-Encoding: gzip, chunked"));
    ASSERT_REFUSED(WITH_LINE("Transfer-Encoding: chunked, chunked"));
    ASSERT_REFUSED("HTTP/1.0 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n");
    ASSERT_REFUSED("HTTP/1.1 304 No\r\nTransfer-Encoding: gzip\r\n\r\n");
}

static void reads_connection(void) {
    CU_ASSERT_TRUE(parse(WITH_LINE("Connection: Close")).connection_close);
    CU_ASSERT_TRUE(parse("HTTP/1.0 200\r\nConnection: keep-alive\r\n\r\n").connection_keep_alive);
    CU_ASSERT_FALSE(parse(WITH_LINE("X: close")).connection_close);
}

static void stops_at_the_capacity(void) {
    char text[512] = "HTTP/1.1 200 OK\r\n";
    struct http_response_head head;
    for (int i = 0; i <= CAPACITY; i++) {
        strcat(text, "X: y\r\n");
    }
    strcat(text, "\r\n");
    CU_ASSERT_EQUAL(parse_bytes(text, strlen(text), false, &head), HTTP_PARSE_TOO_MANY_FIELDS);
}

static void refuses_every_truncation(void) {
    const char text[] = WITH_LINE("Content-Length: 5\r\nConnection: close");
    for (size_t size = 0; size + 1 < sizeof text; size++) {
        assert_refused(text, size);
    }
}

static void takes_a_trailer_section_apart(void) {
    const char text[] = "X-Sum: 1 \r\nContent-Length: 5\r\nConnection: x\r\n\r\n";
    struct guard guard = guard_copy(text, sizeof text - 1);
    struct http_fields fields = {items, ids, 0, CAPACITY};
    CU_ASSERT_EQUAL(http_parse_trailers(guard.data, guard.size, &fields), HTTP_PARSE_OK);
    CU_ASSERT_EQUAL_FATAL(fields.count, 3);
    ASSERT_TEXT(fields.items[0].name, "X-Sum");
    ASSERT_TEXT(fields.items[0].value, "1");
    CU_ASSERT_EQUAL(fields.ids[1], HTTP_FIELD_CONTENT_LENGTH);
    CU_ASSERT_EQUAL(http_parse_trailers("\r\n", 2, &fields), HTTP_PARSE_OK);
    CU_ASSERT_EQUAL(fields.count, 0);
    CU_ASSERT_EQUAL(http_parse_trailers("X y\r\n\r\n", 7, &fields), HTTP_PARSE_BAD);
    guard_release(&guard);
}

UNIT_TESTS("http/response_head", {"takes a response apart", takes_a_response_apart},
           {"takes a trailer section apart", takes_a_trailer_section_apart},
           {"reason phrases may be missing", reason_phrases_may_be_missing},
           {"refuses bad status lines", refuses_bad_status_lines},
           {"refuses bad fields", refuses_bad_fields},
           {"bodies end as the fields say", bodies_end_as_the_fields_say},
           {"some responses have no body", some_responses_have_no_body},
           {"refuses ambiguous framing", refuses_ambiguous_framing},
           {"reads Connection", reads_connection}, {"stops at the capacity", stops_at_the_capacity},
           {"refuses every truncation", refuses_every_truncation})
