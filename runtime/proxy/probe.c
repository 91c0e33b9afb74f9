/* A probe holds its generation, so that a reload does not take the table away from under it. */
#include "proxy/probe.h"

#include "base/container.h"
#include "engine/health.h"
#include "proxy/internal.h"
#include "proxy/probe_answer.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { ARENA_CHUNK = 2048 };

struct probe {
    struct probe *next; /* of the worker's */
    struct probe **link;
    struct proxy_group *group;
    struct generation *generation; /* held */
    struct balance_peer *peer;     /* whose health it is about; held */
    struct balance_peer *target;   /* who is asked: the same, or at another port; held */
    struct back *back;
    struct arena arena; /* of the request */
    struct probe_request request;
    size_t written;
    struct probe_answer answer;
};

static void begin(struct probe *probe, bool may_reuse);
static void ready(struct back *back, uint32_t events);
static void timed_out(struct back *back);

static struct loop *loop_of(const struct probe *probe) {
    return probe->group->state->service->loop;
}

static const struct table_health_check *check_of(const struct probe *probe) {
    return probe->group->health.check;
}

static const struct table_settings *settings_of(const struct probe *probe) {
    return &probe->generation->table.settings[probe->group->health.location->settings];
}

/* --- the end --- */

static void release(struct probe *probe) {
    *probe->link = probe->next;
    if (probe->next != NULL) {
        probe->next->link = probe->link;
    }
    if (probe->back != NULL) {
        back_close(probe->back);
    }
    if (probe->target != NULL) {
        balance_peer_release(probe->target);
    }
    balance_peer_release(probe->peer);
    arena_release(&probe->arena);
    probe_answer_release(&probe->answer);
    generation_release(probe->generation);
    free(probe);
}

/* Through no fault of the peer's; others may have more luck, and this worker next time. */
static void abandon(struct probe *probe) {
    balance_health_abandon(probe->peer, loop_of(probe)->now + check_of(probe)->interval);
    release(probe);
}

static void fail(struct probe *probe, const char *doing, const char *reason) {
    proxy_health_tell(probe->group, probe->peer, false, doing, reason);
    release(probe);
}

/* The connection may serve the next check. */
static void keep_back(struct probe *probe) {
    const struct http_response_head *head = &probe->answer.head;
    struct back_pool *pool = probe->group->health.pool;
    bool is_persistent = head->minor >= 1 ? !head->connection_close : head->connection_keep_alive;
    if (pool != NULL && probe->answer.is_whole && is_persistent) {
        struct back *back = probe->back;
        probe->back = NULL;
        back_keep(back, pool);
    }
}

static void judge(struct probe *probe) {
    static const char *const doing[] = {
        [ENGINE_HEALTH_STATUS] = "checking status code",
        [ENGINE_HEALTH_HEADER] = "checking header",
        [ENGINE_HEALTH_BODY] = "checking body",
    };
    const struct engine_health_answer answer = {
        .status = probe->answer.head.status,
        .headers = probe->answer.head.fields.items,
        .header_count = probe->answer.head.fields.count,
        .body = probe_answer_body(&probe->answer),
    };
    struct engine *engine = probe->generation->engine;
    enum engine_health_part part;
    bool is_right = engine_health_accepts_head(engine, check_of(probe), &answer, &part) &&
                    engine_health_accepts_body(engine, check_of(probe), &answer, &part);
    keep_back(probe);
    proxy_health_tell(probe->group, probe->peer, is_right, doing[part], "");
    release(probe);
}

static const char *doing_now(const struct probe *probe) {
    if (probe->back->is_connecting) {
        return back_connecting_to(probe->back);
    }
    if (probe->written < probe->request.text.size) {
        return "sending request to upstream";
    }
    return probe->answer.has_head ? "reading response body from upstream"
                                  : "reading response header from upstream";
}

/* --- the connection --- */

/* At another port, if the check says so; else the peer itself. */
static struct balance_peer *find_target(const struct probe *probe) {
    static const struct balance_identity nothing;
    struct balance_peer *peer = probe->peer;
    union socket_address address;
    if (check_of(probe)->port == 0 || peer->address.ss_family == AF_UNIX) {
        return balance_peer_hold(peer);
    }
    memcpy(&address, &peer->address, peer->address_size);
    uint16_t port = htons((uint16_t)check_of(probe)->port);
    if (address.any.sa_family == AF_INET6) {
        address.ipv6.sin6_port = port;
    } else {
        address.ipv4.sin_port = port;
    }
    return balance_peer_create(NULL, &nothing, &address.any, peer->address_size, peer->name,
                               &peer->settings);
}

static void wait_for(struct probe *probe, uint64_t timeout) {
    struct loop *loop = loop_of(probe);
    timer_start(&loop->timers, &probe->back->timer, loop->now + timeout);
}

/* EMFILE and the like say nothing about the peer. */
static bool is_own_shortage(int error) {
    return error == EMFILE || error == ENFILE || error == ENOMEM || error == ENOBUFS ||
           error == EUSERS || error == EADDRNOTAVAIL;
}

static void give_up(struct probe *probe, const struct socket_failure *failure) {
    char text[BACK_REASON_SIZE];
    if (failure->is_of_origin || is_own_shortage(failure->error)) {
        abandon(probe);
        return;
    }
    snprintf(text, sizeof text, "%s failed (%d: %s)", failure->call, failure->error,
             strerror(failure->error));
    fail(probe, "connecting to upstream", text);
}

