/* Counting requests: one limit and several, room that becomes scarce, processes that share a zone
 * or are killed while they change it. */
#include "limit/requests.h"
#include "limit/store.h"
#include "zones.h"

#include <string.h>
#include <sys/mman.h>

enum { OWNER = 7, SMALLEST = 32768 };

static struct limit_request limit_on(struct shared_area *area, uint64_t rate, uint64_t burst,
                                     uint64_t delay) {
    return (struct limit_request){
        .area = area, .rate = rate * 1000, .burst = burst * 1000, .delay = delay * 1000};
}

static struct limit_answer ask(struct limit_request *limits, uint32_t count, const char *key,
                               uint64_t now) {
    for (uint32_t i = 0; i < count; i++) {
        limit_requests_set_key(&limits[i], slice_from_string(key));
    }
    return limit_requests_ask(limits, count, now, OWNER);
}

/* How many of `asked` requests at one moment are let through. */
static uint32_t count_passed(struct limit_request *limit, const char *key, uint64_t now,
                             uint32_t asked) {
    uint32_t passed = 0;
    for (uint32_t i = 0; i < asked; i++) {
        passed += !ask(limit, 1, key, now).is_rejected;
    }
    return passed;
}

static void lets_a_burst_through_and_then_the_rate(void) {
    struct shared_area area = zone_open(1 << 20);
    struct limit_request limit = limit_on(&area, 10, 20, 20);
    CU_ASSERT_EQUAL(count_passed(&limit, "a", 100000, 100), 21);
    CU_ASSERT_EQUAL(count_passed(&limit, "a", 100099, 100), 0);
    CU_ASSERT_EQUAL(count_passed(&limit, "a", 100100, 100), 1);
    CU_ASSERT_EQUAL(count_passed(&limit, "b", 100100, 100), 21);
    CU_ASSERT_EQUAL(count_passed(&limit, "a", 101100, 100), 10);
    CU_ASSERT_EQUAL(count_passed(&limit, "a", 200000, 100), 21);
    shared_area_unmap(&area);
}

static void says_how_long_to_wait(void) {
    struct shared_area area = zone_open(1 << 20);
    struct limit_request limit = limit_on(&area, 10, 5, 0);
    static const uint64_t waits[] = {0, 100, 200, 300, 400, 500};
    for (size_t i = 0; i < 6; i++) {
        struct limit_answer answer = ask(&limit, 1, "a", 5000);
        CU_ASSERT_EQUAL(answer.is_rejected, false);
        CU_ASSERT_EQUAL(answer.wait, waits[i]);
        CU_ASSERT_EQUAL(answer.excess, i * 1000);
    }
    struct limit_answer answer = ask(&limit, 1, "a", 5050);
    CU_ASSERT_EQUAL(answer.is_rejected, true);
    CU_ASSERT_EQUAL(answer.excess, 5500);
    limit.delay = 3000;
    answer = ask(&limit, 1, "a", 5150);
    CU_ASSERT_EQUAL(answer.excess, 4500);
    CU_ASSERT_EQUAL(answer.wait, 150);
    shared_area_unmap(&area);
}

static void does_not_count_empty_keys(void) {
    struct shared_area area = zone_open(1 << 20);
    struct limit_request limits[] = {limit_on(&area, 1, 0, 0), limit_on(&area, 1, 0, 0)};
    for (int i = 0; i < 3; i++) {
        struct limit_answer answer = ask(limits, 2, "", 1000);
        CU_ASSERT_EQUAL(answer.is_rejected, false);
        CU_ASSERT_FALSE(answer.is_counted);
    }
    shared_area_unmap(&area);
}

/* The stricter zone rejects; the other has not counted what it rejected. */
static void one_zone_that_rejects_leaves_the_others_alone(void) {
    struct shared_area wide = zone_open(SMALLEST);
    struct shared_area narrow = zone_open(SMALLEST);
    struct limit_request limits[] = {limit_on(&wide, 100, 10, 10), limit_on(&narrow, 1, 1, 1)};
    for (int i = 0; i < 8; i++) {
        struct limit_answer answer = ask(limits, 2, "a", 1000);
        CU_ASSERT_EQUAL(answer.is_rejected, i >= 2);
        CU_ASSERT_EQUAL(answer.decisive, 1);
    }
    CU_ASSERT_EQUAL(count_passed(&limits[0], "a", 1000, 100), 9); /* 11 but the two */
    shared_area_unmap(&wide);
    shared_area_unmap(&narrow);
}

