/* Requests: what is taken apart, what is refused, and with which answer. */
#include "guard.h"
#include "unit.h"

#include "http/head.h"

enum { CAPACITY = 16 };

static struct engine_header items[CAPACITY];
static uint8_t ids[CAPACITY];
static const struct http_header_rules strict = {.allow_underscores = false, .drop_invalid = true};

static enum http_parse_result parse_bytes(const char *text, size_t size,
                                          const struct http_header_rules *rules,
                                          struct http_request_head *head) {
    *head = (struct http_request_head){.fields = {items, ids, 0, CAPACITY}};
    return http_parse_request(text, size, rules, head);
}

static void assert_refused(uint32_t status, const char *text, size_t size) {
    struct http_request_head head;
    struct guard guard = guard_copy(text, size);
    enum http_parse_result result = parse_bytes(guard.data, size, &strict, &head);
    if (result != HTTP_PARSE_BAD || head.status != status || head.reason == NULL) {
        printf("expected %u, got %u: %s\n", status, head.status, text);
    }
    CU_ASSERT_EQUAL(result, HTTP_PARSE_BAD);
    CU_ASSERT_EQUAL(head.status, status);
    CU_ASSERT_PTR_NOT_NULL(head.reason);
    guard_release(&guard);
}

#define ASSERT_REFUSED(status, text) assert_refused(status, text, sizeof(text) - 1)

/* A request that is good but for one line. */
#define WITH_LINE(line) "GET / HTTP/1.1\r\nHost: a\r\n" line "\r\n\r\n"
#define WITH_START(line) line "\r\nHost: a\r\n\r\n"

#define ASSERT_TEXT(slice, text) CU_ASSERT_TRUE(slice_equals(slice, SLICE(text)))

static struct http_request_head parse(const char *text) {
    struct http_request_head head;
    enum http_parse_result result = parse_bytes(text, strlen(text), &strict, &head);
    if (result != HTTP_PARSE_OK) {
        printf("refused (%s): %s\n", head.reason, text);
    }
    CU_ASSERT_EQUAL(result, HTTP_PARSE_OK);
    return head;
}

static void takes_a_request_apart(void) {
    struct http_request_head head = parse("GET /a/b?c=d HTTP/1.1\r\nHost: example.com:80\r\n"
                                          "X-Empty:\r\nX-Space: \t a \t b\t \r\n\r\n");
    ASSERT_TEXT(head.line, "GET /a/b?c=d HTTP/1.1");
    ASSERT_TEXT(head.method, "GET");
    ASSERT_TEXT(head.target, "/a/b?c=d");
    ASSERT_TEXT(head.protocol, "HTTP/1.1");
    CU_ASSERT_EQUAL(head.minor, 1);
    CU_ASSERT_TRUE(head.has_host);
    ASSERT_TEXT(head.host, "example.com:80");
    CU_ASSERT_EQUAL(head.framing, HTTP_BODY_NONE);
    CU_ASSERT_EQUAL_FATAL(head.fields.count, 3);
    CU_ASSERT_EQUAL(head.fields.ids[0], HTTP_FIELD_HOST);
    CU_ASSERT_EQUAL(head.fields.ids[1], HTTP_FIELD_OTHER);
    ASSERT_TEXT(head.fields.items[1].name, "X-Empty");
    ASSERT_TEXT(head.fields.items[1].value, "");
    ASSERT_TEXT(head.fields.items[2].value, "a \t b");
    CU_ASSERT_FALSE(head.connection_close || head.connection_keep_alive || head.has_upgrade ||
                    head.expects_continue);
}

static void accepts_what_the_rfc_and_nginx_accept(void) {
    parse("GET / HTTP/1.0\r\n\r\n");
    parse("M-SEARCH * HTTP/1.1\r\nHost:\r\n\r\n");
    parse("GET http://a/ HTTP/1.1\r\nHost: a\r\n\r\n");
    parse(WITH_START("GET /\xc3\xa9\"<>\\^`{|} HTTP/1.1"));
    parse(WITH_LINE("X: \xff\x80 caf\xc3\xa9"));
    parse(WITH_LINE("!#$%&'*+-.^_`|~09azAZ: x"));
    parse(WITH_LINE("X: a value of more than sixteen bytes, with a\ttab behind that"));
    CU_ASSERT_EQUAL(parse(WITH_START("GET / HTTP/1.7")).minor, 1);
    CU_ASSERT_EQUAL(parse(WITH_START("GET / HTTP/1.0")).minor, 0);
}

