/* Sessions in shared memory: what was put there is what is found, the least recently used makes
 * room, and neither killed processes nor nonsense in the memory do more harm than lost sessions. */
#include "net/session_store.c"

#include "guard.h"
#include "unit.h"

#include <signal.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <time.h>

enum { SIZE = 65536, NOW = 1000, LATER = 2000 };

static char found[SESSION_LARGEST];

static int create_memory(uint64_t size) {
    int descriptor = session_store_create(size);
    CU_ASSERT_FATAL(descriptor >= 0);
    return descriptor;
}

static struct session_store *map(int descriptor, uint32_t owner) {
    struct session_store *store = session_store_map(descriptor, owner);
    CU_ASSERT_PTR_NOT_NULL_FATAL(store);
    return store;
}

static struct session_store *create(uint64_t size) {
    int descriptor = create_memory(size);
    struct session_store *store = map(descriptor, 1);
    close(descriptor);
    return store;
}

static struct slice id_of(uint32_t number) {
    static char text[SESSION_LARGEST_ID];
    memset(text, 'i', sizeof text);
    memcpy(text, &number, sizeof number);
    return (struct slice){text, sizeof text};
}

static struct slice session_of(uint32_t number, size_t size) {
    static char bytes[SESSION_LARGEST + 1];
    for (size_t i = 0; i < size; i++) {
        bytes[i] = (char)(number * 31 + i * 7);
    }
    return (struct slice){bytes, size};
}

static void put(struct session_store *store, uint32_t number, size_t size) {
    session_store_put(store, id_of(number), session_of(number, size), NOW, LATER);
}

static size_t get(struct session_store *store, uint32_t number) {
    return session_store_get(store, id_of(number), NOW, found);
}

static bool has(struct session_store *store, uint32_t number, size_t size) {
    return get(store, number) == size && memcmp(found, session_of(number, size).data, size) == 0;
}

static void gives_back_what_was_put(void) {
    struct session_store *store = create(SIZE);
    static const size_t sizes[] = {1, 3, 4, 5, 63, 64, 65, 128, 190, 4096, SESSION_LARGEST};
    for (uint32_t i = 0; i < sizeof sizes / sizeof sizes[0]; i++) {
        put(store, i, sizes[i]);
        CU_ASSERT_TRUE(has(store, i, sizes[i]));
    }
    CU_ASSERT_EQUAL(get(store, 100), 0);
    put(store, 3, 500);
    CU_ASSERT_TRUE(has(store, 3, 500));
    session_store_remove(store, id_of(3));
    session_store_remove(store, id_of(100));
    CU_ASSERT_EQUAL(get(store, 3), 0);
    CU_ASSERT_TRUE(has(store, 10, SESSION_LARGEST));
    session_store_release(store);
}

static void keeps_no_nonsense(void) {
    struct session_store *store = create(SIZE);
    char id[SESSION_LARGEST_ID + 1] = "";
    session_store_put(store, (struct slice){id, sizeof id}, SLICE("session"), NOW, LATER);
    session_store_put(store, SLICE(""), SLICE("session"), NOW, LATER);
    session_store_put(store, SLICE("empty"), SLICE(""), NOW, LATER);
    session_store_put(store, SLICE("large"), session_of(1, SESSION_LARGEST + 1), NOW, LATER);
    session_store_put(store, SLICE("over"), SLICE("session"), NOW, NOW);
    CU_ASSERT_EQUAL(session_store_get(store, SLICE(""), NOW, found), 0);
    CU_ASSERT_EQUAL(session_store_get(store, (struct slice){id, sizeof id}, NOW, found), 0);
    CU_ASSERT_EQUAL(store->memory->used, 0);
    session_store_release(store);
}

static void sessions_expire(void) {
    struct session_store *store = create(SIZE);
    put(store, 1, 100);
    session_store_put(store, SLICE("forever"), SLICE("session"), NOW, UINT64_MAX);
    CU_ASSERT_EQUAL(session_store_get(store, id_of(1), LATER - 1, found), 100);
    CU_ASSERT_EQUAL(session_store_get(store, id_of(1), LATER, found), 0);
    CU_ASSERT_EQUAL(session_store_get(store, id_of(1), NOW, found), 0); /* it is gone */
    CU_ASSERT_EQUAL(session_store_get(store, SLICE("forever"), LATER, found), 7);
    session_store_release(store);
}

static void the_least_recently_used_makes_room(void) {
    struct session_store *store = create(SIZE);
    uint32_t fitting = store->cell_count / count_cells(190);
    for (uint32_t i = 0; i < fitting; i++) {
        put(store, i, 190);
    }
    CU_ASSERT_TRUE(has(store, 0, 190)); /* used again, so the next one is the oldest */
    CU_ASSERT_TRUE(has(store, 1, 190));
    put(store, fitting, 190);
    put(store, fitting + 1, 190);
    CU_ASSERT_TRUE(has(store, 0, 190));
    CU_ASSERT_TRUE(has(store, 1, 190));
    CU_ASSERT_EQUAL(get(store, 2), 0);
    CU_ASSERT_TRUE(has(store, fitting, 190));
    CU_ASSERT_TRUE(has(store, fitting - 1, 190));
    session_store_release(store);
}

