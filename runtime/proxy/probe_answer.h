/* The answer to a request of our own (a probe, a question about a certificate), fed with bytes as
 * they arrive: its head, and as much of its body as is looked at. No I/O. */
#ifndef PROXY_PROBE_ANSWER_H
#define PROXY_PROBE_ANSWER_H

#include "http/chunked.h"
#include "http/head.h"

enum { PROBE_FIELDS_LIMIT = 200 };

/* Zeroed at first, except for `body_limit`. */
struct probe_answer {
    size_t body_limit; /* as much of the body is wanted */
    char *bytes;       /* the head as received, behind it the body, decoded; owned */
    size_t size;
    size_t capacity;
    size_t scanned;
    bool has_head;
    bool is_whole;      /* the connection is at the end of this answer */
    const char *reason; /* PROBE_BROKEN: what is wrong with it */
    size_t body_begin;
    size_t body_size; /* as much as is kept */
    uint64_t remaining;
    struct http_chunked chunked;
    struct http_response_head head;
    struct engine_header fields[PROBE_FIELDS_LIMIT];
    uint8_t field_ids[PROBE_FIELDS_LIMIT];
};

enum probe_progress { PROBE_MORE, PROBE_DONE, PROBE_BROKEN };

/* Where the next bytes go, and how many there may be. NULL without memory. */
char *probe_answer_room(struct probe_answer *answer, size_t *size);

/* `count` bytes are there. Without `wants_body` the head is enough. */
enum probe_progress probe_answer_take(struct probe_answer *answer, size_t count, bool wants_body);

/* The connection has ended. */
enum probe_progress probe_answer_end(struct probe_answer *answer);

struct slice probe_answer_body(const struct probe_answer *answer);

void probe_answer_release(struct probe_answer *answer);

#endif