static void refuses_bad_request_lines(void) {
    ASSERT_REFUSED(400, "");
    ASSERT_REFUSED(400, "G");
    ASSERT_REFUSED(400, "\r\n\r\n");
    ASSERT_REFUSED(400, WITH_START("get / HTTP/1.1"));
    ASSERT_REFUSED(400, WITH_START("GET1 / HTTP/1.1"));
    ASSERT_REFUSED(400, WITH_START("G@T / HTTP/1.1"));
    ASSERT_REFUSED(400, WITH_START(" GET / HTTP/1.1"));
    ASSERT_REFUSED(400, WITH_START("GET  / HTTP/1.1"));
    ASSERT_REFUSED(400, WITH_START("GET\t/ HTTP/1.1"));
    ASSERT_REFUSED(400, WITH_START("GET /  HTTP/1.1"));
    ASSERT_REFUSED(400, WITH_START("GET / HTTP/1.1 "));
    ASSERT_REFUSED(400, WITH_START("GET /a b HTTP/1.1"));
    ASSERT_REFUSED(400, WITH_START("GET /a\tb HTTP/1.1"));
    ASSERT_REFUSED(400, WITH_START("GET /a\x7f HTTP/1.1"));
    ASSERT_REFUSED(400, WITH_START("GET /a-path-of-more-than-sixteen-bytes\x01 HTTP/1.1"));
    ASSERT_REFUSED(400, WITH_START("GET /a\0b HTTP/1.1"));
    ASSERT_REFUSED(400, WITH_START("GET /"));
    ASSERT_REFUSED(400, WITH_START("GET"));
    ASSERT_REFUSED(400, WITH_START("GET / http/1.1"));
    ASSERT_REFUSED(400, WITH_START("GET / HTTP/1"));
    ASSERT_REFUSED(400, WITH_START("GET / HTTP/1.10"));
    ASSERT_REFUSED(400, WITH_START("GET / HTTP/11.1"));
    ASSERT_REFUSED(400, WITH_START("GET / HTTP/1,1"));
    ASSERT_REFUSED(400, WITH_START("GET / HTTP/ 1.1"));
    ASSERT_REFUSED(400, "GET / HTTP/1.1\rHost: a\r\n\r\n");
    ASSERT_REFUSED(400, "GET / HTTP/1.1\nHost: a\r\n\r\n");
    ASSERT_REFUSED(400, "GET / HTTP/1.1\r");
    ASSERT_REFUSED(400, "GET / HTTP/1.1\n");
}

static void refuses_other_versions_and_methods(void) {
    ASSERT_REFUSED(505, WITH_START("GET / HTTP/2.0"));
    ASSERT_REFUSED(505, WITH_START("GET / HTTP/0.9"));
    ASSERT_REFUSED(505, "PRI * HTTP/2.0\r\n\r\n");
    ASSERT_REFUSED(405, WITH_START("CONNECT a:443 HTTP/1.1"));
    ASSERT_REFUSED(405, WITH_START("TRACE / HTTP/1.1"));
    parse(WITH_START("TRACES / HTTP/1.1"));
}

static void refuses_bad_fields(void) {
    ASSERT_REFUSED(400, WITH_LINE("X : a"));
    ASSERT_REFUSED(400, WITH_LINE("X\t: a"));
    ASSERT_REFUSED(400, WITH_LINE(" X: a"));
    ASSERT_REFUSED(400, WITH_LINE("X: a\r\n folded"));
    ASSERT_REFUSED(400, WITH_LINE("X: a\r\n\tfolded"));
    ASSERT_REFUSED(400, WITH_LINE(": a"));
    ASSERT_REFUSED(400, WITH_LINE("X"));
    ASSERT_REFUSED(400, WITH_LINE("X a: b"));
    ASSERT_REFUSED(400, WITH_LINE("X(: b"));
    ASSERT_REFUSED(400, WITH_LINE("X\xc3\xa9: b"));
    ASSERT_REFUSED(400, WITH_LINE("X: a\rb"));
    ASSERT_REFUSED(400, WITH_LINE("X: a\nb"));
    ASSERT_REFUSED(400, WITH_LINE("X: a\0b"));
    ASSERT_REFUSED(400, WITH_LINE("X: a\x7f"));
    ASSERT_REFUSED(400, WITH_LINE("X: more than sixteen bytes before it\x01"));
    ASSERT_REFUSED(400, WITH_LINE("X: a\r"));
    ASSERT_REFUSED(400, "GET / HTTP/1.1\r\nHost: a\r\n\n");
    ASSERT_REFUSED(400, "GET / HTTP/1.1\r\nHost: a\r\n\r");
    ASSERT_REFUSED(400, "GET / HTTP/1.1\r\nHost: a\r\n");
    ASSERT_REFUSED(400, "GET / HTTP/1.1\r\nHost: a\r\n\r\nX");
}

