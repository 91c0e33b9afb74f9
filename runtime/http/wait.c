/* Requests that are held up: by limit_req, and by auth_delay, so that guessing passwords takes its
 * time (ngx_http_core_auth_delay). */
#include "http/internal.h"

#include "base/container.h"

struct exchange_wait {
    struct exchange *exchange;
    struct timer timer;
    void (*go_on)(struct exchange *exchange, uint32_t status);
    uint32_t status;
};

void exchange_do_nothing(struct exchange *exchange) {
    (void)exchange;
}

size_t exchange_take_nothing(struct exchange *exchange, struct slice piece, bool last) {
    (void)exchange, (void)piece, (void)last;
    return 0;
}

static void stop_waiting(struct exchange *exchange) {
    timer_remove(&exchange->service->loop->timers, &exchange->wait->timer);
}

static const struct http_handler waiting_handler = {
    .start = exchange_do_nothing,
    .take_body = exchange_take_nothing,
    .resume = exchange_do_nothing,
    .stop = stop_waiting,
    .is_waiting = true,
};

static void wait_is_over(struct timer *timer) {
    struct exchange_wait *wait = CONTAINER_OF(timer, struct exchange_wait, timer);
    exchange_stop(wait->exchange);
    wait->go_on(wait->exchange, wait->status);
}

void exchange_wait(struct exchange *exchange, uint64_t milliseconds, uint32_t status,
                   void (*go_on)(struct exchange *exchange, uint32_t status)) {
    struct loop *loop = exchange->service->loop;
    if (exchange->wait == NULL) {
        exchange->wait = arena_allocate(&exchange->arena, sizeof *exchange->wait);
    }
    if (exchange->wait == NULL) {
        exchange_fail_memory(exchange, "a request that waits");
        return;
    }
    *exchange->wait = (struct exchange_wait){
        .exchange = exchange, .timer.on_expire = wait_is_over, .go_on = go_on, .status = status};
    exchange->handler = &waiting_handler;
    timer_start(&loop->timers, &exchange->wait->timer, loop->now + milliseconds);
}

static void refuse_at_last(struct exchange *exchange, uint32_t status) {
    struct engine_outcome outcome;
    engine_continue(&exchange->request, ENGINE_AUTHENTICATE, status, &outcome);
    exchange_act(exchange, &outcome);
}

void exchange_delay(struct exchange *exchange, uint32_t status) {
    exchange_wait(exchange, exchange->request.settings->auth_delay, status, refuse_at_last);
}
