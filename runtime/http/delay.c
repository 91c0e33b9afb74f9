/* auth_delay: who was not let in waits for the answer, so that guessing passwords takes its time
 * (ngx_http_core_auth_delay). */
#include "http/internal.h"

#include "base/container.h"

struct delay {
    struct exchange *exchange;
    struct timer timer;
    uint32_t status;
};

static void start_waiting(struct exchange *exchange) {
    (void)exchange; /* the timer runs already */
}

/* It is offered again to whoever answers. */
static size_t take_nothing(struct exchange *exchange, struct slice piece, bool last) {
    (void)exchange, (void)piece, (void)last;
    return 0;
}

static void stop_waiting(struct exchange *exchange) {
    timer_remove(&exchange->service->loop->timers, &exchange->delay->timer);
}

static const struct http_handler delay_handler = {
    .start = start_waiting,
    .take_body = take_nothing,
    .resume = start_waiting,
    .stop = stop_waiting,
    .is_waiting = true,
};

static void answer_at_last(struct timer *timer) {
    struct delay *delay = CONTAINER_OF(timer, struct delay, timer);
    struct exchange *exchange = delay->exchange;
    struct engine_outcome outcome;
    exchange_stop(exchange);
    engine_continue(&exchange->request, ENGINE_AUTHENTICATE, delay->status, &outcome);
    exchange_act(exchange, &outcome);
}

void exchange_delay(struct exchange *exchange, uint32_t status) {
    struct loop *loop = exchange->service->loop;
    if (exchange->delay == NULL) {
        exchange->delay = arena_allocate(&exchange->arena, sizeof *exchange->delay);
    }
    if (exchange->delay == NULL) {
        exchange_fail_memory(exchange, "the delay of an answer");
        return;
    }
    *exchange->delay = (struct delay){.exchange = exchange, .status = status};
    exchange->delay->timer.on_expire = answer_at_last;
    exchange->handler = &delay_handler;
    timer_start(&loop->timers, &exchange->delay->timer,
                loop->now + exchange->request.settings->auth_delay);
}
