/* Asking a responder: its addresses one after the other, until one takes a connection. */
#include "proxy/staple_fetch.h"

#include "base/container.h"
#include "base/ip.h"
#include "proxy/internal.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

enum { ARENA_CHUNK = 2048 };

struct staple_fetch {
    struct staple_fetch_order order;
    struct timer timer;               /* the end of its patience */
    struct loop_task beginning;       /* the first step, in the same turn */
    struct loop_task freeing;         /* the handle must outlive the turn */
    struct name_wait wait;            /* for the name, by `names` */
    struct resolver_query *query;     /* for the name, by the system's resolver */
    struct name_addresses *addresses; /* held; NULL while there are none */
    uint32_t next_address;
    union socket_address peer; /* the one that is asked */
    struct loop_handle handle; /* fd -1: there is no connection */
    bool is_connecting;
    bool is_over;
    struct arena arena; /* of the request */
    struct slice request;
    size_t written;
    struct probe_answer answer;
};

static void connect_next(struct staple_fetch *fetch);

static struct http_service *service_of(const struct staple_fetch *fetch) {
    return fetch->order.state->service;
}

/* --- the end --- */

static void close_connection(struct staple_fetch *fetch) {
    if (fetch->handle.fd >= 0) {
        loop_close(service_of(fetch)->loop, &fetch->handle);
        fetch->handle.fd = -1;
    }
}

static void free_fetch(struct loop_task *task) {
    struct staple_fetch *fetch = CONTAINER_OF(task, struct staple_fetch, freeing);
    arena_release(&fetch->arena);
    probe_answer_release(&fetch->answer);
    free(fetch);
}

void staple_fetch_cancel(struct staple_fetch *fetch) {
    struct http_service *service = service_of(fetch);
    fetch->is_over = true;
    close_connection(fetch);
    timer_remove(&service->loop->timers, &fetch->timer);
    loop_cancel(service->loop, &fetch->beginning);
    name_wait_cancel(&fetch->wait);
    if (fetch->query != NULL) {
        resolver_cancel(fetch->query);
    }
    if (fetch->addresses != NULL) {
        name_addresses_release(fetch->addresses);
    }
    http_service_give_connection(service);
    loop_defer(service->loop, &fetch->freeing);
}

static void report(const struct staple_fetch *fetch, const char *what, const char *reason) {
    const struct http_service *service = service_of(fetch);
    const struct staple *staple = fetch->order.staple;
    struct table_range logs = service->generation->table.process[0].error_logs;
    const struct log_subject nobody = {0};
    char peer[SOCKET_TEXT_SIZE] = "";
    if (fetch->peer.any.sa_family != AF_UNSPEC) {
        socket_address_text(&fetch->peer.any, peer);
    }
    log_error(service->log, service->generation->error_logs + logs.first, logs.count,
              TABLE_LOG_ERROR, &nobody,
              "%s%s%s while requesting certificate status, responder: %.*s%s%s, certificate: "
              "\"%s\"",
              what, reason[0] != '\0' ? ": " : "", reason, SLICE_ARGS(staple->responder.authority),
              peer[0] != '\0' ? ", peer: " : "", peer, staple->name);
}

static void end(struct staple_fetch *fetch, struct slice answer, time_t expires) {
    fetch->order.done(fetch->order.owner, answer, expires);
    staple_fetch_cancel(fetch);
}

static void fail(struct staple_fetch *fetch, const char *what, const char *reason) {
    report(fetch, what, reason);
    end(fetch, (struct slice){NULL, 0}, 0);
}

static void timed_out(struct timer *timer) {
    fail(CONTAINER_OF(timer, struct staple_fetch, timer), "OCSP responder timed out", "");
}

/* --- question and answer; each step returns whether there is more to do now --- */

/* Another address may do better as long as this one has not answered. */
static bool try_another(struct staple_fetch *fetch, const char *call, int error) {
    bool is_last = fetch->next_address >= fetch->addresses->count;
    close_connection(fetch);
    if (is_last) {
        fail(fetch, call, strerror(error));
    } else {
        report(fetch, call, strerror(error));
        connect_next(fetch);
    }
    return false;
}