/* As nginx: the longest wait counts, and the log names that zone. */
static void waits_for_the_slowest_zone(void) {
    struct shared_area slow = zone_open(SMALLEST);
    struct shared_area fast = zone_open(SMALLEST);
    struct limit_request limits[] = {limit_on(&slow, 1, 10, 0), limit_on(&fast, 10, 10, 0)};
    CU_ASSERT_EQUAL(ask(limits, 2, "a", 1000000).wait, 0);
    struct limit_answer answer = ask(limits, 2, "a", 1000000);
    CU_ASSERT_EQUAL(answer.wait, 1000);
    CU_ASSERT_EQUAL(answer.decisive, 0);
    CU_ASSERT_EQUAL(answer.excess, 1000);
    struct limit_request turned[] = {limits[1], limits[0]};
    answer = ask(turned, 2, "a", 1000000);
    CU_ASSERT_EQUAL(answer.wait, 2000);
    CU_ASSERT_EQUAL(answer.decisive, 1);
    /* Without a key in the last one the first counts all the same. */
    limit_requests_set_key(&limits[0], SLICE("a"));
    limit_requests_set_key(&limits[1], SLICE(""));
    answer = limit_requests_ask(limits, 2, 1000000, OWNER);
    CU_ASSERT_TRUE(answer.is_counted);
    CU_ASSERT_EQUAL(answer.wait, 3000);
    shared_area_unmap(&slow);
    shared_area_unmap(&fast);
}

static void waits_by_the_rate_of_each_zone(void) {
    struct shared_area areas[] = {zone_open(SMALLEST), zone_open(SMALLEST), zone_open(SMALLEST)};
    struct limit_request limits[] = {limit_on(&areas[0], 10, 10, 0), limit_on(&areas[1], 1, 10, 0),
                                     limit_on(&areas[2], 10, 10, 0)};
    CU_ASSERT_EQUAL(ask(limits, 3, "a", 1000000).wait, 0);
    struct limit_answer answer = ask(limits, 3, "a", 1000000);
    CU_ASSERT_EQUAL(answer.wait, 1000);
    CU_ASSERT_EQUAL(answer.decisive, 1);
    for (size_t i = 0; i < 3; i++) {
        shared_area_unmap(&areas[i]);
    }
}

static uint32_t capacity(uint64_t size) {
    struct shared_area area = zone_open(size);
    struct limit_store store;
    CU_ASSERT_TRUE_FATAL(limit_store_begin(&store, &area, true, OWNER));
    uint32_t count = store.entry_count;
    limit_store_end(&store);
    shared_area_unmap(&area);
    return count;
}

/* nginx's documentation: some 16 thousand of its smallest states in a megabyte. */
static void keeps_more_than_nginx(void) {
    CU_ASSERT_TRUE(capacity(1 << 20) > 16000);
    CU_ASSERT_TRUE(capacity(SMALLEST) > 500);
}

static void evicts_what_was_not_used_for_the_longest_time(void) {
    struct shared_area area = zone_open(SMALLEST);
    struct limit_request limit = limit_on(&area, 1, 0, 0);
    uint32_t room = capacity(SMALLEST);
    char key[32];
    CU_ASSERT_EQUAL(count_passed(&limit, "kept", 1000, 2), 1);
    for (uint32_t i = 0; i < 10 * room; i++) {
        snprintf(key, sizeof key, "%u", i);
        CU_ASSERT_EQUAL(ask(&limit, 1, key, 1000).is_rejected, false);
        if (i % 100 == 0) {
            CU_ASSERT_EQUAL(ask(&limit, 1, "kept", 1000).is_rejected, true);
        }
    }
    snprintf(key, sizeof key, "%u", 10 * room - 1);
    CU_ASSERT_EQUAL(ask(&limit, 1, key, 1000).is_rejected, true);  /* was just there */
    CU_ASSERT_EQUAL(ask(&limit, 1, "0", 1000).is_rejected, false); /* was let go */
    shared_area_unmap(&area);
}

