/* When to ask: as often as nginx does, and soon again after a failure. */
#include "proxy/stapler.h"

#include "base/container.h"
#include "proxy/internal.h"
#include "proxy/staple_fetch.h"

#include <stdlib.h>

enum {
    REFRESH_LEAST_S = 300,
    REFRESH_MOST_S = 3600,
    MARGIN_S = 300, /* before the answer expires */
    RETRY_FIRST_MS = 10000,
    RETRY_LAST_MS = 300000,
    AGAIN_MS = 1000,    /* when too many are being asked */
    FETCHES_LIMIT = 16, /* at a time, of a worker */
    CLAIM_MS = STAPLE_FETCH_LIMIT_MS + 10000,
};

/* One certificate. */
struct watch {
    struct stapler_watch *list;
    struct staple *staple;
    struct timer timer;
    struct staple_fetch *fetch; /* under way */
    uint64_t retry_delay;
};

/* Those of one context. */
struct stapler_watch {
    struct proxy_state *state;
    struct stapler_watch *next;
    struct stapler_watch **link;
    struct staples *staples;
    struct name_cache *names; /* held; NULL: the system's resolver is asked */
    uint64_t resolver_timeout;
    uint32_t generation; /* whose resolver that is */
    uint32_t count;
    struct watch items[];
};

static struct loop *loop_of(const struct watch *watch) {
    return watch->list->state->service->loop;
}

static void look_again(struct watch *watch, uint64_t deadline) {
    timer_start(&loop_of(watch)->timers, &watch->timer, deadline);
}

/* --- what came out --- */

static uint64_t refresh_delay(time_t expires) {
    int64_t seconds = (int64_t)(expires - time(NULL)) - MARGIN_S;
    seconds = seconds < REFRESH_MOST_S ? seconds : REFRESH_MOST_S;
    seconds = seconds > REFRESH_LEAST_S ? seconds : REFRESH_LEAST_S;
    return (uint64_t)seconds * 1000;
}

static void fail(struct watch *watch) {
    uint64_t due = loop_of(watch)->now + watch->retry_delay;
    watch->retry_delay =
        watch->retry_delay * 2 < RETRY_LAST_MS ? watch->retry_delay * 2 : RETRY_LAST_MS;
    if (watch->staple->place != NULL) {
        staple_place_fail(watch->staple->place, due);
    }
    look_again(watch, due);
}

/* What this worker has no memory for others may have: they find it on the board. */
static void succeed(struct watch *watch, struct slice answer, time_t expires) {
    struct staple *staple = watch->staple;
    uint64_t due = loop_of(watch)->now + refresh_delay(expires);
    watch->retry_delay = RETRY_FIRST_MS;
    if (staple->place != NULL) {
        staple_place_publish(staple->place, &staple->key, answer, expires, due);
    } else if (!staple_use(staple, answer, expires)) {
        fail(watch);
        return;
    }
    look_again(watch, due);
}

static void done(void *owner, struct slice answer, time_t expires) {
    struct watch *watch = owner;
    watch->fetch = NULL;
    watch->list->state->staple_fetch_count--;
    if (answer.data == NULL) {
        fail(watch);
    } else {
        succeed(watch, answer, expires);
    }
}

/* --- asking --- */

static void ask(struct watch *watch) {
    struct proxy_state *state = watch->list->state;
    const struct staple_fetch_order order = {
        .state = state,
        .staple = watch->staple,
        .names = watch->list->names,
        .resolver_timeout = watch->list->resolver_timeout,
        .done = done,
        .owner = watch,
    };
    watch->fetch = staple_fetch_start(&order);
    if (watch->fetch == NULL) {
        fail(watch);
    } else {
        state->staple_fetch_count++;
    }
}

/* Without a place on the board each worker asks for itself. */
static void look(struct timer *timer) {
    struct watch *watch = CONTAINER_OF(timer, struct watch, timer);
    struct proxy_state *state = watch->list->state;
    struct staple *staple = watch->staple;
    uint64_t now = loop_of(watch)->now;
    staple->place = state->service->staples != NULL
                        ? staple_board_find(state->service->staples, &staple->key, now)
                        : NULL;
    if (state->staple_fetch_count >= FETCHES_LIMIT) {
        look_again(watch, now + AGAIN_MS);
    } else if (staple->place == NULL || staple_place_claim(staple->place, now, now + CLAIM_MS)) {
        ask(watch);
    } else {
        uint64_t due = staple_place_due(staple->place);
        look_again(watch, due > now ? due : now + 1);
    }
}

/* --- life --- */

static void stop(struct watch *watch) {
    timer_remove(&loop_of(watch)->timers, &watch->timer);
    if (watch->fetch != NULL) {
        staple_fetch_cancel(watch->fetch);
        watch->fetch = NULL;
        watch->list->state->staple_fetch_count--;
        if (watch->staple->place != NULL) {
            staple_place_fail(watch->staple->place, loop_of(watch)->now); /* others may */
        }
    }
}

static void end(struct stapler_watch *list) {
    for (uint32_t i = 0; i < list->count; i++) {
        stop(&list->items[i]);
    }
    *list->link = list->next;
    if (list->next != NULL) {
        list->next->link = list->link;
    }
    if (list->names != NULL) {
        name_cache_release(list->names);
    }
    list->staples->watcher = NULL;
    list->staples->forget = NULL;
    free(list);
}

static void forget(struct staples *staples) {
    end(staples->watcher);
}

void stapler_stop(struct proxy_state *state) {
    for (struct stapler_watch *list = state->staple_watches, *next; list != NULL; list = next) {
        next = list->next;
        end(list);
    }
}

static void choose_resolver(struct stapler_watch *list, const struct generation *generation,
                            const struct table_settings *settings) {
    const struct proxy_groups *groups = generation->extension;
    struct name_cache *names =
        settings->resolver != TABLE_NONE ? groups->resolvers->items[settings->resolver] : NULL;
    if (names != NULL) {
        name_cache_hold(names);
    }
    if (list->names != NULL) {
        name_cache_release(list->names);
    }
    list->names = names;
    list->resolver_timeout = settings->resolver_timeout;
    list->generation = generation->number;
}

static void join(struct proxy_state *state, struct stapler_watch *list) {
    list->next = state->staple_watches;
    list->link = &state->staple_watches;
    if (list->next != NULL) {
        list->next->link = &list->next;
    }
    state->staple_watches = list;
}

static bool begin(struct proxy_state *state, const struct generation *generation,
                  const struct table_settings *settings, struct staples *staples) {
    struct stapler_watch *list = calloc(1, sizeof *list + staples->count * sizeof(struct watch));
    if (list == NULL) {
        return false;
    }
    list->state = state;
    list->staples = staples;
    choose_resolver(list, generation, settings);
    join(state, list);
    staples->watcher = list;
    staples->forget = forget;
    for (uint32_t i = 0; i < staples->count; i++) {
        if (staples->items[i].url != NULL) {
            list->items[list->count] = (struct watch){.list = list,
                                                      .staple = &staples->items[i],
                                                      .timer = {.on_expire = look},
                                                      .retry_delay = RETRY_FIRST_MS};
            look(&list->items[list->count++].timer);
        }
    }
    return true;
}

/* A context may outlive a generation; what it is to ask with does not. */
bool stapler_watch(struct proxy_state *state, const struct generation *generation,
                   const struct table_settings *settings, struct staples *staples) {
    struct stapler_watch *list = staples->watcher;
    if (list == NULL) {
        return begin(state, generation, settings, staples);
    }
    if (list->generation != generation->number) {
        choose_resolver(list, generation, settings);
    }
    return true;
}