static bool finish_connecting(struct staple_fetch *fetch) {
    int error = 0;
    socklen_t size = sizeof error;
    if (getsockopt(fetch->handle.fd, SOL_SOCKET, SO_ERROR, &error, &size) != 0) {
        error = errno;
    }
    fetch->is_connecting = false;
    return error == 0 || try_another(fetch, "connect() to OCSP responder failed", error);
}

static bool send_request(struct staple_fetch *fetch) {
    while (fetch->written < fetch->request.size) {
        struct slice rest = slice_skip(fetch->request, fetch->written);
        struct iovec part = {.iov_base = (void *)(uintptr_t)rest.data, .iov_len = rest.size};
        ssize_t count = socket_write(&fetch->handle, &part, 1);
        if (count == SOCKET_AGAIN) {
            return false;
        }
        if (count < 0) {
            return try_another(fetch, "send() to OCSP responder failed", errno);
        }
        fetch->written += (size_t)count;
    }
    return true;
}

static void judge(struct staple_fetch *fetch) {
    struct failure failure;
    time_t expires;
    if (staple_judge(&fetch->order.staple->subject, &fetch->answer, &expires, &failure)) {
        end(fetch, probe_answer_body(&fetch->answer), expires);
    } else {
        fail(fetch, failure.text, "");
    }
}

static bool read_answer(struct staple_fetch *fetch) {
    size_t room;
    char *bytes = probe_answer_room(&fetch->answer, &room);
    if (bytes == NULL) {
        fail(fetch, "no memory for the answer of OCSP responder", "");
        return false;
    }
    ssize_t count = socket_read(&fetch->handle, bytes, room);
    if (count == SOCKET_AGAIN) {
        return false;
    }
    if (count == SOCKET_FAILED) {
        return try_another(fetch, "recv() from OCSP responder failed", errno);
    }
    enum probe_progress progress = count == SOCKET_END
                                       ? probe_answer_end(&fetch->answer)
                                       : probe_answer_take(&fetch->answer, (size_t)count, true);
    if (progress == PROBE_DONE) {
        judge(fetch);
    } else if (progress == PROBE_BROKEN) {
        fail(fetch, "OCSP responder sent invalid response", fetch->answer.reason);
    }
    return progress == PROBE_MORE;
}

static void ready(struct loop_handle *handle, uint32_t events) {
    struct staple_fetch *fetch = CONTAINER_OF(handle, struct staple_fetch, handle);
    (void)events;
    if (fetch->is_connecting && !finish_connecting(fetch)) {
        return;
    }
    if (!send_request(fetch)) {
        return;
    }
    while ((fetch->handle.ready & LOOP_READ) != 0 && read_answer(fetch)) {
    }
}

/* --- the connection --- */

static socklen_t choose_address(struct staple_fetch *fetch) {
    fetch->peer = fetch->addresses->items[fetch->next_address++];
    uint16_t port = htons(fetch->order.staple->responder.port);
    if (fetch->peer.any.sa_family == AF_INET6) {
        fetch->peer.ipv6.sin6_port = port;
        return sizeof fetch->peer.ipv6;
    }
    fetch->peer.ipv4.sin_port = port;
    return sizeof fetch->peer.ipv4;
}

static void connect_next(struct staple_fetch *fetch) {
    static const struct socket_origin anywhere;
    struct socket_failure failure;
    bool is_connected;
    socklen_t size = choose_address(fetch);
    fetch->written = 0;
    probe_answer_release(&fetch->answer);
    fetch->answer = (struct probe_answer){.body_limit = OCSP_ANSWER_LIMIT + 1};
    fetch->handle = (struct loop_handle){.on_ready = ready};
    fetch->handle.fd = socket_connect(&fetch->peer.any, size, &anywhere, &is_connected, &failure);
    if (fetch->handle.fd < 0) {
        (void)try_another(fetch, "connect() to OCSP responder failed", failure.error);
        return;
    }
    fetch->is_connecting = true;
    if (!loop_add(service_of(fetch)->loop, &fetch->handle)) {
        int error = errno;
        close(fetch->handle.fd);
        fetch->handle.fd = -1;
        (void)try_another(fetch, "connect() to OCSP responder failed", error);
    }
}

