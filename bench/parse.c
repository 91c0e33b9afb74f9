/* Micro-benchmark of what every request passes through before it is routed: finding the end of the
 * head, parsing it, decoding a chunked body. bench/README.md says how to build it. */
#include "http/chunked.h"
#include "http/head.h"

#include <inttypes.h>
#include <stdio.h>
#include <string.h>
#include <time.h>

enum { CAPACITY = 64, ROUNDS = 1000000 };

static const char small_request[] = "GET / HTTP/1.1\r\nHost: 127.0.0.1:8080\r\n\r\n";

static const char browser_request[] =
    "GET /assets/app/main.4f3c2d1e.js?version=20260131 HTTP/1.1\r\n"
    "Host: www.example.com\r\n"
    "Connection: keep-alive\r\n"
    "User-Agent: Mozilla/5.0 (X11; Linux x86_64) AppleWebKit/537.36 (KHTML, like Gecko) "
    "Chrome/126.0.0.0 Safari/537.36\r\n"
    "Accept: text/html,application/xhtml+xml,application/xml;q=0.9,image/webp,*/*;q=0.8\r\n"
    "Accept-Encoding: gzip, deflate, br\r\n"
    "Accept-Language: en-GB,en;q=0.9\r\n"
    "Cookie: session=0123456789abcdef0123456789abcdef; theme=dark; consent=yes\r\n"
    "Referer: https://www.example.com/index.html\r\n"
    "Sec-Fetch-Mode: no-cors\r\n\r\n";

static const char small_response[] =
    "HTTP/1.1 200 OK\r\nServer: backend\r\nDate: Sun, 06 Nov 1994 08:49:37 GMT\r\n"
    "Content-Type: text/plain\r\nContent-Length: 12\r\nConnection: keep-alive\r\n\r\n";

static const char chunks[] = "1000\r\n";

static struct engine_header items[CAPACITY];
static uint8_t ids[CAPACITY];
static volatile uint64_t sink; /* keeps the work from being optimised away */

static uint64_t find_end(const char *text, size_t size) {
    size_t scanned = 0;
    return http_head_find_end(text, size, &scanned);
}

static uint64_t parse_request(const char *text, size_t size) {
    const struct http_header_rules rules = {false, true};
    struct http_request_head head = {.fields = {items, ids, 0, CAPACITY}};
    return (uint64_t)http_parse_request(text, size, &rules, &head) + head.fields.count;
}

static uint64_t parse_response(const char *text, size_t size) {
    struct http_response_head head = {.fields = {items, ids, 0, CAPACITY}};
    return (uint64_t)http_parse_response(text, size, false, &head) + head.fields.count;
}

static uint64_t decode_chunk_header(const char *text, size_t size) {
    struct http_chunked decoder;
    struct slice data;
    size_t consumed;
    http_chunked_init(&decoder);
    return (uint64_t)http_chunked_decode(&decoder, (struct slice){text, size}, &consumed, &data);
}

static double read_clock(void) {
    struct timespec now;
    clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &now);
    return (double)now.tv_sec * 1e9 + (double)now.tv_nsec;
}

static double measure(uint64_t (*work)(const char *, size_t), const char *text, size_t size) {
    double begin = read_clock();
    for (unsigned round = 0; round < ROUNDS; round++) {
        sink += work(text, size);
    }
    return (read_clock() - begin) / ROUNDS;
}

static const struct {
    const char *name;
    uint64_t (*work)(const char *text, size_t size);
    const char *text;
    size_t size;
} rows[] = {
    {"find end, small request", find_end, small_request, sizeof small_request - 1},
    {"find end, browser request", find_end, browser_request, sizeof browser_request - 1},
    {"parse, small request", parse_request, small_request, sizeof small_request - 1},
    {"parse, browser request", parse_request, browser_request, sizeof browser_request - 1},
    {"find end, small response", find_end, small_response, sizeof small_response - 1},
    {"parse, small response", parse_response, small_response, sizeof small_response - 1},
    {"chunk header", decode_chunk_header, chunks, sizeof chunks - 1},
};

/* The best of several runs: what disturbs a measurement only ever adds to it. */
int main(void) {
    printf("%-28s %8s %12s %8s\n", "", "bytes", "nanoseconds", "GB/s");
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        double best = measure(rows[i].work, rows[i].text, rows[i].size);
        for (unsigned run = 0; run < 4; run++) {
            double time = measure(rows[i].work, rows[i].text, rows[i].size);
            best = time < best ? time : best;
        }
        printf("%-28s %8zu %12.1f %8.2f\n", rows[i].name, rows[i].size, best,
               (double)rows[i].size / best);
    }
    return 0;
}