/* As nginx says of its own: a megabyte has about 4000 sessions. */
static void never_takes_more_memory(void) {
    enum { MEGABYTE = 1 << 20, MANY = 100000 };
    struct stat status;
    int descriptor = create_memory(MEGABYTE);
    struct session_store *store = map(descriptor, 1);
    uint32_t kept = 0;
    for (uint32_t i = 0; i < MANY; i++) {
        put(store, i, 170 + i % 50 * (i % 7 == 0 ? 40U : 0U));
    }
    for (uint32_t i = 0; i < MANY; i++) {
        kept += get(store, i) > 0;
    }
    CU_ASSERT_TRUE(kept > 1500);
    for (uint32_t i = 0; i < MANY; i++) {
        put(store, i, 170);
    }
    kept = 0;
    for (uint32_t i = 0; i < MANY; i++) {
        kept += get(store, i) > 0;
    }
    CU_ASSERT_TRUE(kept >= 4000 && kept < 4200);
    CU_ASSERT_EQUAL(fstat(descriptor, &status), 0);
    CU_ASSERT_TRUE(status.st_size == MEGABYTE && status.st_blocks * 512 <= MEGABYTE);
    CU_ASSERT_NOT_EQUAL(ftruncate(descriptor, 0), 0);
    close(descriptor);
    session_store_release(store);
}

static void what_is_too_small_is_no_store(void) {
    int descriptor = create_memory(CELL);
    CU_ASSERT_PTR_NULL(session_store_map(descriptor, 1));
    close(descriptor);
    CU_ASSERT_PTR_NULL(session_store_map(-1, 1));
    CU_ASSERT_EQUAL(session_store_create(UINT64_MAX), -1);
    struct session_store *store = create(4096);
    put(store, 1, SESSION_LARGEST); /* more than there is */
    CU_ASSERT_EQUAL(get(store, 1), 0);
    put(store, 1, 3000);
    put(store, 2, 3000);
    CU_ASSERT_EQUAL(get(store, 1), 0);
    CU_ASSERT_TRUE(has(store, 2, 3000));
    session_store_release(store);
}

/* --- several processes --- */

static void processes_see_the_same(void) {
    enum { PROCESSES = 4, EACH = 2000 };
    int descriptor = create_memory(8 << 20);
    struct session_store *store = map(descriptor, 99);
    for (uint32_t process = 0; process < PROCESSES; process++) {
        if (fork() == 0) {
            struct session_store *own = map(descriptor, process + 1);
            uint32_t wrong = 0;
            for (uint32_t i = process * EACH; i < (process + 1) * EACH; i++) {
                put(own, i, 100 + i % 300);
                wrong += !has(own, i, 100 + i % 300);
            }
            _exit(wrong > 0);
        }
    }
    int status;
    while (wait(&status) > 0) {
        CU_ASSERT_EQUAL(status, 0);
    }
    uint32_t missing = 0;
    for (uint32_t i = 0; i < PROCESSES * EACH; i++) {
        missing += !has(store, i, 100 + i % 300);
    }
    CU_ASSERT_EQUAL(missing, 0);
    close(descriptor);
    session_store_release(store);
}

static void end_process(pid_t process) {
    kill(process, SIGKILL);
    waitpid(process, NULL, 0);
}

/* A process that has the lock, in the middle of a change or just before it. */
static pid_t start_owner(struct session_store *store, uint32_t owner, bool is_changing) {
    pid_t process = fork();
    if (process == 0) {
        store->owner = owner;
        (void)begin(store);
        if (is_changing) {
            memset(store->cells, 0x5a, 64 * sizeof *store->cells);
        } else {
            mark(store, 0);
        }
        for (;;) {
            pause();
        }
    }
    while ((__atomic_load_n(&store->memory->lock.word, __ATOMIC_RELAXED) & 0xff) != owner) {
        usleep(100);
    }
    usleep(20000);
    return process;
}

static void the_lock_of_a_killed_process_passes_on(void) {
    struct session_store *store = create(SIZE);
    put(store, 1, 100);
    end_process(start_owner(store, 7, false));
    session_store_forget_owner(store, 8); /* it was another */
    CU_ASSERT_EQUAL(get(store, 1), 0);
    session_store_forget_owner(store, 7);
    CU_ASSERT_TRUE(has(store, 1, 100));
    end_process(start_owner(store, 7, true));
    session_store_forget_owner(store, 7);
    CU_ASSERT_EQUAL(get(store, 1), 0); /* nothing half done is believed */
    put(store, 1, 100);
    CU_ASSERT_TRUE(has(store, 1, 100));
    session_store_release(store);
}

static double seconds(void) {
    struct timespec time;
    clock_gettime(CLOCK_MONOTONIC, &time);
    return (double)time.tv_sec + (double)time.tv_nsec / 1e9;
}