/* --- its addresses --- */

static void use_result(struct staple_fetch *fetch, const struct name_result *result) {
    if (result->addresses == NULL || result->addresses->count == 0) {
        fail(fetch, "OCSP responder could not be resolved", result->error);
        return;
    }
    fetch->addresses = name_addresses_hold(result->addresses);
    connect_next(fetch);
}

static void resolved(struct name_wait *wait, const struct name_result *result) {
    use_result(CONTAINER_OF(wait, struct staple_fetch, wait), result);
}

static void use_answer(struct staple_fetch *fetch, const struct resolver_answer *answer) {
    struct name_addresses *addresses = answer->count > 0 ? name_addresses_copy(answer) : NULL;
    const struct name_result result = {
        .addresses = addresses,
        .error = answer->count > 0 ? "no memory" : answer->error,
    };
    use_result(fetch, &result);
    if (addresses != NULL) {
        name_addresses_release(addresses);
    }
}

static void answered(void *owner, const struct resolver_answer *answer) {
    struct staple_fetch *fetch = owner;
    fetch->query = NULL;
    use_answer(fetch, answer);
}

/* An address is not asked for. */
static bool parse_address(struct slice host, struct sockaddr_storage *address) {
    uint8_t bytes[IP_V6_SIZE];
    if (ip_parse_v4(host, bytes)) {
        socket_address_from_table(address, TABLE_FAMILY_IPV4, bytes, 0, SLICE(""));
        return true;
    }
    if (ip_parse_v6(host, bytes)) {
        socket_address_from_table(address, TABLE_FAMILY_IPV6, bytes, 0, SLICE(""));
        return true;
    }
    return false;
}

static bool ask_names(struct staple_fetch *fetch, struct slice host) {
    struct name_cache *names = fetch->order.names;
    struct name_result known;
    if (name_cache_find(names, host, &known)) {
        use_result(fetch, &known);
        return true;
    }
    return name_cache_wait(names, host, fetch->order.resolver_timeout, &fetch->wait);
}

static bool ask_system(struct staple_fetch *fetch, struct slice host) {
    struct resolver *resolver = fetch->order.state->resolver;
    char *name = arena_allocate_bytes(&fetch->arena, host.size + 1);
    if (resolver == NULL || name == NULL) {
        return false;
    }
    memcpy(name, host.data, host.size);
    name[host.size] = '\0';
    fetch->query = resolver_start(resolver, name, answered, fetch);
    return fetch->query != NULL;
}

static void begin(struct loop_task *task) {
    struct staple_fetch *fetch = CONTAINER_OF(task, struct staple_fetch, beginning);
    struct slice host = fetch->order.staple->responder.host;
    struct sockaddr_storage address;
    if (parse_address(host, &address)) {
        const struct resolver_answer answer = {.addresses = &address, .count = 1};
        use_answer(fetch, &answer);
        return;
    }
    bool is_asked = fetch->order.names != NULL ? ask_names(fetch, host) : ask_system(fetch, host);
    if (!is_asked) {
        fail(fetch, "OCSP responder could not be resolved", "the resolver is not available");
    }
}

struct staple_fetch *staple_fetch_start(const struct staple_fetch_order *order) {
    struct http_service *service = order->state->service;
    struct staple_fetch *fetch = calloc(1, sizeof *fetch);
    if (fetch == NULL || !http_service_take_connection(service)) {
        free(fetch);
        return NULL;
    }
    fetch->order = *order;
    fetch->handle.fd = -1;
    fetch->timer.on_expire = timed_out;
    fetch->beginning.run = begin;
    fetch->freeing.run = free_fetch;
    fetch->wait.done = resolved;
    arena_init(&fetch->arena, ARENA_CHUNK);
    if (!ocsp_write_request(order->staple->subject.id, &order->staple->responder, &fetch->arena,
                            &fetch->request)) {
        staple_fetch_cancel(fetch);
        return NULL;
    }
    timer_start(&service->loop->timers, &fetch->timer, service->loop->now + STAPLE_FETCH_LIMIT_MS);
    loop_defer(service->loop, &fetch->beginning);
    return fetch;
}