/* Returns whether the probe goes on. */
static bool connect_back(struct probe *probe, bool may_reuse) {
    struct back_pool *pool = probe->group->health.pool;
    struct socket_failure failure;
    probe->back = pool != NULL && may_reuse
                      ? back_pool_take(pool, probe->target, 0, &probe->request.way)
                      : NULL;
    if (probe->back == NULL) {
        probe->back = back_connect(probe->group->state->service, probe->target, 0,
                                   &probe->request.way, &failure);
    }
    if (probe->back == NULL) {
        give_up(probe, &failure);
        return false;
    }
    probe->back->user = probe;
    probe->back->on_ready = ready;
    probe->back->on_timeout = timed_out;
    probe->back->requests++;
    probe->written = 0;
    wait_for(probe, probe->back->is_connecting ? settings_of(probe)->proxy_connect_timeout
                                               : settings_of(probe)->proxy_send_timeout);
    return true;
}

/* A kept connection that the peer has closed in the meantime says nothing about the peer. */
static void break_down(struct probe *probe, const char *reason) {
    if (!probe->back->is_reused || probe->answer.size > 0) {
        fail(probe, doing_now(probe), reason);
        return;
    }
    back_close(probe->back);
    probe->back = NULL;
    begin(probe, false);
}

/* --- events; each step returns whether there is more to do with this connection --- */

static bool proceed(struct probe *probe, uint32_t events) {
    struct failure reason;
    if (!back_proceed(probe->back, events, &reason)) {
        fail(probe, "connecting to upstream", reason.text);
        return false;
    }
    if (!probe->back->is_connecting) {
        wait_for(probe, settings_of(probe)->proxy_send_timeout);
    }
    return !probe->back->is_connecting;
}

static bool send_request(struct probe *probe) {
    char text[BACK_REASON_SIZE];
    while (probe->written < probe->request.text.size) {
        struct slice rest = slice_skip(probe->request.text, probe->written);
        struct iovec part = {.iov_base = (void *)(uintptr_t)rest.data, .iov_len = rest.size};
        ssize_t count = back_write(probe->back, &part, 1);
        if (count == SOCKET_AGAIN) {
            return false;
        }
        if (count < 0) {
            break_down(probe, back_explain(probe->back, "send()", errno, text));
            return false;
        }
        probe->written += (size_t)count;
        if (probe->written == probe->request.text.size) {
            wait_for(probe, settings_of(probe)->proxy_read_timeout);
        }
    }
    return true;
}

static bool read_answer(struct probe *probe) {
    bool wants_body = engine_health_needs_body(probe->generation->engine, check_of(probe)) ||
                      probe->group->health.pool != NULL;
    char text[BACK_REASON_SIZE];
    size_t room;
    char *bytes = probe_answer_room(&probe->answer, &room);
    if (bytes == NULL) {
        abandon(probe);
        return false;
    }
    ssize_t count = back_read(probe->back, bytes, room);
    if (count == SOCKET_AGAIN) {
        return false;
    }
    if (count == SOCKET_FAILED || (count == SOCKET_END && probe->answer.size == 0)) {
        break_down(probe, count == SOCKET_END ? "the connection was closed"
                                              : back_explain(probe->back, "recv()", errno, text));
        return false;
    }
    enum probe_progress progress =
        count == SOCKET_END ? probe_answer_end(&probe->answer)
                            : probe_answer_take(&probe->answer, (size_t)count, wants_body);
    if (progress == PROBE_DONE) {
        judge(probe);
    } else if (progress == PROBE_BROKEN) {
        fail(probe, doing_now(probe), probe->answer.reason);
    }
    return progress == PROBE_MORE;
}

static void begin(struct probe *probe, bool may_reuse) {
    if (connect_back(probe, may_reuse) && !probe->back->is_connecting) {
        (void)send_request(probe);
    }
}

static void ready(struct back *back, uint32_t events) {
    struct probe *probe = back->user;
    if (back->is_connecting && !proceed(probe, events)) {
        return;
    }
    if (!send_request(probe) || (events & (LOOP_READ | LOOP_HANGUP)) == 0) {
        return;
    }
    while (read_answer(probe)) {
    }
}

static void timed_out(struct back *back) {
    struct probe *probe = back->user;
    fail(probe, doing_now(probe), "timed out");
}

/* --- the beginning --- */

static struct probe *create(struct proxy_group *group, struct balance_peer *peer) {
    struct proxy_state *state = group->state;
    struct probe *probe = calloc(1, sizeof *probe);
    if (probe == NULL) {
        return NULL;
    }
    probe->group = group;
    probe->generation = generation_hold(group->generation);
    probe->peer = balance_peer_hold(peer);
    probe->answer.body_limit = ENGINE_HEALTH_BODY_LIMIT;
    arena_init(&probe->arena, ARENA_CHUNK);
    probe->next = state->probes;
    probe->link = &state->probes;
    if (probe->next != NULL) {
        probe->next->link = &probe->next;
    }
    state->probes = probe;
    return probe;
}

void probe_start(struct proxy_group *group, struct balance_peer *peer) {
    struct probe *probe = create(group, peer);
    if (probe == NULL) {
        balance_health_abandon(peer,
                               group->state->service->loop->now + group->health.check->interval);
        return;
    }
    probe->target = find_target(probe);
    if (probe->target == NULL || !probe_build_request(group, &probe->arena, &probe->request)) {
        abandon(probe);
        return;
    }
    begin(probe, true);
}

void probe_cancel_all(struct proxy_state *state) {
    for (struct probe *probe = state->probes, *next; probe != NULL; probe = next) {
        next = probe->next;
        balance_health_abandon(probe->peer, loop_of(probe)->now);
        release(probe);
    }
}