static uint32_t count_entries(struct shared_area *area) {
    struct limit_store store;
    uint32_t count = 0;
    CU_ASSERT_TRUE_FATAL(limit_store_begin(&store, area, true, OWNER));
    for (uint32_t i = 1; i <= limit_store_used(&store); i++) {
        count += limit_store_at(&store, i)->is_used;
    }
    limit_store_end(&store);
    return count;
}

/* Each new key looks at the two oldest. */
static void lets_go_of_empty_ones_after_a_minute(void) {
    struct shared_area area = zone_open(1 << 20);
    struct limit_request limit = limit_on(&area, 1, 0, 0);
    char key[32];
    for (uint32_t i = 0; i < 100; i++) {
        snprintf(key, sizeof key, "%u", i);
        (void)ask(&limit, 1, key, 1000);
    }
    CU_ASSERT_EQUAL(count_entries(&area), 100);
    (void)ask(&limit, 1, "x", 60999);
    CU_ASSERT_EQUAL(count_entries(&area), 101);
    (void)ask(&limit, 1, "y", 61000);
    CU_ASSERT_EQUAL(count_entries(&area), 100);
    (void)ask(&limit, 1, "y", 61000);
    CU_ASSERT_EQUAL(count_entries(&area), 100);
    shared_area_unmap(&area);
}

/* One with something left in it stays, however old: 100 requests at one in ten minutes. */
static void keeps_what_is_not_empty(void) {
    struct shared_area area = zone_open(1 << 20);
    struct limit_request limit = limit_on(&area, 1, 100, 100);
    limit.rate = 1;
    CU_ASSERT_EQUAL(count_passed(&limit, "a", 1000, 50), 50);
    (void)ask(&limit, 1, "b", 200000);
    CU_ASSERT_EQUAL(count_entries(&area), 2);
    shared_area_unmap(&area);
}

static uint32_t *passed_by_all;

static void ask_often(struct shared_area *area, uint32_t owner) {
    struct limit_request limit = limit_on(area, 10, 1000, 1000);
    for (int i = 0; i < 2000; i++) {
        limit_requests_set_key(&limit, SLICE("a"));
        if (!limit_requests_ask(&limit, 1, 5000, owner).is_rejected) {
            __atomic_add_fetch(passed_by_all, 1, __ATOMIC_RELAXED);
        }
    }
}

static void processes_share_one_budget(void) {
    struct shared_area area = zone_open(1 << 20);
    passed_by_all = mmap(NULL, sizeof *passed_by_all, PROT_READ | PROT_WRITE,
                         MAP_SHARED | MAP_ANONYMOUS, -1, 0);
    CU_ASSERT_TRUE_FATAL(passed_by_all != MAP_FAILED);
    in_processes(4, ask_often, &area);
    CU_ASSERT_EQUAL(*passed_by_all, 1001);
    munmap(passed_by_all, sizeof *passed_by_all);
    shared_area_unmap(&area);
}

static void ask_forever(struct shared_area *area, uint32_t owner) {
    struct limit_request limit = limit_on(area, 1, 0, 0);
    char key[32];
    for (uint32_t i = 0;; i++) {
        snprintf(key, sizeof key, "%u", i % 3000);
        limit_requests_set_key(&limit, slice_from_string(key));
        (void)limit_requests_ask(&limit, 1, 5000 + i / 10, owner);
    }
}

