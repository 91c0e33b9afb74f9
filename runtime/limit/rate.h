/* The arithmetic of limit_req, as nginx has it (ngx_http_limit_req_lookup, _account): a bucket that
 * leaks. Requests are counted in thousandths, so is the rate by the second; times are milliseconds
 * of one clock, which the processes read at different moments. */
#ifndef LIMIT_RATE_H
#define LIMIT_RATE_H

#include <stdint.h>

enum { LIMIT_ONE = 1000 }; /* a request */

/* How long ago `last` was. Of a time to come it is none; of one so far ahead that the clock must
 * have been set, a little. */
static inline uint64_t limit_rate_elapsed(uint64_t now, uint64_t last) {
    enum { FAR_AHEAD_MS = 60000 };
    if (last <= now) {
        return now - last;
    }
    return last - now > FAR_AHEAD_MS ? 1 : 0;
}

/* What has leaked out since then. */
static inline uint64_t limit_rate_leaked(uint64_t rate, uint64_t elapsed) {
    uint64_t leaked;
    return __builtin_mul_overflow(rate, elapsed, &leaked) ? UINT64_MAX : leaked / 1000;
}

/* What is in the bucket with one more request. */
static inline uint64_t limit_rate_add(uint64_t excess, uint64_t rate, uint64_t elapsed) {
    uint64_t leaked = limit_rate_leaked(rate, elapsed);
    uint64_t filled = excess > UINT64_MAX - LIMIT_ONE ? UINT64_MAX : excess + LIMIT_ONE;
    return filled > leaked ? filled - leaked : 0;
}

/* How long a request waits: until no more than `delay` is in the bucket. */
static inline uint64_t limit_rate_wait(uint64_t excess, uint64_t delay, uint64_t rate) {
    if (excess <= delay) {
        return 0;
    }
    uint64_t over = excess - delay;
    return over > UINT64_MAX / 1000 ? UINT64_MAX / rate : over * 1000 / rate;
}

#endif