static void wants_one_host(void) {
    ASSERT_REFUSED(400, "GET / HTTP/1.1\r\n\r\n");
    ASSERT_REFUSED(400, "GET / HTTP/1.9\r\n\r\n");
    ASSERT_REFUSED(400, WITH_LINE("Host: a"));
    ASSERT_REFUSED(400, WITH_LINE("hOST: b"));
    ASSERT_REFUSED(400, "GET / HTTP/1.0\r\nHost: a\r\nHost: a\r\n\r\n");
    CU_ASSERT_FALSE(parse("GET / HTTP/1.0\r\n\r\n").has_host);
}

static void reads_content_lengths(void) {
    struct http_request_head head = parse(WITH_LINE("Content-Length: 0042"));
    CU_ASSERT_EQUAL(head.framing, HTTP_BODY_LENGTH);
    CU_ASSERT_EQUAL(head.content_length, 42);
    head = parse(WITH_LINE("content-length:9223372036854775807"));
    CU_ASSERT_EQUAL(head.content_length, INT64_MAX);
    CU_ASSERT_EQUAL(parse(WITH_LINE("Content-Length: 0")).framing, HTTP_BODY_LENGTH);
}

static void refuses_bad_content_lengths(void) {
    ASSERT_REFUSED(400, WITH_LINE("Content-Length:"));
    ASSERT_REFUSED(400, WITH_LINE("Content-Length: -1"));
    ASSERT_REFUSED(400, WITH_LINE("Content-Length: +1"));
    ASSERT_REFUSED(400, WITH_LINE("Content-Length: 1 1"));
    ASSERT_REFUSED(400, WITH_LINE("Content-Length: 0x10"));
    ASSERT_REFUSED(400, WITH_LINE("Content-Length: 1."));
    ASSERT_REFUSED(400, WITH_LINE("Content-Length: 5, 5"));
    ASSERT_REFUSED(400, WITH_LINE("Content-Length: 5\r\nContent-Length: 5"));
    ASSERT_REFUSED(400, WITH_LINE("Content-Length: 5\r\nContent-Length: 6"));
    ASSERT_REFUSED(400, WITH_LINE("Content-Length: 9223372036854775808"));
    ASSERT_REFUSED(400, WITH_LINE("Content-Length: 18446744073709551616"));
    ASSERT_REFUSED(400, WITH_LINE("Content-Length: 99999999999999999999999999999999"));
}

static void reads_transfer_encodings(void) {
    CU_ASSERT_EQUAL(parse(WITH_LINE("Transfer-Encoding: chunked")).framing, HTTP_BODY_CHUNKED);
    CU_ASSERT_EQUAL(parse(WITH_LINE("transfer-encoding: \tChunKed ")).framing, HTTP_BODY_CHUNKED);
    ASSERT_REFUSED(501, WITH_LINE("Transfer-Encoding: gzip"));
    ASSERT_REFUSED(501, WITH_LINE("Transfer-Encoding: identity"));
    ASSERT_REFUSED(501, WITH_LINE("Transfer-Encoding: gzip, chunked"));
    ASSERT_REFUSED(501, WITH_LINE("Transfer-Encoding: gzip\r\nTransfer-Encoding: chunked"));
    ASSERT_REFUSED(501, WITH_LINE("Transfer-Encoding: x;q=1 , deflate"));
    ASSERT_REFUSED(501, WITH_LINE("Transfer-Encoding: xchunked"));
    ASSERT_REFUSED(501, WITH_LINE("Transfer-Encoding: chunked;q=1"));
}

