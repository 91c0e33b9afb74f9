/* Attempts: one peer is tried, and another when that fails. What a failure means is in retry.c. */
#include "proxy/internal.h"

#include <errno.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

enum { STALE_LIMIT = 2 };

static void back_ready(struct back *back, uint32_t events);
static void back_timed_out(struct back *back);

void proxy_log(struct proxy *proxy, enum table_log_level level, const char *format, ...) {
    char message[512];
    char upstream[512];
    va_list arguments;
    va_start(arguments, format);
    vsnprintf(message, sizeof message, format, arguments);
    va_end(arguments);
    struct slice name = proxy->attempt_count > 0 ? proxy_current_attempt(proxy)->name : proxy->host;
    struct slice scheme = engine_upstream_scheme(proxy->record, proxy->security.context != NULL);
    int size = snprintf(upstream, sizeof upstream, "%.*s%.*s%.*s", SLICE_ARGS(scheme),
                        SLICE_ARGS(name), SLICE_ARGS(proxy->uri));
    struct slice shown = {upstream,
                          (size_t)size < sizeof upstream ? (size_t)size : sizeof upstream - 1};
    exchange_log(proxy->exchange, level, shown, "%s", message);
}

/* Room for one more attempt, and for one more peer that is not to be asked again. */
static bool reserve_attempt(struct proxy *proxy) {
    if (proxy->attempt_count < proxy->attempt_capacity) {
        return true;
    }
    struct arena *arena = &proxy->exchange->arena;
    uint32_t capacity = proxy->attempt_capacity == 0 ? 2 : proxy->attempt_capacity * 2;
    struct proxy_attempt *attempts = arena_allocate(arena, capacity * sizeof *attempts);
    struct balance_peer **tried = arena_allocate(arena, capacity * sizeof(struct balance_peer *));
    if (attempts == NULL || tried == NULL) {
        return false;
    }
    if (proxy->attempt_count > 0) {
        memcpy(attempts, proxy->attempts, proxy->attempt_count * sizeof *attempts);
    }
    proxy->attempts = attempts;
    proxy->tried = tried;
    proxy->attempt_capacity = capacity;
    return true;
}

static bool add_attempt(struct proxy *proxy, struct balance_peer *peer) {
    if (!reserve_attempt(proxy)) {
        proxy_log(proxy, TABLE_LOG_ALERT, "no memory for asking upstream");
        return false;
    }
    proxy->attempts[proxy->attempt_count++] = (struct proxy_attempt){
        .peer = peer == NULL ? NULL : balance_peer_hold(peer),
        .is_under_way = peer != NULL,
        .name = peer != NULL ? peer->name
                : proxy->group != NULL
                    ? table_text(&proxy->group->generation->table, proxy->group->record->name)
                    : proxy->host,
        .started = proxy->exchange->service->loop->now,
        .connect_time = PROXY_NEVER,
        .header_time = PROXY_NEVER,
        .response_time = PROXY_NEVER,
    };
    return true;
}

/* The next peer, counted as busy with this request. */
static struct balance_peer *pick(struct proxy *proxy) {
    struct balance_request request = proxy->balancing;
    request.now = proxy->exchange->service->loop->now;
    request.random = &proxy->state->random;
    request.client = proxy->exchange->request.binary_remote_addr;
    request.tried = proxy->tried;
    request.tried_count = 0;
    for (uint32_t i = 0; i < proxy->attempt_count; i++) {
        if (!proxy->attempts[i].was_stale) {
            proxy->tried[request.tried_count++] = proxy->attempts[i].peer;
        }
    }
    if (request.tried_count >= balance_group_tries(proxy->balance)) {
        return NULL;
    }
    struct balance_peer *peer = balance_group_pick(proxy->balance, &request);
    proxy->balancing = request;
    return peer;
}

void proxy_give_back(struct proxy *proxy, enum balance_outcome outcome) {
    struct proxy_attempt *attempt = proxy->attempt_count > 0 ? proxy_current_attempt(proxy) : NULL;
    if (attempt == NULL || !attempt->is_under_way) {
        return;
    }
    attempt->is_under_way = false;
    if (balance_group_give_back(proxy->balance, attempt->peer, outcome,
                                proxy->exchange->service->loop->now)) {
        proxy_log(proxy, TABLE_LOG_WARN, "upstream server temporarily disabled");
    }
}

/* The connection of this attempt: an idle one or a new one. */
static bool connect_back(struct proxy *proxy, struct balance_peer *peer,
                         struct socket_failure *failure) {
    struct back_way way = {.security = proxy->security, .protocol = proxy->protocol};
    if (!proxy_choose_way(&proxy->exchange->request, &way)) {
        *failure = (struct socket_failure){.call = "connect()", .error = ENOMEM};
        return false;
    }
    struct http_service *service = proxy->exchange->service;
    uint64_t tag = proxy->exchange->request.location->identity;
    /* Where kept connections turn out to be closed, the others of their pool likely are, too. */
    bool trusts_pool = proxy->group != NULL && proxy->stale_count < STALE_LIMIT;
    struct back *back = trusts_pool ? back_pool_take(proxy->group->pool, peer, tag, &way) : NULL;
    if (back == NULL) {
        back = back_connect(service, peer, tag, &way, failure);
    }
    if (back == NULL) {
        return false;
    }
    back->user = proxy;
    back->on_ready = back_ready;
    back->on_timeout = back_timed_out;
    back->requests++;
    proxy->back = back;
    if (!back->is_connecting) {
        proxy_current_attempt(proxy)->connect_time = 0;
    }
    return true;
}

