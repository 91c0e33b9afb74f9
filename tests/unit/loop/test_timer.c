/* The timer wheel: placement and levels by example, and everything against a naive list over
 * random operations. */
#include "loop/timer.h"

#include "unit.h"

#include <stdlib.h>
#include <string.h>

struct probe {
    struct timer timer;
    unsigned expired;
    void (*then)(struct probe *probe);
    struct timer_wheel *wheel;
    struct probe *other;
};

static void count_expiry(struct timer *timer) {
    struct probe *probe = (struct probe *)(void *)timer; /* its first member */
    probe->expired++;
    if (probe->then != NULL) {
        probe->then(probe);
    }
}

static struct probe make_probe(struct timer_wheel *wheel, void (*then)(struct probe *)) {
    return (struct probe){.timer.on_expire = count_expiry, .then = then, .wheel = wheel};
}

static void expires_at_its_deadline_on_every_level(void) {
    static const uint64_t delays[] = {
        0, 1, 63, 64, 65, 4095, 4096, 262143, 262144, 16777216, 1073741823, 1073741824, 5000000000};
    for (size_t i = 0; i < sizeof delays / sizeof delays[0]; i++) {
        struct timer_wheel wheel;
        timer_wheel_init(&wheel, 123456789);
        struct probe probe = make_probe(&wheel, NULL);
        uint64_t deadline = wheel.now + delays[i];
        timer_start(&wheel, &probe.timer, deadline);
        uint64_t now = wheel.now;
        unsigned rounds = 0;
        for (; probe.expired == 0 && rounds < 200; rounds++) {
            int wait = timer_wheel_wait(&wheel, now);
            CU_ASSERT_FATAL(wait >= 0);
            now += (uint64_t)wait;
            CU_ASSERT(now <= deadline);
            timer_wheel_advance(&wheel, now);
        }
        CU_ASSERT_EQUAL(now, deadline);
        CU_ASSERT(rounds <= (delays[i] >> 30) + 6);
        CU_ASSERT_EQUAL(timer_wheel_wait(&wheel, now), -1);
    }
}

static void expires_when_the_clock_jumps(void) {
    struct timer_wheel wheel;
    timer_wheel_init(&wheel, 1000);
    struct probe probe = make_probe(&wheel, NULL);
    timer_start(&wheel, &probe.timer, 61000);
    timer_wheel_advance(&wheel, 60999);
    CU_ASSERT_EQUAL(probe.expired, 0);
    timer_wheel_advance(&wheel, UINT64_C(1) << 40);
    CU_ASSERT_EQUAL(probe.expired, 1);
    timer_wheel_advance(&wheel, UINT64_C(1) << 41);
    CU_ASSERT_EQUAL(probe.expired, 1);
}

static void waits_for_nothing_when_empty(void) {
    struct timer_wheel wheel;
    timer_wheel_init(&wheel, 5);
    CU_ASSERT_EQUAL(timer_wheel_wait(&wheel, 5), -1);
    struct probe probe = make_probe(&wheel, NULL);
    timer_start(&wheel, &probe.timer, 100000);
    CU_ASSERT(timer_wheel_wait(&wheel, 5) > 0);
    timer_remove(&wheel, &probe.timer);
    CU_ASSERT_EQUAL(timer_wheel_wait(&wheel, 5), -1);
}

static void moving_later_is_a_store(void) {
    struct timer_wheel wheel;
    timer_wheel_init(&wheel, 1000);
    struct probe probe = make_probe(&wheel, NULL);
    timer_start(&wheel, &probe.timer, 2000);
    struct timer **link = probe.timer.link;
    uint64_t place = probe.timer.place;
    for (uint64_t deadline = 2001; deadline < 9000; deadline += 17) {
        timer_start(&wheel, &probe.timer, deadline);
    }
    CU_ASSERT_PTR_EQUAL(probe.timer.link, link);
    CU_ASSERT_EQUAL(probe.timer.place, place);
    timer_start(&wheel, &probe.timer, 9000);
    timer_wheel_advance(&wheel, 8999);
    CU_ASSERT_EQUAL(probe.expired, 0);
    timer_wheel_advance(&wheel, 9000);
    CU_ASSERT_EQUAL(probe.expired, 1);
}

static void moving_earlier_counts(void) {
    struct timer_wheel wheel;
    timer_wheel_init(&wheel, 0);
    struct probe probe = make_probe(&wheel, NULL);
    timer_start(&wheel, &probe.timer, 500000);
    timer_start(&wheel, &probe.timer, 20);
    CU_ASSERT_EQUAL(timer_wheel_wait(&wheel, 0), 20);
    timer_wheel_advance(&wheel, 20);
    CU_ASSERT_EQUAL(probe.expired, 1);
}

static void restart_in_the_past(struct probe *probe) {
    timer_start(probe->wheel, &probe->timer, 1);
}

static void a_restarted_timer_waits_for_the_next_turn(void) {
    struct timer_wheel wheel;
    timer_wheel_init(&wheel, 100);
    struct probe probe = make_probe(&wheel, restart_in_the_past);
    timer_start(&wheel, &probe.timer, 150);
    timer_wheel_advance(&wheel, 200);
    CU_ASSERT_EQUAL(probe.expired, 1);
    CU_ASSERT_EQUAL(timer_wheel_wait(&wheel, 200), 0);
    timer_wheel_advance(&wheel, 200);
    CU_ASSERT_EQUAL(probe.expired, 2);
    timer_remove(&wheel, &probe.timer);
}