static void refuses_ambiguous_framing(void) {
    ASSERT_REFUSED(400, WITH_LINE("Transfer-Encoding:"));
    ASSERT_REFUSED(400, WITH_LINE("Transfer-Encoding: chunked,"));
    ASSERT_REFUSED(400, WITH_LINE("Transfer-Encoding: ,chunked"));
    ASSERT_REFUSED(400, WITH_LINE("Transfer-Encoding: chunked, chunked"));
    ASSERT_REFUSED(400, WITH_LINE("Transfer-Encoding: chunked\r\nTransfer-Encoding: chunked"));
    ASSERT_REFUSED(400, WITH_LINE("Transfer-Encoding: chunked, gzip"));
    ASSERT_REFUSED(400, WITH_LINE("Transfer-Encoding: gzip, chunked, chunked"));
    ASSERT_REFUSED(400, WITH_LINE("Transfer-Encoding: \"chunked\""));
    ASSERT_REFUSED(400, WITH_LINE("Transfer-Encoding: chunked x"));
    ASSERT_REFUSED(400, WITH_LINE("Transfer-Encoding: \x80"));
    ASSERT_REFUSED(400, WITH_LINE("Transfer-Encoding: chunked\r\nContent-Length: 5"));
    ASSERT_REFUSED(400, WITH_LINE("Content-Length: 5\r\nTransfer-Encoding: chunked"));
    ASSERT_REFUSED(400, WITH_LINE("Content-Length: 5\r\nTransfer-Encoding: gzip"));
    ASSERT_REFUSED(400, "POST / HTTP/1.0\r\nTransfer-Encoding: chunked\r\n\r\n");
}

static void reads_connection_and_upgrade(void) {
    struct http_request_head head = parse(WITH_LINE("Connection: x, Close"));
    CU_ASSERT_TRUE(head.connection_close);
    CU_ASSERT_FALSE(head.connection_keep_alive);
    CU_ASSERT_TRUE(parse(WITH_LINE("Connection: keep-alive")).connection_keep_alive);
    CU_ASSERT_TRUE(parse(WITH_LINE("Connection: a\r\nConnection: close")).connection_close);
    CU_ASSERT_FALSE(parse(WITH_LINE("Connection: closed, not-keep-alive")).connection_close);
    CU_ASSERT_TRUE(parse(WITH_LINE("Upgrade: websocket\r\nConnection: Upgrade")).has_upgrade);
    CU_ASSERT_FALSE(parse(WITH_LINE("Upgrade: websocket")).has_upgrade);
    CU_ASSERT_FALSE(parse(WITH_LINE("Upgrade:\r\nConnection: Upgrade")).has_upgrade);
    CU_ASSERT_FALSE(
        parse("GET / HTTP/1.0\r\nUpgrade: h2c\r\nConnection: Upgrade\r\n\r\n").has_upgrade);
}

static void reads_expectations(void) {
    CU_ASSERT_TRUE(parse(WITH_LINE("Expect: 100-Continue")).expects_continue);
    ASSERT_REFUSED(417, WITH_LINE("Expect: 100-continues"));
    ASSERT_REFUSED(417, WITH_LINE("Expect: 100-continue, other"));
    CU_ASSERT_FALSE(parse("GET / HTTP/1.0\r\nExpect: 100-continue\r\n\r\n").expects_continue);
}

static uint32_t count_fields(const struct http_header_rules *rules) {
    struct http_request_head head;
    const char *text = WITH_LINE("X_Y: 1\r\nX.Y: 2\r\nX-Y: 3");
    CU_ASSERT_EQUAL(parse_bytes(text, strlen(text), rules, &head), HTTP_PARSE_OK);
    return head.fields.count;
}

static void drops_unusual_names_by_the_rules(void) {
    CU_ASSERT_EQUAL(count_fields(&strict), 2);
    CU_ASSERT_EQUAL(count_fields(&(struct http_header_rules){true, true}), 3);
    CU_ASSERT_EQUAL(count_fields(&(struct http_header_rules){false, false}), 4);
    CU_ASSERT_EQUAL(count_fields(&(struct http_header_rules){true, false}), 4);
}

static void stops_at_the_capacity(void) {
    char text[512] = "GET / HTTP/1.1\r\nHost: a\r\n";
    struct http_request_head head;
    for (int i = 1; i < CAPACITY; i++) {
        strcat(text, "X: y\r\n");
    }
    size_t size = strlen(text);
    strcpy(text + size, "\r\n");
    CU_ASSERT_EQUAL(parse_bytes(text, size + 2, &strict, &head), HTTP_PARSE_OK);
    CU_ASSERT_EQUAL(head.fields.count, CAPACITY);
    strcpy(text + size, "X: y\r\n\r\n");
    CU_ASSERT_EQUAL(parse_bytes(text, size + 8, &strict, &head), HTTP_PARSE_TOO_MANY_FIELDS);
    CU_ASSERT_EQUAL(head.fields.count, CAPACITY);
}

/* A refused request still tells its first line, for the log. */
static void keeps_the_line_of_a_refused_request(void) {
    struct http_request_head head;
    const char *text = "GET /a b HTTP/1.1\r\n\r\n";
    CU_ASSERT_EQUAL(parse_bytes(text, strlen(text), &strict, &head), HTTP_PARSE_BAD);
    ASSERT_TEXT(head.line, "GET /a b HTTP/1.1");
}

