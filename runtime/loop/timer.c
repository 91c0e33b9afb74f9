/* The timer wheel. Level 0 has a slot per millisecond, each level above slots 64 times as long. A
 * timer lies on the lowest level whose slots tell its deadline from the wheel's time, so within a
 * level all timers lie ahead in the current round and the first occupied slot is the next one. The
 * top level alone goes round: its slots stand for the next 63 steps, wherever it is.
 *
 * Timers that are due are first collected and then called, so that callbacks find the wheel in
 * order and may start, stop and remove any timer, themselves included. */
#include "loop/timer.h"

#include <limits.h>
#include <stddef.h>
#include <string.h>

enum { SLOT_BITS = 6, TOP_LEVEL = TIMER_LEVELS - 1 };

_Static_assert(1 << SLOT_BITS == TIMER_SLOTS, "a level's slots are one group of bits");

/* Place of a timer that is due and waits to be called: starting it again moves it back. */
static const uint64_t PLACE_DUE = UINT64_MAX;

void timer_wheel_init(struct timer_wheel *wheel, uint64_t now) {
    memset(wheel, 0, sizeof *wheel);
    wheel->now = now;
}

static unsigned level_shift(unsigned level) {
    return level * SLOT_BITS;
}

static unsigned slot_at(uint64_t time, unsigned level) {
    return (unsigned)(time >> level_shift(level)) % TIMER_SLOTS;
}

static void link_timer(struct timer **head, struct timer *timer) {
    timer->next = *head;
    timer->link = head;
    if (timer->next != NULL) {
        timer->next->link = &timer->next;
    }
    *head = timer;
}

static void unlink_timer(struct timer *timer) {
    *timer->link = timer->next;
    if (timer->next != NULL) {
        timer->next->link = timer->link;
    }
    timer->next = NULL;
    timer->link = NULL;
}

/* The lowest level on which `time` and the wheel's time fall into different slots. */
static unsigned level_for(const struct timer_wheel *wheel, uint64_t time) {
    uint64_t difference = time ^ wheel->now;
    if (difference == 0) {
        return 0;
    }
    unsigned level = (unsigned)(63 - __builtin_clzll(difference)) / SLOT_BITS;
    return level < TOP_LEVEL ? level : TOP_LEVEL;
}

static void place_timer(struct timer_wheel *wheel, struct timer *timer) {
    uint64_t time = timer->deadline > wheel->now ? timer->deadline : wheel->now;
    unsigned level = level_for(wheel, time);
    unsigned shift = level_shift(level);
    uint64_t step = time >> shift;
    if (level == TOP_LEVEL && step - (wheel->now >> shift) >= TIMER_SLOTS) {
        step = (wheel->now >> shift) + TIMER_SLOTS - 1;
    }
    timer->place = step << shift;
    unsigned slot = (unsigned)step % TIMER_SLOTS;
    link_timer(&wheel->slots[level][slot], timer);
    wheel->occupied[level] |= UINT64_C(1) << slot;
}

void timer_start(struct timer_wheel *wheel, struct timer *timer, uint64_t deadline) {
    timer->deadline = deadline > 0 ? deadline : 1;
    if (timer->link != NULL && timer->place <= timer->deadline) {
        return; /* it is looked at again in time */
    }
    if (timer->link != NULL) {
        timer_remove(wheel, timer);
        timer->deadline = deadline > 0 ? deadline : 1;
    }
    place_timer(wheel, timer);
}

void timer_remove(struct timer_wheel *wheel, struct timer *timer) {
    timer->deadline = 0;
    if (timer->link == NULL) {
        return;
    }
    struct timer **link = timer->link;
    unlink_timer(timer);
    /* The link is a slot of the wheel, another timer's `next`, or the head of the due list. */
    uintptr_t offset = (uintptr_t)link - (uintptr_t)wheel->slots;
    if (offset < sizeof wheel->slots && *link == NULL) {
        size_t index = (size_t)(link - &wheel->slots[0][0]);
        wheel->occupied[index / TIMER_SLOTS] &= ~(UINT64_C(1) << index % TIMER_SLOTS);
    }
}

static uint64_t rotate_right(uint64_t bits, unsigned count) {
    return bits >> (count % 64) | bits << ((64 - count) % 64);
}

/* Finds the slot that comes up next, and when; false when the wheel is empty. */
static bool find_next(const struct timer_wheel *wheel, unsigned *level, uint64_t *time) {
    for (*level = 0; *level < TOP_LEVEL; ++*level) {
        if (wheel->occupied[*level] != 0) {
            unsigned slot = (unsigned)__builtin_ctzll(wheel->occupied[*level]);
            unsigned round = level_shift(*level + 1);
            *time = wheel->now >> round << round | (uint64_t)slot << level_shift(*level);
            return true;
        }
    }
    if (wheel->occupied[TOP_LEVEL] == 0) {
        return false;
    }
    unsigned shift = level_shift(TOP_LEVEL);
    uint64_t step = (wheel->now >> shift) + 1;
    uint64_t ahead = rotate_right(wheel->occupied[TOP_LEVEL], (unsigned)step % TIMER_SLOTS);
    *time = (step + (unsigned)__builtin_ctzll(ahead)) << shift;
    return true;
}

int timer_wheel_wait(const struct timer_wheel *wheel, uint64_t now) {
    unsigned level;
    uint64_t time;
    if (!find_next(wheel, &level, &time)) {
        return -1;
    }
    if (time <= now) {
        return 0;
    }
    return time - now < INT_MAX ? (int)(time - now) : INT_MAX;
}

/* Empties the slot that has come up: what is due joins the due list, what lies further on in a
 * coarse slot or was moved later is placed anew, what was stopped drops off. */
static void take_slot(struct timer_wheel *wheel, struct timer **head, struct timer ***due_end) {
    struct timer *timer = *head;
    *head = NULL;
    while (timer != NULL) {
        struct timer *next = timer->next;
        timer->next = NULL;
        timer->link = NULL;
        if (timer->deadline > wheel->now) {
            place_timer(wheel, timer);
        } else if (timer->deadline != 0) {
            timer->place = PLACE_DUE;
            link_timer(*due_end, timer);
            *due_end = &timer->next;
        }
        timer = next;
    }
}

void timer_wheel_advance(struct timer_wheel *wheel, uint64_t now) {
    struct timer *due = NULL;
    struct timer **due_end = &due;
    unsigned level;
    uint64_t time;
    while (find_next(wheel, &level, &time) && time <= now) {
        wheel->now = time;
        unsigned slot = slot_at(time, level);
        wheel->occupied[level] &= ~(UINT64_C(1) << slot);
        take_slot(wheel, &wheel->slots[level][slot], &due_end);
    }
    if (now > wheel->now) {
        wheel->now = now;
    }
    while (due != NULL) {
        struct timer *timer = due;
        unlink_timer(timer);
        if (timer->deadline != 0) {
            timer->deadline = 0;
            timer->on_expire(timer);
        }
    }
}