static void remove_other(struct probe *probe) {
    timer_remove(probe->wheel, &probe->other->timer);
}

static void stop_other(struct probe *probe) {
    timer_stop(&probe->other->timer);
}

static void postpone_other(struct probe *probe) {
    timer_start(probe->wheel, &probe->other->timer, 300);
}

/* Two timers due in the same turn; the first to be called does something to the other. */
static void check_effect_on_other(void (*effect)(struct probe *), unsigned expected_at_300) {
    struct timer_wheel wheel;
    timer_wheel_init(&wheel, 100);
    struct probe first = make_probe(&wheel, effect);
    struct probe second = make_probe(&wheel, NULL);
    first.other = &second;
    timer_start(&wheel, &first.timer, 150);
    timer_start(&wheel, &second.timer, 160);
    timer_wheel_advance(&wheel, 200);
    CU_ASSERT_EQUAL(first.expired, 1);
    CU_ASSERT_EQUAL(second.expired, 0);
    timer_wheel_advance(&wheel, 299);
    CU_ASSERT_EQUAL(second.expired, 0);
    timer_wheel_advance(&wheel, 300);
    CU_ASSERT_EQUAL(second.expired, expected_at_300);
    CU_ASSERT_EQUAL(timer_wheel_wait(&wheel, 300), -1);
}

static void callbacks_change_timers_that_are_due(void) {
    check_effect_on_other(remove_other, 0);
    check_effect_on_other(stop_other, 0);
    check_effect_on_other(postpone_other, 1);
}

enum { MODEL_TIMERS = 200, MODEL_STEPS = 60000 };

static uint64_t next_random(uint64_t *state) {
    *state = *state * UINT64_C(6364136223846793005) + UINT64_C(1442695040888963407);
    return *state >> 33;
}

/* Delays of every magnitude, some in the past. */
static uint64_t random_deadline(uint64_t *state, uint64_t now) {
    uint64_t reach = UINT64_C(1) << next_random(state) % 36;
    uint64_t deadline = now + next_random(state) % reach;
    return next_random(state) % 16 == 0 ? now - next_random(state) % 50 : deadline;
}

struct model {
    struct timer_wheel wheel;
    struct probe probes[MODEL_TIMERS];
    uint64_t deadlines[MODEL_TIMERS]; /* 0: stopped */
    uint64_t now;
    uint64_t random;
};

static void change_one(struct model *model) {
    size_t i = next_random(&model->random) % MODEL_TIMERS;
    struct timer *timer = &model->probes[i].timer;
    switch (next_random(&model->random) % 8) {
    case 0:
        timer_stop(timer);
        model->deadlines[i] = 0;
        break;
    case 1:
        timer_remove(&model->wheel, timer);
        model->deadlines[i] = 0;
        break;
    default:
        model->deadlines[i] = random_deadline(&model->random, model->now);
        timer_start(&model->wheel, timer, model->deadlines[i]);
    }
}

/* Everything due in the list, and nothing else, has expired once. */
static size_t compare(struct model *model) {
    size_t wrong = 0;
    for (size_t i = 0; i < MODEL_TIMERS; i++) {
        bool is_due = model->deadlines[i] != 0 && model->deadlines[i] <= model->now;
        wrong += model->probes[i].expired != (is_due ? 1 : 0);
        model->probes[i].expired = 0;
        if (is_due) {
            model->deadlines[i] = 0;
        }
    }
    return wrong;
}

/* The wheel asks for attention no later than the earliest deadline. */
static bool wakes_in_time(const struct model *model) {
    int wait = timer_wheel_wait(&model->wheel, model->now);
    for (size_t i = 0; i < MODEL_TIMERS; i++) {
        if (model->deadlines[i] != 0 &&
            (wait < 0 || model->deadlines[i] < model->now + (uint64_t)wait) &&
            model->deadlines[i] > model->now) {
            return false;
        }
    }
    return true;
}

static void behaves_like_a_naive_list(void) {
    struct model *model = calloc(1, sizeof *model);
    CU_ASSERT_PTR_NOT_NULL_FATAL(model);
    model->random = 7;
    model->now = (UINT64_C(1) << 30) - 5000;
    timer_wheel_init(&model->wheel, model->now);
    for (size_t i = 0; i < MODEL_TIMERS; i++) {
        model->probes[i] = make_probe(&model->wheel, NULL);
    }
    size_t wrong = 0;
    size_t late = 0;
    for (unsigned step = 0; step < MODEL_STEPS; step++) {
        for (uint64_t changes = next_random(&model->random) % 4; changes > 0; changes--) {
            change_one(model);
        }
        late += !wakes_in_time(model);
        uint64_t reach = UINT64_C(1) << next_random(&model->random) % 24;
        model->now += next_random(&model->random) % reach;
        timer_wheel_advance(&model->wheel, model->now);
        wrong += compare(model);
    }
    CU_ASSERT_EQUAL(wrong, 0);
    CU_ASSERT_EQUAL(late, 0);
    free(model);
}

UNIT_TESTS("loop/timer",
           {"expires at its deadline on every level", expires_at_its_deadline_on_every_level},
           {"expires when the clock jumps", expires_when_the_clock_jumps},
           {"waits for nothing when empty", waits_for_nothing_when_empty},
           {"moving later is a store", moving_later_is_a_store},
           {"moving earlier counts", moving_earlier_counts},
           {"a restarted timer waits for the next turn", a_restarted_timer_waits_for_the_next_turn},
           {"callbacks change timers that are due", callbacks_change_timers_that_are_due},
           {"behaves like a naive list", behaves_like_a_naive_list})
