/* Timers on a hierarchical wheel: starting and expiring cost O(1); moving a running timer later
 * is a store, as its place on the wheel is corrected only when that place comes up. */
#ifndef LOOP_TIMER_H
#define LOOP_TIMER_H

#include <stdbool.h>
#include <stdint.h>

struct timer {
    struct timer *next;  /* in its slot */
    struct timer **link; /* what points here; NULL when on no slot */
    uint64_t deadline;   /* monotonic milliseconds; 0: stopped */
    uint64_t place;      /* the time of the slot it is on */
    void (*on_expire)(struct timer *timer);
};

enum { TIMER_LEVELS = 5, TIMER_SLOTS = 64 };

struct timer_wheel {
    uint64_t now;                    /* everything before it has been handled */
    uint64_t occupied[TIMER_LEVELS]; /* a bit per slot that is not empty */
    struct timer *slots[TIMER_LEVELS][TIMER_SLOTS];
};

void timer_wheel_init(struct timer_wheel *wheel, uint64_t now);

/* (Re)starts the timer; it expires once at `deadline` (a deadline in the past: when the wheel
 * advances next, so a callback that restarts its own timer does not hold up the turn).
 * Deadlines beyond the wheel's reach are handled in several rounds. */
void timer_start(struct timer_wheel *wheel, struct timer *timer, uint64_t deadline);

/* A store; the timer stays on its slot until that comes up. */
static inline void timer_stop(struct timer *timer) {
    timer->deadline = 0;
}

/* Takes the timer off the wheel; before its memory is freed. */
void timer_remove(struct timer_wheel *wheel, struct timer *timer);

/* Milliseconds until the wheel next needs attention, or -1 for never. */
int timer_wheel_wait(const struct timer_wheel *wheel, uint64_t now);

/* Calls on_expire of every timer due at or before `now`. */
void timer_wheel_advance(struct timer_wheel *wheel, uint64_t now);

#endif