/* False without memory for the request's head. */
static bool prepare_attempt(struct proxy *proxy) {
    proxy->request_written = 0;
    proxy->spool_written = 0;
    proxy->framing = (struct proxy_framing){0};
    proxy->body_refused = false;
    proxy->is_unseen = false;
    proxy->body_sent = proxy->body == PROXY_BODY_NONE || proxy->keeps_body;
    proxy->scanned = 0;
    if (proxy->response != NULL) {
        proxy->response->begin = proxy->response->end = 0;
    }
    return proxy->protocol->prepare(proxy);
}

static void give_up(struct proxy *proxy, uint32_t status) {
    proxy->step = PROXY_DONE;
    exchange_fail(proxy->exchange, status);
}

/* As in nginx, the group stands for the peer that there is none of. */
static void nobody_left(struct proxy *proxy) {
    if (!add_attempt(proxy, NULL)) {
        give_up(proxy, 500);
        return;
    }
    proxy_current_attempt(proxy)->status = 502;
    proxy_current_attempt(proxy)->response_time = 0;
    proxy_log(proxy, TABLE_LOG_ERROR, "no live upstreams while connecting to upstream");
    give_up(proxy, 502);
}

static void watch_attempt(struct proxy *proxy) {
    struct loop *loop = proxy->exchange->service->loop;
    const struct table_settings *settings = proxy->exchange->request.settings;
    proxy->step = proxy->back->is_connecting ? PROXY_CONNECTING : PROXY_SENDING;
    timer_start(&loop->timers, &proxy->back->timer,
                loop->now + (proxy->back->is_connecting ? settings->proxy_connect_timeout
                                                        : settings->proxy_read_timeout));
}

/* Without descriptors, memory or ports it is not for the peer's sake that there is no connection.
 */
static bool is_own_shortage(int error) {
    return error == EMFILE || error == ENFILE || error == ENOMEM || error == ENOBUFS ||
           error == EUSERS || error == EADDRNOTAVAIL;
}

/* What to answer when the reason has nothing to do with the peer; 0: it has. */
static uint32_t own_status(const struct socket_failure *failure) {
    if (failure->is_of_origin) {
        return 500;
    }
    return is_own_shortage(failure->error) ? 503 : 0;
}

/* There is no connection, not even one that is being made. Returns whether another peer may be
 * tried; if not, the exchange has its answer. */
static bool go_on_unconnected(struct proxy *proxy, const struct socket_failure *failure) {
    struct proxy_attempt *attempt = proxy_current_attempt(proxy);
    uint32_t status = own_status(failure);
    proxy_log(proxy, status != 0 ? TABLE_LOG_ALERT : TABLE_LOG_ERROR,
              "%s failed (%d: %s) while connecting to upstream", failure->call, failure->error,
              failure->error == EUSERS ? "worker_connections are not enough"
                                       : strerror(failure->error));
    attempt->status = status != 0 ? status : proxy_failure_status(PROXY_FAILED);
    attempt->response_time = 0;
    proxy_give_back(proxy, status != 0 ? BALANCE_UNTOLD : BALANCE_FAILED);
    if (status != 0 || !proxy_may_try_next(proxy, PROXY_FAILED)) {
        give_up(proxy, attempt->status);
        return false;
    }
    return true;
}

void proxy_start_attempt(struct proxy *proxy) {
    for (;;) {
        struct balance_peer *peer = pick(proxy);
        if (peer == NULL) {
            nobody_left(proxy);
            return;
        }
        if (!add_attempt(proxy, peer)) {
            (void)balance_group_give_back(proxy->balance, peer, BALANCE_UNTOLD,
                                          proxy->exchange->service->loop->now);
            give_up(proxy, 500);
            return;
        }
        if (!proxy_bind_client(proxy, peer) || !prepare_attempt(proxy)) {
            give_up(proxy, 500);
            return;
        }
        struct socket_failure failure;
        if (connect_back(proxy, peer, &failure)) {
            break;
        }
        if (!go_on_unconnected(proxy, &failure)) {
            return;
        }
    }
    watch_attempt(proxy);
    if (!proxy->back->is_connecting) {
        proxy_send_request(proxy);
    }
}

void proxy_drop_back(struct proxy *proxy) {
    struct back *back = proxy->back;
    proxy->back = NULL;
    if (back != NULL) {
        back->user = NULL;
        back_close(back);
    }
}

void proxy_watch_tunnel(struct proxy *proxy) {
    struct loop *loop = proxy->exchange->service->loop;
    uint64_t deadline = loop->now + proxy->exchange->request.settings->proxy_read_timeout;
    if (proxy->blocked_until != 0 && proxy->blocked_until < deadline) {
        deadline = proxy->blocked_until;
    }
    timer_start(&loop->timers, &proxy->back->timer, deadline);
}

