/* Chunked bodies: what they hold, what they may not hold, and that it does not matter in how many
 * pieces they arrive. */
#include "guard.h"
#include "unit.h"

#include "http/chunked.h"

#include <stdio.h>

struct outcome {
    enum http_chunked_result result;
    size_t consumed; /* up to the end of the body, or to what is wrong */
    char body[65536];
    size_t body_size;
};

/* Feeds the input in pieces of `step` bytes, each ending at a guard page. */
static void decode(const char *input, size_t size, size_t step, struct outcome *outcome) {
    struct http_chunked decoder;
    http_chunked_init(&decoder);
    outcome->result = HTTP_CHUNKED_MORE;
    outcome->body_size = 0;
    outcome->consumed = 0;
    while (outcome->consumed < size && outcome->result != HTTP_CHUNKED_END &&
           outcome->result != HTTP_CHUNKED_BAD) {
        size_t left = size - outcome->consumed;
        struct guard piece = guard_copy(input + outcome->consumed, left < step ? left : step);
        struct slice rest = {piece.data, piece.size};
        do {
            struct slice data;
            size_t consumed;
            outcome->result = http_chunked_decode(&decoder, rest, &consumed, &data);
            CU_ASSERT_EQUAL(outcome->result == HTTP_CHUNKED_DATA, data.size > 0);
            memcpy(outcome->body + outcome->body_size, data.size > 0 ? data.data : "", data.size);
            outcome->body_size += data.size;
            outcome->consumed += consumed;
            rest = slice_skip(rest, consumed);
        } while (outcome->result == HTTP_CHUNKED_DATA);
        guard_release(&piece);
    }
}

static void assert_outcome(const char *input, size_t size, enum http_chunked_result result,
                           const char *body) {
    static struct outcome whole;
    static struct outcome pieces;
    decode(input, size, size + 1, &whole);
    if (whole.result != result) {
        printf("result %d for: %s\n", (int)whole.result, input);
    }
    CU_ASSERT_EQUAL(whole.result, result);
    CU_ASSERT_TRUE(
        slice_equals((struct slice){whole.body, whole.body_size}, slice_from_string(body)));
    for (size_t step = 1; step < 12; step++) {
        decode(input, size, step, &pieces);
        CU_ASSERT_EQUAL(pieces.result, whole.result);
        CU_ASSERT_EQUAL(pieces.consumed, whole.consumed);
        CU_ASSERT_EQUAL(pieces.body_size, whole.body_size);
        CU_ASSERT_EQUAL(memcmp(pieces.body, whole.body, whole.body_size), 0);
    }
}

#define ASSERT_BODY(input, body) assert_outcome(input, sizeof(input) - 1, HTTP_CHUNKED_END, body)
#define ASSERT_BAD(input, body) assert_outcome(input, sizeof(input) - 1, HTTP_CHUNKED_BAD, body)
#define ASSERT_MORE(input, body) assert_outcome(input, sizeof(input) - 1, HTTP_CHUNKED_MORE, body)

static void decodes_bodies(void) {
    ASSERT_BODY("0\r\n\r\n", "");
    ASSERT_BODY("5\r\nhello\r\n0\r\n\r\n", "hello");
    ASSERT_BODY("5\r\nhello\r\n7\r\n, world\r\n000\r\n\r\n", "hello, world");
    ASSERT_BODY("a\r\n0123456789\r\nA\r\n0123456789\r\n0\r\n\r\n", "01234567890123456789");
    ASSERT_BODY("0000000000000001\r\n\n\r\n0000000000000000\r\n\r\n", "\n");
}

static void stops_where_the_body_ends(void) {
    static struct outcome outcome;
    const char input[] = "1\r\nx\r\n0\r\n\r\nGET /";
    decode(input, sizeof input - 1, sizeof input, &outcome);
    CU_ASSERT_EQUAL(outcome.result, HTTP_CHUNKED_END);
    CU_ASSERT_EQUAL(outcome.consumed, sizeof input - 1 - 5);
}

static void waits_for_more(void) {
    ASSERT_MORE("", "");
    ASSERT_MORE("5", "");
    ASSERT_MORE("5\r\n", "");
    ASSERT_MORE("5\r\nhel", "hel");
    ASSERT_MORE("5\r\nhello", "hello");
    ASSERT_MORE("5\r\nhello\r\n", "hello");
    ASSERT_MORE("0\r\n\r", "");
}

static void reads_extensions(void) {
    ASSERT_BODY("1;a\r\nx\r\n0;b=c\r\n\r\n", "x");
    ASSERT_BODY("1 \t; a = b ; c ;d=\"e;\\\"\\\t\x80\" ;f\r\nx\r\n0\r\n\r\n", "x");
    ASSERT_BODY("1;a=\"\"\r\nx\r\n0\r\n\r\n", "x");
}

static void reads_trailers(void) {
    ASSERT_BODY("0\r\nX: y\r\n\r\n", "");
    ASSERT_BODY("0\r\nX:\r\nY:\tz \x80\r\n\r\n", "");
}