/* Every entry is where it is looked for, and in the list; none twice. */
static void check_links(struct shared_area *area) {
    struct limit_store store;
    CU_ASSERT_TRUE_FATAL(limit_store_begin(&store, area, true, OWNER));
    uint32_t found = 0;
    uint32_t used = 0;
    for (uint32_t i = 1; i <= limit_store_used(&store); i++) {
        struct limit_entry *entry = limit_store_at(&store, i);
        if (entry->is_used == 0) {
            continue;
        }
        used++;
        struct limit_entry *other = limit_store_first(&store, entry->key);
        while (other != NULL && other != entry) {
            CU_ASSERT_FALSE(limit_store_has_key(other, entry->key));
            other = limit_store_next(&store, other);
        }
        found += other == entry;
    }
    uint32_t listed = 0;
    struct limit_entry *entry = limit_store_oldest(&store);
    while (entry != NULL && listed <= used) {
        listed++;
        entry = limit_store_at(&store, ((struct limit_request_entry *)entry)->newer);
    }
    CU_ASSERT_EQUAL(found, used);
    CU_ASSERT_EQUAL(listed, used);
    CU_ASSERT_FALSE(store.is_broken);
    limit_store_end(&store);
}

static void a_killed_process_leaves_a_sound_zone(void) {
    struct shared_area area = zone_open(SMALLEST);
    for (int i = 0; i < 200; i++) {
        pid_t process = fork();
        if (process == 0) {
            ask_forever(&area, 1000);
        }
        usleep((useconds_t)(500 + i * 13 % 700));
        kill(process, SIGKILL);
        waitpid(process, NULL, 0);
        CU_ASSERT_TRUE(limit_zone_clear(&area, false, OWNER, 1000));
        check_links(&area);
    }
    shared_area_unmap(&area);
}

/* Whoever else has the memory may write anything. */
static void survives_nonsense(void) {
    struct shared_area area = zone_open(SMALLEST);
    uint32_t seed = 1;
    char key[32];
    struct limit_request limit = limit_on(&area, 1, 5, 5);
    for (int round = 0; round < 3000; round++) {
        uint32_t *words = area.memory;
        for (int i = 0; i < 20; i++) {
            seed = seed * 1664525 + 1013904223;
            size_t place = 16 + (seed >> 8) % (SMALLEST / 4 - 16); /* not the lock */
            words[place] = (seed >> 4) % 3 == 0 ? seed : (seed >> 12) % 700;
        }
        for (int i = 0; i < 5; i++) {
            snprintf(key, sizeof key, "%d", (round * 5 + i) % 900);
            (void)ask(&limit, 1, key, (uint64_t)(1000 + round));
        }
    }
    shared_area_unmap(&area);
}

/* A process that has stopped in the middle is waited for once, not again and again. */
static void waits_for_a_stopped_process_once(void) {
    struct shared_area area = zone_open(SMALLEST);
    struct shared_area other = area;
    struct limit_store store;
    struct limit_request limit = limit_on(&area, 1, 0, 0);
    CU_ASSERT_EQUAL(ask(&limit, 1, "a", 1000).is_rejected, false);
    CU_ASSERT_TRUE_FATAL(limit_store_begin(&store, &other, true, OWNER + 1));
    for (int i = 0; i < 1000; i++) {
        CU_ASSERT_EQUAL(ask(&limit, 1, "a", 1000).is_rejected, false);
        CU_ASSERT_EQUAL(limit.is_lost, i == 0); /* said once */
    }
    limit_store_end(&store);
    CU_ASSERT_EQUAL(ask(&limit, 1, "a", 1000).is_rejected, true);
    shared_area_unmap(&area);
}

UNIT_TESTS("limit/requests",
           {"lets a burst through and then the rate", lets_a_burst_through_and_then_the_rate},
           {"says how long to wait", says_how_long_to_wait},
           {"does not count empty keys", does_not_count_empty_keys},
           {"one zone that rejects leaves the others alone",
            one_zone_that_rejects_leaves_the_others_alone},
           {"waits for the slowest zone", waits_for_the_slowest_zone},
           {"waits by the rate of each zone", waits_by_the_rate_of_each_zone},
           {"keeps more than nginx", keeps_more_than_nginx},
           {"evicts what was not used for the longest time",
            evicts_what_was_not_used_for_the_longest_time},
           {"lets go of empty ones after a minute", lets_go_of_empty_ones_after_a_minute},
           {"keeps what is not empty", keeps_what_is_not_empty},
           {"processes share one budget", processes_share_one_budget},
           {"a killed process leaves a sound zone", a_killed_process_leaves_a_sound_zone},
           {"survives nonsense", survives_nonsense},
           {"waits for a stopped process once", waits_for_a_stopped_process_once})
