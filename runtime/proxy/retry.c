/* What failures mean: whether they speak against the peer, whether another one is asked
 * (proxy_next_upstream and its limits), what the client gets when none is. One row per failure;
 * attempts themselves are in attempt.c. */
#include "proxy/internal.h"

struct condition {
    uint32_t word;   /* of proxy_next_upstream; 0: never another peer */
    uint32_t status; /* for the client and $upstream_status */
    enum balance_outcome outcome;
    bool is_of_answer; /* a whole response's head came: unless another is asked it is passed on */
};

static const struct condition conditions[PROXY_FAILURE_COUNT] = {
    [PROXY_FAILED] = {TABLE_NEXT_ERROR, 502, BALANCE_FAILED, false},
    [PROXY_TIMED_OUT] = {TABLE_NEXT_TIMEOUT, 504, BALANCE_FAILED, false},
    [PROXY_BAD_HEAD] = {TABLE_NEXT_INVALID_HEADER, 502, BALANCE_FAILED, false},
    [PROXY_ANSWERED_500] = {TABLE_NEXT_HTTP_500, 500, BALANCE_FAILED, true},
    [PROXY_ANSWERED_502] = {TABLE_NEXT_HTTP_502, 502, BALANCE_FAILED, true},
    [PROXY_ANSWERED_503] = {TABLE_NEXT_HTTP_503, 503, BALANCE_FAILED, true},
    [PROXY_ANSWERED_504] = {TABLE_NEXT_HTTP_504, 504, BALANCE_FAILED, true},
    [PROXY_ANSWERED_403] = {TABLE_NEXT_HTTP_403, 403, BALANCE_SUCCEEDED, true},
    [PROXY_ANSWERED_404] = {TABLE_NEXT_HTTP_404, 404, BALANCE_SUCCEEDED, true},
    [PROXY_ANSWERED_429] = {TABLE_NEXT_HTTP_429, 429, BALANCE_FAILED, true},
};

uint32_t proxy_failure_status(enum proxy_failure failure) {
    return conditions[failure].status;
}

enum balance_outcome proxy_failure_outcome(enum proxy_failure failure) {
    return conditions[failure].outcome;
}

enum proxy_failure proxy_failure_of_status(uint32_t status) {
    unsigned failure = 0;
    while (failure < PROXY_FAILURE_COUNT &&
           !(conditions[failure].is_of_answer && conditions[failure].status == status)) {
        failure++;
    }
    return (enum proxy_failure)failure;
}

/* Methods whose repetition may do harm (RFC 9110 9.2.2; nginx's list). */
static bool is_unsafe_to_repeat(struct slice method) {
    return slice_equals(method, SLICE("POST")) || slice_equals(method, SLICE("PATCH")) ||
           slice_equals(method, SLICE("LOCK"));
}

/* Attempts on kept connections that were closed already have asked nobody. */
static bool has_tries_left(const struct proxy *proxy) {
    uint32_t limit = proxy->exchange->request.settings->proxy_next_upstream_tries;
    uint32_t usable = balance_group_tries(proxy->balance);
    uint32_t made = proxy->attempt_count - proxy->stale_count;
    return made < usable && (limit == 0 || made < limit);
}

static bool has_time_left(const struct proxy *proxy) {
    uint64_t limit = proxy->exchange->request.settings->proxy_next_upstream_timeout;
    uint64_t begun = proxy->attempts[0].started;
    return limit == 0 || proxy->exchange->service->loop->now - begun < limit;
}

bool proxy_may_try_next(const struct proxy *proxy, enum proxy_failure failure) {
    const struct table_settings *settings = proxy->exchange->request.settings;
    uint32_t wanted = conditions[failure].word;
    if (proxy->has_head || proxy->stream_taken > 0) {
        return false; /* the client has some of an answer, or nobody has all of the body any more */
    }
    if (proxy->request_written > 0 && !proxy->is_unseen &&
        is_unsafe_to_repeat(proxy->exchange->request.method)) {
        wanted |= TABLE_NEXT_NON_IDEMPOTENT;
    }
    return (settings->proxy_next_upstream & wanted) == wanted && has_tries_left(proxy) &&
           has_time_left(proxy);
}