/* The section as it was handed out, in pieces of `step` bytes. */
static void assert_trailer(const char *input, size_t step, enum http_chunked_result result,
                           const char *expected) {
    char text[256];
    size_t size = 0;
    struct http_chunked decoder;
    http_chunked_init(&decoder);
    decoder.gives_trailer = true;
    struct slice rest = slice_from_string(input);
    enum http_chunked_result last = HTTP_CHUNKED_MORE;
    while (rest.size > 0 && last != HTTP_CHUNKED_END && last != HTTP_CHUNKED_BAD) {
        struct slice piece = slice_take(rest, step < rest.size ? step : rest.size);
        struct slice data;
        size_t consumed;
        last = http_chunked_decode(&decoder, piece, &consumed, &data);
        if (last != HTTP_CHUNKED_DATA && data.size > 0) {
            memcpy(text + size, data.data, data.size);
            size += data.size;
        }
        CU_ASSERT_TRUE(last != HTTP_CHUNKED_TRAILER || data.size > 0);
        rest = slice_skip(rest, consumed);
    }
    CU_ASSERT_EQUAL(last, result);
    CU_ASSERT_TRUE(slice_equals((struct slice){text, size}, slice_from_string(expected)));
}

static void hands_out_trailers_that_are_wanted(void) {
    for (size_t step = 1; step < 40; step++) {
        assert_trailer("3\r\nabc\r\n0\r\nX: y\r\nZ:\r\n\r\nGET /", step, HTTP_CHUNKED_END,
                       "X: y\r\nZ:\r\n\r\n");
        assert_trailer("0;a=b\r\n\r\n", step, HTTP_CHUNKED_END, "\r\n");
        assert_trailer("0\r\nX: y\r\n", step, HTTP_CHUNKED_TRAILER, "X: y\r\n");
    }
    assert_trailer("0\r\nX: y\r\n Z: 1\r\n\r\n", 100, HTTP_CHUNKED_BAD, "X: y\r\n ");
}

static void refuses_bad_sizes(void) {
    ASSERT_BAD("\r\n", "");
    ASSERT_BAD("g\r\n", "");
    ASSERT_BAD("-1\r\n", "");
    ASSERT_BAD("+1\r\n", "");
    ASSERT_BAD(" 1\r\n", "");
    ASSERT_BAD("0x1\r\n", "");
    ASSERT_BAD("1_0\r\n", "");
    ASSERT_BAD("1 \r\nx\r\n", "");
    ASSERT_BAD("1\nx\r\n", "");
    ASSERT_BAD("1\rx\r\n", "");
    ASSERT_BAD("1\r\r\nx", "");
    ASSERT_BAD("00000000000000001\r\nx\r\n", "");
    ASSERT_BAD("10000000000000000\r\nx\r\n", "");
}

static void refuses_bad_chunk_ends(void) {
    ASSERT_BAD("1\r\nxy", "x");
    ASSERT_BAD("1\r\nx\n0\r\n\r\n", "x");
    ASSERT_BAD("1\r\nx\r0\r\n\r\n", "x");
    ASSERT_BAD("1\r\nx0\r\n\r\n", "x");
    ASSERT_BAD("1\r\nx\r\n\r\n0\r\n\r\n", "x");
}

static void refuses_bad_extensions(void) {
    ASSERT_BAD("1;\r\nx", "");
    ASSERT_BAD("1;;a\r\nx", "");
    ASSERT_BAD("1;a=\r\nx", "");
    ASSERT_BAD("1;a b\r\nx", "");
    ASSERT_BAD("1;a \r\nx", "");
    ASSERT_BAD("1;a=b c\r\nx", "");
    ASSERT_BAD("1;a=b=c\r\nx", "");
    ASSERT_BAD("1;a=\"b\r\nx", "");
    ASSERT_BAD("1;a=\"b\nc\"\r\nx", "");
    ASSERT_BAD("1;a=\"b\"c\r\nx", "");
    ASSERT_BAD("1;a=\"\\\x01\"\r\nx", "");
    ASSERT_BAD("1;a\nx\r\n", "");
    ASSERT_BAD("1;\x80\r\nx", "");
}

static void refuses_bad_trailers(void) {
    ASSERT_BAD("0\r\nX y: z\r\n\r\n", "");
    ASSERT_BAD("0\r\nX : z\r\n\r\n", "");
    ASSERT_BAD("0\r\n: z\r\n\r\n", "");
    ASSERT_BAD("0\r\nX\r\n\r\n", "");
    ASSERT_BAD("0\r\nX: z\r\n folded\r\n\r\n", "");
    ASSERT_BAD("0\r\nX: \x01\r\n\r\n", "");
    ASSERT_BAD("0\r\nX: y\n\r\n", "");
    ASSERT_BAD("0\r\nX: y\rz\r\n\r\n", "");
    ASSERT_BAD("0\r\n\n", "");
    ASSERT_BAD("0\n\r\n", "");
}

