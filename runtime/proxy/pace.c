/* proxy_limit_rate: how fast a response is read. As in nginx each second allows so many bytes, the
 * first of them at once. */
#include "proxy/internal.h"

#include "base/container.h"
#include "base/size.h"

enum { SECOND = 1000 /* milliseconds */ };

static struct loop *loop_of(const struct proxy *proxy) {
    return proxy->exchange->service->loop;
}

static uint64_t allowed_until(const struct proxy *proxy, uint64_t now) {
    uint64_t seconds = (now - proxy->rate_from) / SECOND + 1;
    return seconds > UINT64_MAX / proxy->rate ? UINT64_MAX : seconds * proxy->rate;
}

static void go_on(struct timer *timer) {
    proxy_relay(CONTAINER_OF(timer, struct proxy, pace));
}

/* A rate that variables give and that is none is no limit. */
void proxy_start_pace(struct proxy *proxy) {
    struct exchange *exchange = proxy->exchange;
    uint32_t program = exchange->request.settings->proxy_limit_rate;
    struct slice text;
    proxy->rate = 0;
    if (program == TABLE_NONE || !engine_run_template(&exchange->request, program, &text) ||
        text.size == 0) {
        return;
    }
    if (!size_parse(text, false, &proxy->rate)) {
        proxy_log(proxy, TABLE_LOG_ERROR, "\"%.*s\", as proxy_limit_rate makes it, is no size",
                  SLICE_ARGS(text));
        proxy->rate = 0;
    }
    proxy->rate_from = loop_of(proxy)->now;
    proxy->rate_used = buffer_content(proxy->response).size; /* came with the head */
    proxy->pace.on_expire = go_on;
}

size_t proxy_pace(struct proxy *proxy, size_t wanted) {
    if (proxy->rate == 0) {
        return wanted;
    }
    uint64_t now = loop_of(proxy)->now;
    uint64_t allowed = allowed_until(proxy, now);
    if (allowed > proxy->rate_used) {
        uint64_t left = allowed - proxy->rate_used;
        return left < wanted ? (size_t)left : wanted;
    }
    uint64_t excess = proxy->rate_used - allowed;
    uint64_t next_second = SECOND - (now - proxy->rate_from) % SECOND;
    timer_start(&loop_of(proxy)->timers, &proxy->pace,
                now + next_second + excess / proxy->rate * SECOND);
    return 0;
}