static void close_attempt(struct proxy *proxy) {
    struct proxy_attempt *attempt = proxy_current_attempt(proxy);
    attempt->response_time = proxy->exchange->service->loop->now - attempt->started;
}

/* The connection was an idle one that the peer had closed in the meantime, or was closing. That
 * says nothing about the peer: the same one is asked again. */
static bool is_stale(struct proxy *proxy, enum proxy_failure failure) {
    return failure == PROXY_FAILED && proxy->back != NULL && proxy->back->is_reused &&
           (proxy_current_attempt(proxy)->bytes_received == 0 || proxy->is_unseen);
}

void proxy_fail_attempt(struct proxy *proxy, enum proxy_failure failure) {
    struct proxy_attempt *attempt = proxy_current_attempt(proxy);
    uint32_t status = proxy_failure_status(failure);
    close_attempt(proxy);
    attempt->status = status;
    attempt->was_stale = is_stale(proxy, failure);
    proxy->stale_count += attempt->was_stale ? 1 : 0;
    proxy_drop_back(proxy);
    proxy_give_back(proxy, attempt->was_stale ? BALANCE_UNTOLD : proxy_failure_outcome(failure));
    if (proxy_may_try_next(proxy, failure)) {
        proxy_start_attempt(proxy);
    } else {
        give_up(proxy, status);
    }
}

void proxy_break_attempt(struct proxy *proxy) {
    close_attempt(proxy);
    proxy_drop_back(proxy);
    proxy_give_back(proxy, BALANCE_SUCCEEDED);
    give_up(proxy, 502);
}

bool proxy_retry_status(struct proxy *proxy, uint32_t status) {
    enum proxy_failure failure = proxy_failure_of_status(status);
    if (failure == PROXY_FAILURE_COUNT || !proxy_may_try_next(proxy, failure)) {
        return false;
    }
    proxy_fail_attempt(proxy, failure);
    return true;
}

void proxy_leave_back(struct proxy *proxy) {
    struct back *back = proxy->back;
    if (back == NULL || back->is_connecting || proxy->group == NULL ||
        !proxy->protocol->let_go(proxy)) {
        proxy_drop_back(proxy);
        return;
    }
    proxy->back = NULL;
    back_keep(back, proxy->group->pool);
}

void proxy_finish_attempt(struct proxy *proxy) {
    close_attempt(proxy);
    proxy_give_back(proxy, BALANCE_SUCCEEDED);
    proxy->step = PROXY_DONE;
    proxy_leave_back(proxy);
}

/* --- events --- */

static void connected(struct proxy *proxy) {
    struct proxy_attempt *attempt = proxy_current_attempt(proxy);
    struct loop *loop = proxy->exchange->service->loop;
    proxy->step = PROXY_SENDING;
    attempt->connect_time = loop->now - attempt->started;
    timer_start(&loop->timers, &proxy->back->timer,
                loop->now + proxy->exchange->request.settings->proxy_read_timeout);
}

/* Returns whether the connection can be used now. */
static bool proceed(struct proxy *proxy, uint32_t events) {
    struct failure reason;
    if (!back_proceed(proxy->back, events, &reason)) {
        proxy_log(proxy, TABLE_LOG_ERROR, "%s", reason.text);
        proxy_fail_attempt(proxy, PROXY_FAILED);
        return false;
    }
    if (proxy->back->is_connecting) {
        return false;
    }
    connected(proxy);
    return true;
}

static void back_ready(struct back *back, uint32_t events) {
    struct proxy *proxy = back->user;
    if (proxy->step == PROXY_CONNECTING) {
        if (!proceed(proxy, events)) {
            return;
        }
        events |= back->handle.ready; /* a handshake may leave more than it reports */
    }
    if ((events & LOOP_WRITE) != 0 && proxy->back == back) {
        proxy_send_request(proxy);
    }
    if ((events & (LOOP_READ | LOOP_HANGUP)) != 0 && proxy->back == back) {
        if (proxy->has_head) {
            proxy_relay(proxy);
        } else {
            proxy_read_head(proxy);
        }
    }
}

static const char *doing(const struct proxy *proxy) {
    if (proxy->exchange->is_upgraded) {
        return "proxying upgraded connection";
    }
    switch (proxy->step) {
    case PROXY_CONNECTING:
        return back_connecting_to(proxy->back);
    case PROXY_SENDING:
        return proxy->body_sent ? "reading response header from upstream"
                                : "sending request to upstream";
    default:
        return "reading upstream";
    }
}

static void back_timed_out(struct back *back) {
    struct proxy *proxy = back->user;
    proxy_log(proxy, TABLE_LOG_ERROR, "upstream timed out (%d: %s) while %s", ETIMEDOUT,
              strerror(ETIMEDOUT), doing(proxy));
    if (proxy->has_head) {
        proxy_break_attempt(proxy);
    } else {
        proxy_fail_attempt(proxy, PROXY_TIMED_OUT);
    }
}