static void takes_the_first_line_alone(void) {
    struct http_request_head head = {0};
    const char *text = "GET /a?b HTTP/1.1\r\nX: bad\n";
    CU_ASSERT_TRUE(http_parse_request_line(text, strlen(text), &head));
    ASSERT_TEXT(head.line, "GET /a?b HTTP/1.1");
    ASSERT_TEXT(head.method, "GET");
    ASSERT_TEXT(head.target, "/a?b");
    ASSERT_TEXT(head.protocol, "HTTP/1.1");
    for (size_t size = 0; size < strlen("GET /a?b HTTP/1.1\r\n"); size++) {
        struct guard guard = guard_copy(text, size);
        CU_ASSERT_FALSE(http_parse_request_line(guard.data, size, &head));
        guard_release(&guard);
    }
}

static bool finds(const char *text, size_t size, uint64_t longest, struct slice expected) {
    struct guard guard = guard_copy(text, size);
    struct slice host = SLICE("");
    bool is_found = http_find_host(guard.data, size, longest, &host);
    bool is_right = is_found == (expected.data != NULL) && slice_equals(host, expected);
    guard_release(&guard);
    return is_right;
}

#define FINDS(text, longest, expected) finds(text, sizeof(text) - 1, longest, expected)

/* Whatever is wrong with the rest. */
static void finds_the_host_of_a_refused_request(void) {
    const struct slice none = {NULL, 0};
    CU_ASSERT_TRUE(FINDS(WITH_LINE("X : 1"), 100, SLICE("a")));
    CU_ASSERT_TRUE(FINDS("GET / HTTP/1.1\r\nX:1\r\nhOST: \t b c \r\n", 100, SLICE("b c")));
    CU_ASSERT_TRUE(FINDS("GET / HTTP/1.1\r\nHost: a\r\nHost: b\r\n\r\n", 100, SLICE("a")));
    CU_ASSERT_TRUE(FINDS("GET / HTTP/1.1\r\nContent-Length: x\r\nHost:\r\n", 100, SLICE("")));
    CU_ASSERT_TRUE(FINDS("GET / HTTP/1.1\r\nX : 1\r\nHost: a\r\n\r\n", 100, none));
    CU_ASSERT_TRUE(FINDS("GET / HTTP/1.1\r\nHost: a", 100, none));
    CU_ASSERT_TRUE(FINDS("GET / HTTP/1.1\r\n\r\nHost: a\r\n", 100, none));
    CU_ASSERT_TRUE(FINDS("GE/T / HTTP/1.1\r\nHost: a\r\n", 100, none));
    CU_ASSERT_TRUE(FINDS("GET / HTTP/1.1\r\nX: 12345\r\nHost: a\r\n", 10, SLICE("a")));
    CU_ASSERT_TRUE(FINDS("GET / HTTP/1.1\r\nX: 12345\r\nHost: a\r\n", 9, none));
    CU_ASSERT_TRUE(FINDS("GET / HTTP/1.1\r\nHost: a\r\n", 8, none));
}

/* No part of a good head is a good head. */
static void refuses_every_truncation(void) {
    const char text[] = WITH_LINE("Content-Length: 5\r\nConnection: close");
    for (size_t size = 0; size + 1 < sizeof text; size++) {
        assert_refused(400, text, size);
    }
}

UNIT_TESTS("http/request_head", {"takes a request apart", takes_a_request_apart},
           {"accepts what the RFC and nginx accept", accepts_what_the_rfc_and_nginx_accept},
           {"refuses bad request lines", refuses_bad_request_lines},
           {"refuses other versions and methods", refuses_other_versions_and_methods},
           {"refuses bad fields", refuses_bad_fields}, {"wants one Host", wants_one_host},
           {"reads content lengths", reads_content_lengths},
           {"refuses bad content lengths", refuses_bad_content_lengths},
           {"reads transfer encodings", reads_transfer_encodings},
           {"refuses ambiguous framing", refuses_ambiguous_framing},
           {"reads Connection and Upgrade", reads_connection_and_upgrade},
           {"reads expectations", reads_expectations},
           {"drops unusual names by the rules", drops_unusual_names_by_the_rules},
           {"stops at the capacity", stops_at_the_capacity},
           {"keeps the line of a refused request", keeps_the_line_of_a_refused_request},
           {"takes the first line alone", takes_the_first_line_alone},
           {"finds the host of a refused request", finds_the_host_of_a_refused_request},
           {"refuses every truncation", refuses_every_truncation})
