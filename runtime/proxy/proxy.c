/* The proxy as a handler of exchanges: begins with the target, ends by letting go of everything. */
#include "proxy/proxy.h"

#include "proxy/internal.h"
#include "proxy/probe.h"
#include "proxy/stapler.h"

#include "engine/upstream.h"

#include <stdlib.h>
#include <string.h>
#include <sys/random.h>
#include <unistd.h>

/* Runs when the exchange's arena is released: only then has the log read the fields that lie in
 * these buffers. */
static void release_buffers(void *data) {
    struct proxy *proxy = data;
    struct buffer_pool *pool = &proxy->state->service->buffers;
    buffer_give(pool, proxy->response);
    buffer_give(pool, proxy->head_buffer);
    spool_release(&proxy->spool);
    backlog_release(&proxy->backlog);
    for (uint32_t i = 0; i < proxy->attempt_count; i++) {
        if (proxy->attempts[i].peer != NULL) {
            balance_peer_release(proxy->attempts[i].peer);
        }
    }
    balance_group_release(&proxy->single);
}

static const struct proxy_protocol *const protocols[] = {
    [TABLE_HTTP_1_0] = &proxy_http1,
    [TABLE_HTTP_1_1] = &proxy_http1,
    [TABLE_HTTP_2] = &proxy_http2,
};

static struct proxy *create(struct exchange *exchange) {
    struct proxy *proxy = arena_allocate_raw(&exchange->arena, sizeof *proxy);
    if (proxy == NULL) {
        return NULL;
    }
    memset(proxy, 0, offsetof(struct proxy, pieces));
    if (!arena_add_cleanup(&exchange->arena, release_buffers, proxy)) {
        return NULL;
    }
    const struct table *table = &exchange->generation->table;
    proxy->previous = exchange->proxy_data;
    proxy->exchange = exchange;
    proxy->state = exchange->service->proxy_state;
    proxy->record = &table->proxy[exchange->request.location->proxy];
    proxy->protocol = protocols[exchange->request.settings->proxy_http_version];
    proxy->keeps_body = !engine_passes_body(exchange->request.settings);
    proxy->send_on.run = proxy_send_on;
    proxy->read_on.run = proxy_read_on;
    spool_init(&proxy->spool, &exchange->service->buffers,
               (size_t)exchange->request.settings->client_body_buffer_size,
               (struct temp_place){
                   .prefix = exchange->service->prefix,
                   .folder = table_text(table, exchange->request.settings->client_body_temp_path),
               });
    exchange->proxy_data = proxy;
    return proxy;
}

/* This is the page for a body that was refused as too large. */
static bool is_too_large(const struct exchange *exchange) {
    return exchange->head.framing == HTTP_BODY_LENGTH &&
           exchange->request.content_length < exchange->head.content_length;
}

void proxy_begin(struct proxy *proxy) {
    struct exchange *exchange = proxy->exchange;
    if (proxy->previous != NULL) {
        proxy_take_over_body(proxy);
    } else if (is_too_large(exchange)) {
        exchange->is_body_dropped = true;
    } else {
        proxy_start_collecting(proxy);
        return;
    }
    proxy->step = PROXY_CONNECTING;
    proxy_start_attempt(proxy);
}

static void start(struct exchange *exchange) {
    struct proxy *proxy = create(exchange);
    if (proxy == NULL) {
        exchange_fail_memory(exchange, "proxying a request");
        return;
    }
    if (proxy_find_target(proxy)) {
        proxy_begin(proxy);
    }
}

static void resume(struct exchange *exchange) {
    struct proxy *proxy = exchange->proxy_data;
    proxy->is_front_full = false;
    proxy_relay(proxy);
}