/* A stopped process does not stop the others. */
static void nobody_waits_for_long(void) {
    struct session_store *store = create(SIZE);
    pid_t process = start_owner(store, 7, false);
    double before = seconds();
    for (uint32_t i = 0; i < 1000; i++) {
        put(store, i, 100);
        CU_ASSERT_EQUAL(get(store, i), 0);
    }
    CU_ASSERT_TRUE(seconds() - before < 3);
    end_process(process);
    session_store_forget_owner(store, 7);
    put(store, 1, 100);
    CU_ASSERT_TRUE(has(store, 1, 100));
    session_store_release(store);
}

/* Killed at any moment, again and again: no session is ever a wrong one. */
static void kills_leave_nothing_wrong(void) {
    enum { KILLS = 200 };
    int descriptor = create_memory(SIZE);
    struct session_store *store = map(descriptor, 1);
    uint32_t wrong = 0;
    for (uint32_t i = 0; i < KILLS; i++) {
        pid_t process = fork();
        if (process == 0) {
            struct session_store *own = map(descriptor, 2);
            for (uint32_t k = 0;; k++) {
                put(own, k % 300, 100 + k % 300);
                (void)get(own, k * 7 % 300);
            }
        }
        usleep(500 + i * 13 % 2000);
        end_process(process);
        session_store_forget_owner(store, 2);
        for (uint32_t k = 0; k < 300; k++) {
            wrong += get(store, k) != 0 && !has(store, k, 100 + k);
        }
        put(store, 1000, 100);
        wrong += !has(store, 1000, 100);
    }
    CU_ASSERT_EQUAL(wrong, 0);
    close(descriptor);
    session_store_release(store);
}

/* --- memory that is not believed --- */

static uint32_t roll(uint32_t *seed) {
    *seed = *seed * 1664525 + 1013904223;
    return *seed >> 8;
}

/* Numbers that are likely to do harm: of cells, next to the last one, any. */
static uint32_t choose_number(const struct session_store *store, uint32_t *seed) {
    switch (roll(seed) % 4) {
    case 0:
        return roll(seed) % (store->cell_count + 3);
    case 1:
        return store->cell_count - 1 + roll(seed) % 4;
    case 2:
        return roll(seed) % 4;
    default:
        return roll(seed) * 257;
    }
}

static void corrupt(struct session_store *store, uint32_t *seed) {
    uint32_t *words = (uint32_t *)(void *)store->memory;
    size_t count = store->size / sizeof *words;
    size_t live = (size_t)((uint32_t *)(void *)store->cells - words) + 2000;
    for (uint32_t i = roll(seed) % 20; i > 0; i--) {
        size_t at = roll(seed) % 8 == 0 ? 16 + roll(seed) % 16 : roll(seed) % live;
        if (at >= sizeof(struct zone_lock) / sizeof *words && at < count) {
            words[at] = choose_number(store, seed);
        }
    }
}

/* With the end of the memory next to an unmapped page. */
static void nonsense_in_the_memory_does_no_harm(void) {
    static const char zeros[SIZE];
    struct guard guard = guard_copy(zeros, sizeof zeros);
    struct session_store store = {.references = 2,
                                  .owner = 1,
                                  .patience = PATIENCE_MS,
                                  .memory = (void *)guard.data,
                                  .size = sizeof zeros};
    divide(&store);
    uint32_t seed = 1;
    for (uint32_t i = 0; i < 200000; i++) {
        if (i % 50 == 0) {
            corrupt(&store, &seed);
        }
        uint32_t number = roll(&seed) % 200;
        switch (roll(&seed) % 4) {
        case 0:
            session_store_remove(&store, id_of(number));
            break;
        case 1:
            (void)get(&store, number);
            break;
        default:
            put(&store, number, 1 + roll(&seed) % (number % 10 == 0 ? SESSION_LARGEST : 300));
        }
    }
    CU_ASSERT_EQUAL(store.memory->lock.word, 0);
    guard_release(&guard);
}

static void what_cannot_be_empties_the_store(void) {
    struct session_store *store = create(SIZE);
    for (uint32_t i = 0; i < 10; i++) {
        put(store, i, 100);
    }
    for (uint32_t i = 0; i < store->bucket_count; i++) {
        store->buckets[i] = UINT32_MAX;
    }
    CU_ASSERT_EQUAL(get(store, 1), 0);
    CU_ASSERT_EQUAL(store->memory->used, 0);
    put(store, 1, 100);
    CU_ASSERT_TRUE(has(store, 1, 100));
    session_store_release(store);
}

UNIT_TESTS("net/session_store", {"gives back what was put", gives_back_what_was_put},
           {"keeps no nonsense", keeps_no_nonsense}, {"sessions expire", sessions_expire},
           {"the least recently used makes room", the_least_recently_used_makes_room},
           {"never takes more memory", never_takes_more_memory},
           {"what is too small is no store", what_is_too_small_is_no_store},
           {"processes see the same", processes_see_the_same},
           {"the lock of a killed process passes on", the_lock_of_a_killed_process_passes_on},
           {"nobody waits for long", nobody_waits_for_long},
           {"kills leave nothing wrong", kills_leave_nothing_wrong},
           {"nonsense in the memory does no harm", nonsense_in_the_memory_does_no_harm},
           {"what cannot be empties the store", what_cannot_be_empties_the_store}, )
