/* Counting requests: limit_req. What is let through is what nginx lets through, down to the
 * thousandth of a request (ngx_http_limit_req_module.c). */
#ifndef LIMIT_REQUESTS_H
#define LIMIT_REQUESTS_H

#include "base/slice.h"
#include "net/shared_memory.h"

#include <stdint.h>

/* One limit that a request has to pass. */
struct limit_request {
    struct shared_area *area;
    uint64_t key[2]; /* see limit_requests_set_key */
    uint64_t rate;   /* thousandths of a request in a second */
    uint64_t burst;  /* thousandths of requests that may be too early; */
    uint64_t delay;  /* so many of them need not wait */
    bool is_empty;   /* the key is: nothing is counted */
    bool is_pending; /* passed, and not counted yet */
    bool is_lost;    /* its zone is locked, and nobody waits for it from now on */
};

/* The key that is counted. An empty one is not; nor is anything then. */
void limit_requests_set_key(struct limit_request *limit, struct slice key);

/* What limits say together of a request. */
struct limit_answer {
    bool is_counted; /* by any of them */
    bool is_rejected;
    uint32_t decisive; /* the limit that rejects it, or that makes it wait longest */
    uint64_t excess;   /* what is in that one's bucket */
    uint64_t wait;     /* milliseconds */
};

/* Asks the limits about a request at `now`, a loop time; `owner` is this process's number
 * (net/zone_lock.h). All are asked, in order, before any of them counts the request, so that one
 * which rejects it leaves the others as they were. One whose zone is locked, by a process that has
 * stopped, lets it pass. */
struct limit_answer limit_requests_ask(struct limit_request *limits, uint32_t count, uint64_t now,
                                       uint32_t owner);

#endif