static void stop(struct exchange *exchange) {
    struct proxy *proxy = exchange->proxy_data;
    if (proxy == NULL) {
        return; /* there was no memory for it */
    }
    if (proxy->attempt_count > 0 && proxy_current_attempt(proxy)->response_time == PROXY_NEVER) {
        struct proxy_attempt *attempt = proxy_current_attempt(proxy);
        attempt->response_time = exchange->service->loop->now - attempt->started;
    }
    proxy->step = PROXY_DONE;
    name_wait_cancel(&proxy->name);
    proxy_give_back(proxy, proxy->has_head ? BALANCE_SUCCEEDED : BALANCE_UNTOLD);
    loop_cancel(exchange->service->loop, &proxy->relay_on);
    loop_cancel(exchange->service->loop, &proxy->read_on);
    loop_cancel(exchange->service->loop, &proxy->send_on);
    timer_remove(&exchange->service->loop->timers, &proxy->pace);
    proxy_leave_back(proxy);
    buffer_give(&exchange->service->buffers, proxy->request);
    proxy->request = NULL;
}

static const struct http_handler proxy_handler = {
    .start = start,
    .take_body = proxy_take_body,
    .resume = resume,
    .stop = stop,
};

static void report_private_state(void *data) {
    const struct http_service *service = data;
    log_message(service->log, TABLE_LOG_ALERT,
                "no room left in the zone of peers, or no seat: this worker counts connections and "
                "failures of some for itself");
}

static void *create_state(struct http_service *service) {
    struct proxy_state *state = calloc(1, sizeof *state);
    if (state == NULL) {
        return NULL;
    }
    const char *error = NULL;
    state->service = service;
    balance_zone_watch(service->zone, report_private_state, service);
    if (getrandom(&state->random, sizeof state->random, GRND_NONBLOCK) < 0) {
        state->random.state = service->loop->now ^ (uint64_t)getpid();
    }
    const struct resolver_options system = {.ipv4 = true, .ipv6 = true};
    state->resolver = resolver_create(service->loop, &system, &error);
    if (state->resolver == NULL) {
        log_message(service->log, TABLE_LOG_ALERT, "host names cannot be resolved: %s", error);
    }
    return state;
}

static void destroy_state(void *data) {
    struct proxy_state *state = data;
    probe_cancel_all(state);
    stapler_stop(state);
    if (state->groups != NULL) {
        for (uint32_t i = 0; i < state->groups->count; i++) {
            back_pool_empty(state->groups->items[i].pool);
        }
    }
    if (state->service->generation != NULL) {
        /* Queries of the last groups must end before the resolver does. */
        generation_release(state->service->generation);
        state->service->generation = NULL;
    }
    if (state->resolver != NULL) {
        resolver_destroy(state->resolver);
    }
    proxy_tls_release(&state->tls);
    free(state);
}

static void release_groups(void *extension) {
    struct proxy_groups *groups = extension;
    struct proxy_state *state = groups->state;
    if (state->groups == groups) {
        state->groups = NULL;
    }
    proxy_groups_destroy(groups);
    proxy_tls_sweep(&state->tls);
}

static bool prepare(void *data, struct generation *generation) {
    struct proxy_state *state = data;
    struct proxy_groups *groups = proxy_groups_create(state, generation, state->groups);
    if (groups == NULL) {
        return false;
    }
    generation->extension = groups;
    generation->release_extension = release_groups;
    state->groups = groups;
    return true;
}

static void drain(void *data) {
    struct proxy_state *state = data;
    probe_cancel_all(state);
    stapler_stop(state);
    for (uint32_t i = 0; state->groups != NULL && i < state->groups->count; i++) {
        proxy_health_stop(&state->groups->items[i]);
        back_pool_empty(state->groups->items[i].pool);
    }
}

/* A worker that is on its way out gets no new connections that could need an answer. */
static bool staple(void *data, const struct generation *generation,
                   const struct table_settings *settings, struct staples *staples) {
    struct proxy_state *state = data;
    return state->service->is_draining || stapler_watch(state, generation, settings, staples);
}

const struct http_proxy_hooks proxy_hooks = {
    .handler = &proxy_handler,
    .variable = proxy_variable,
    .fields = proxy_fields,
    .create = create_state,
    .destroy = destroy_state,
    .prepare = prepare,
    .drain = drain,
    .staple = staple,
};
