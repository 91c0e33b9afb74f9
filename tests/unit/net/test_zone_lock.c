/* One at a time, whoever waits gets its turn, and nobody who has ended keeps a lock. */
#include "unit.h"

#include "net/zone_lock.h"

#include <signal.h>
#include <sys/mman.h>
#include <sys/wait.h>
#include <unistd.h>

/* Memory that forked processes share. */
struct shared {
    struct zone_lock lock;
    volatile uint32_t counter;
    volatile bool is_taken;
};

static struct shared *share(void) {
    struct shared *shared =
        mmap(NULL, sizeof *shared, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
    CU_ASSERT_TRUE_FATAL(shared != MAP_FAILED);
    return shared;
}

/* A process that takes the lock and keeps it, or waits for it. */
static pid_t start_taker(struct shared *shared, uint32_t owner) {
    pid_t process = fork();
    if (process == 0) {
        zone_lock_take(&shared->lock, owner);
        shared->is_taken = true;
        for (;;) {
            pause();
        }
    }
    return process;
}

static void wait_until_taken(const struct shared *shared) {
    for (int i = 0; i < 2000 && !shared->is_taken; i++) {
        usleep(1000);
    }
    CU_ASSERT_TRUE(shared->is_taken);
}

static void end(pid_t process) {
    kill(process, SIGKILL);
    waitpid(process, NULL, 0);
}

static void processes_take_turns(void) {
    enum { PROCESSES = 4, TURNS = 50000 };
    struct shared *shared = share();
    for (uint32_t owner = 1; owner <= PROCESSES; owner++) {
        if (fork() == 0) {
            for (int i = 0; i < TURNS; i++) {
                zone_lock_take(&shared->lock, owner);
                shared->counter++;
                zone_lock_give(&shared->lock);
            }
            _exit(0);
        }
    }
    while (wait(NULL) > 0) {
    }
    CU_ASSERT_EQUAL(shared->counter, PROCESSES * TURNS);
    CU_ASSERT_EQUAL(shared->lock.word, 0);
    munmap(shared, sizeof *shared);
}

static void a_lock_of_a_process_that_has_ended_is_given_to_who_waits(void) {
    struct shared *shared = share();
    pid_t first = start_taker(shared, 1);
    wait_until_taken(shared);
    shared->is_taken = false;
    pid_t second = start_taker(shared, 2);
    end(first);
    zone_lock_give_for(&shared->lock, 3); /* it was not that one's */
    usleep(60000);
    CU_ASSERT_FALSE(shared->is_taken);
    zone_lock_give_for(&shared->lock, 1);
    wait_until_taken(shared);
    end(second);
    munmap(shared, sizeof *shared);
}

/* Whoever gave it was killed before it could wake anybody. */
static void nobody_sleeps_when_waking_was_forgotten(void) {
    struct shared *shared = share();
    zone_lock_take(&shared->lock, 1);
    pid_t second = start_taker(shared, 2);
    usleep(60000);
    __atomic_store_n(&shared->lock.word, 0, __ATOMIC_RELEASE);
    wait_until_taken(shared);
    end(second);
    munmap(shared, sizeof *shared);
}

static void patience_ends(void) {
    struct zone_lock lock = {0};
    uint32_t patience = 3;
    CU_ASSERT_TRUE(zone_lock_take_patiently(&lock, 1, &patience));
    CU_ASSERT_EQUAL(patience, 3);
    CU_ASSERT_FALSE(zone_lock_take_patiently(&lock, 2, &patience));
    CU_ASSERT_EQUAL(patience, 0);
    zone_lock_give(&lock);
    CU_ASSERT_TRUE(zone_lock_take_patiently(&lock, 2, &patience));
}

UNIT_TESTS("net/zone_lock", {"processes take turns", processes_take_turns},
           {"a lock of a process that has ended is given to who waits",
            a_lock_of_a_process_that_has_ended_is_given_to_who_waits},
           {"nobody sleeps when waking was forgotten", nobody_sleeps_when_waking_was_forgotten},
           {"patience ends", patience_ends})