static void result_after_the_end_stays(void) {
    struct http_chunked decoder;
    struct slice data;
    size_t consumed = 99;
    http_chunked_init(&decoder);
    CU_ASSERT_EQUAL(http_chunked_decode(&decoder, SLICE("0\r\n\r\n"), &consumed, &data),
                    HTTP_CHUNKED_END);
    CU_ASSERT_EQUAL(http_chunked_decode(&decoder, SLICE("1\r\n"), &consumed, &data),
                    HTTP_CHUNKED_END);
    CU_ASSERT_EQUAL(consumed, 0);
}

/* Repeats `piece` after `begin` until `size` bytes of it are there, then adds `end`. */
static enum http_chunked_result decode_long(const char *begin, const char *piece, size_t size,
                                            const char *end) {
    static char input[32768];
    static struct outcome outcome;
    strcpy(input, begin);
    for (size_t added = 0; added < size; added += strlen(piece)) {
        strcat(input, piece);
    }
    strcat(input, end);
    decode(input, strlen(input), sizeof input, &outcome);
    return outcome.result;
}

static void bounds_what_is_not_body(void) {
    CU_ASSERT_EQUAL(decode_long("", "1;abcd\r\nx\r\n", 12 * 700, "0\r\n\r\n"), HTTP_CHUNKED_END);
    CU_ASSERT_EQUAL(decode_long("", "1;abcd\r\nx\r\n", 12 * 900, "0\r\n\r\n"), HTTP_CHUNKED_BAD);
    CU_ASSERT_EQUAL(decode_long("1;", "a", 4000, "\r\nx\r\n0\r\n\r\n"), HTTP_CHUNKED_END);
    CU_ASSERT_EQUAL(decode_long("1;", "a", 4200, "\r\nx\r\n0\r\n\r\n"), HTTP_CHUNKED_BAD);
    CU_ASSERT_EQUAL(decode_long("1;a", " ", 5000, ";b\r\nx\r\n0\r\n\r\n"), HTTP_CHUNKED_BAD);
    CU_ASSERT_EQUAL(decode_long("0\r\n", "X: y\r\n", 6 * 1300, "\r\n"), HTTP_CHUNKED_END);
    CU_ASSERT_EQUAL(decode_long("0\r\n", "X: y\r\n", 6 * 1700, "\r\n"), HTTP_CHUNKED_BAD);
    CU_ASSERT_EQUAL(decode_long("0\r\nX:", " ", 8200, "\r\n\r\n"), HTTP_CHUNKED_BAD);
    CU_ASSERT_EQUAL(decode_long("", "1\r\nx\r\n", 6 * 3000, "0\r\n\r\n"), HTTP_CHUNKED_END);
}

/* Extensions leave the trailers' allowance alone. */
static void trailers_have_a_limit_of_their_own(void) {
    static char input[16384];
    static struct outcome outcome;
    int size = snprintf(input, sizeof input, "0;%04000d\r\nX: %08000d\r\n\r\n", 0, 0);
    decode(input, (size_t)size, sizeof input, &outcome);
    CU_ASSERT_EQUAL(outcome.result, HTTP_CHUNKED_END);
}

static void the_largest_size_does_not_wrap(void) {
    struct http_chunked decoder;
    struct slice data;
    size_t consumed;
    http_chunked_init(&decoder);
    struct slice input = SLICE("ffffffffffffffff\r\nabc");
    CU_ASSERT_EQUAL(http_chunked_decode(&decoder, input, &consumed, &data), HTTP_CHUNKED_DATA);
    CU_ASSERT_EQUAL(data.size, 3);
    CU_ASSERT_EQUAL(decoder.remaining, UINT64_MAX - 3);
}

static void writes_chunk_headers(void) {
    const uint64_t sizes[] = {0, 1, 9, 10, 15, 16, 255, 4096, 65535, UINT32_MAX, UINT64_MAX};
    for (size_t i = 0; i < sizeof sizes / sizeof sizes[0]; i++) {
        char expected[32];
        char header[HTTP_CHUNK_HEADER_SIZE];
        int size = snprintf(expected, sizeof expected, "%llx\r\n", (unsigned long long)sizes[i]);
        CU_ASSERT_EQUAL_FATAL(http_chunk_header(header, sizes[i]), (size_t)size);
        CU_ASSERT_EQUAL(memcmp(header, expected, (size_t)size), 0);
    }
}

UNIT_TESTS("http/chunked", {"decodes bodies", decodes_bodies},
           {"stops where the body ends", stops_where_the_body_ends},
           {"waits for more", waits_for_more}, {"reads extensions", reads_extensions},
           {"reads trailers", reads_trailers},
           {"hands out trailers that are wanted", hands_out_trailers_that_are_wanted},
           {"refuses bad sizes", refuses_bad_sizes},
           {"refuses bad chunk ends", refuses_bad_chunk_ends},
           {"refuses bad extensions", refuses_bad_extensions},
           {"refuses bad trailers", refuses_bad_trailers},
           {"result after the end stays", result_after_the_end_stays},
           {"bounds what is not body", bounds_what_is_not_body},
           {"trailers have a limit of their own", trailers_have_a_limit_of_their_own},
           {"the largest size does not wrap", the_largest_size_does_not_wrap},
           {"writes chunk headers", writes_chunk_headers})
