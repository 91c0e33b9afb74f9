/* A futex with its owner's number in it. Whoever waits sets a bit, so that giving a lock that
 * nobody waits for is one store. A process may be killed between giving a lock and waking who waits
 * for it; so nobody sleeps for long without looking again. */
#include "net/zone_lock.h"

#include <linux/futex.h>
#include <stddef.h>
#include <sys/syscall.h>
#include <time.h>
#include <unistd.h>

#define WAITED 0x80000000U

enum { SPINS = 100, WAIT_MS = 20 };

static void relax(void) {
#if defined(__x86_64__) || defined(__i386__)
    __builtin_ia32_pause();
#elif defined(__aarch64__)
    __asm__ volatile("yield");
#endif
}

static bool replace(struct zone_lock *lock, uint32_t old, uint32_t new) {
    return __atomic_compare_exchange_n(&lock->word, &old, new, false, __ATOMIC_ACQUIRE,
                                       __ATOMIC_RELAXED);
}

static void wake_one(struct zone_lock *lock) {
    (void)syscall(SYS_futex, &lock->word, FUTEX_WAKE, 1, NULL, NULL, 0);
}

/* Sleeps while the word is that of somebody else, and not for long. */
static void wait_a_little(struct zone_lock *lock) {
    static const struct timespec time = {.tv_nsec = WAIT_MS * 1000000L};
    uint32_t word = __atomic_load_n(&lock->word, __ATOMIC_RELAXED);
    if (word != 0 && ((word & WAITED) != 0 || replace(lock, word, word | WAITED))) {
        (void)syscall(SYS_futex, &lock->word, FUTEX_WAIT, word | WAITED, &time, NULL, 0);
    }
}

/* What is done under a lock takes less time than going to sleep. */
static bool take_soon(struct zone_lock *lock, uint32_t owner) {
    for (int i = 0; i < SPINS; i++) {
        if (__atomic_load_n(&lock->word, __ATOMIC_RELAXED) == 0 && replace(lock, 0, owner)) {
            return true;
        }
        relax();
    }
    return false;
}

/* Others may be asleep as well, so the bit is kept. */
void zone_lock_take(struct zone_lock *lock, uint32_t owner) {
    bool is_taken = take_soon(lock, owner);
    while (!is_taken && !replace(lock, 0, owner | WAITED)) {
        wait_a_little(lock);
    }
}

static uint64_t now_ms(void) {
    struct timespec now;
    clock_gettime(CLOCK_MONOTONIC, &now);
    return (uint64_t)now.tv_sec * 1000 + (uint64_t)now.tv_nsec / 1000000;
}

/* By the clock: how often it was woken says nothing, as others may be quicker each time. */
bool zone_lock_take_patiently(struct zone_lock *lock, uint32_t owner, uint32_t *patience) {
    if (take_soon(lock, owner)) {
        return true;
    }
    uint64_t begun = now_ms();
    uint64_t waited = 0;
    bool is_taken;
    while (!(is_taken = replace(lock, 0, owner | WAITED)) && waited < *patience) {
        wait_a_little(lock);
        waited = now_ms() - begun;
    }
    *patience -= waited < *patience ? (uint32_t)waited : *patience;
    return is_taken;
}

void zone_lock_give(struct zone_lock *lock) {
    if ((__atomic_exchange_n(&lock->word, 0, __ATOMIC_RELEASE) & WAITED) != 0) {
        wake_one(lock);
    }
}

void zone_lock_give_for(struct zone_lock *lock, uint32_t owner) {
    uint32_t word = __atomic_load_n(&lock->word, __ATOMIC_RELAXED);
    if ((word & ~WAITED) == owner) {
        zone_lock_give(lock);
    }
}
