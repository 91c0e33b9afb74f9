/* Counting requests at a time: what is given back, by whom it was taken, and what is taken back of
 * those that were killed. */
#include "limit/connections.h"
#include "limit/store.h"
#include "zones.h"

enum { OWNER = 7, SMALLEST = 32768 };

static enum limit_seat take(struct shared_area *area, const char *key, uint32_t most,
                            uint32_t owner, struct limit_connection *connection) {
    return limit_connections_take(area, slice_from_string(key), most, owner, connection);
}

static void counts_and_gives_back(void) {
    struct shared_area area = zone_open(SMALLEST);
    struct limit_connection taken[3];
    struct limit_connection other;
    for (int round = 0; round < 3; round++) {
        for (int i = 0; i < 3; i++) {
            CU_ASSERT_EQUAL(take(&area, "a", 3, OWNER, &taken[i]), LIMIT_SEAT_TAKEN);
        }
        CU_ASSERT_EQUAL(take(&area, "a", 3, OWNER, &other), LIMIT_SEAT_NONE);
        CU_ASSERT_TRUE(limit_connections_give(&other, OWNER)); /* nothing */
        CU_ASSERT_EQUAL(take(&area, "a", 3, OWNER, &other), LIMIT_SEAT_NONE);
        CU_ASSERT_EQUAL(take(&area, "b", 1, OWNER, &other), LIMIT_SEAT_TAKEN);
        CU_ASSERT_TRUE(limit_connections_give(&other, OWNER));
        for (int i = 0; i < 3; i++) {
            CU_ASSERT_TRUE(limit_connections_give(&taken[i], OWNER));
        }
    }
    shared_area_unmap(&area);
}

static void takes_the_sum_of_all_processes(void) {
    struct shared_area area = zone_open(SMALLEST);
    struct limit_connection first;
    struct limit_connection second;
    struct limit_connection third;
    CU_ASSERT_EQUAL(take(&area, "a", 2, 1, &first), LIMIT_SEAT_TAKEN);
    CU_ASSERT_EQUAL(take(&area, "a", 2, 2, &second), LIMIT_SEAT_TAKEN);
    CU_ASSERT_EQUAL(take(&area, "a", 2, 3, &third), LIMIT_SEAT_NONE);
    CU_ASSERT_TRUE(limit_connections_give(&first, 1));
    CU_ASSERT_EQUAL(take(&area, "a", 2, 3, &third), LIMIT_SEAT_TAKEN);
    shared_area_unmap(&area);
}

static void refuses_keys_without_room(void) {
    struct shared_area area = zone_open(SMALLEST);
    struct limit_connection taken;
    char key[32];
    uint32_t count = 0;
    enum limit_seat seat;
    do {
        snprintf(key, sizeof key, "%u", count++);
        seat = take(&area, key, 2, OWNER, &taken);
    } while (seat == LIMIT_SEAT_TAKEN && count < 10000);
    CU_ASSERT_EQUAL(seat, LIMIT_SEAT_FULL);
    CU_ASSERT_TRUE(count > 700);
    CU_ASSERT_EQUAL(take(&area, "0", 2, OWNER, &taken), LIMIT_SEAT_TAKEN); /* it is there */
    CU_ASSERT_TRUE(limit_connections_give(&taken, OWNER));
    CU_ASSERT_TRUE(
        limit_connections_give(&taken, OWNER)); /* the first one's, and the key is free */
    CU_ASSERT_EQUAL(take(&area, "new", 2, OWNER, &taken), LIMIT_SEAT_TAKEN);
    shared_area_unmap(&area);
}

static void take_two_and_wait(struct shared_area *area, uint32_t owner) {
    struct limit_connection taken;
    (void)take(area, "a", 100, owner, &taken);
    (void)take(area, "a", 100, owner, &taken);
    (void)take(area, "b", 100, owner, &taken);
}

static void what_a_killed_process_had_is_taken_back(void) {
    struct shared_area area = zone_open(SMALLEST);
    struct limit_connection own;
    struct limit_connection other;
    CU_ASSERT_EQUAL(take(&area, "a", 100, OWNER, &own), LIMIT_SEAT_TAKEN);
    in_processes(2, take_two_and_wait, &area);
    CU_ASSERT_EQUAL(take(&area, "a", 5, OWNER, &other), LIMIT_SEAT_NONE);
    CU_ASSERT_TRUE(limit_zone_clear(&area, true, OWNER, 1));
    CU_ASSERT_EQUAL(take(&area, "a", 3, OWNER, &other), LIMIT_SEAT_NONE);
    CU_ASSERT_TRUE(limit_zone_clear(&area, true, OWNER, 2));
    CU_ASSERT_EQUAL(take(&area, "a", 1, OWNER, &other), LIMIT_SEAT_NONE);
    CU_ASSERT_EQUAL(take(&area, "a", 2, OWNER, &other), LIMIT_SEAT_TAKEN);
    CU_ASSERT_EQUAL(take(&area, "b", 1, OWNER, &other), LIMIT_SEAT_TAKEN);
    shared_area_unmap(&area);
}

static void take_and_give_forever(struct shared_area *area, uint32_t owner) {
    for (uint32_t i = 0;; i++) {
        struct limit_connection first;
        struct limit_connection second;
        (void)take(area, i % 2 == 0 ? "a" : "b", 1000, owner, &first);
        (void)take(area, "a", 1000, owner, &second);
        if (!limit_connections_give(&first, owner) || !limit_connections_give(&second, owner)) {
            _exit(1);
        }
    }
}

static uint32_t count_entries(struct shared_area *area) {
    struct limit_store store;
    uint32_t count = 0;
    CU_ASSERT_TRUE_FATAL(limit_store_begin(&store, area, false, OWNER));
    for (uint32_t i = 1; i <= limit_store_used(&store); i++) {
        count += limit_store_at(&store, i)->is_used != 0;
    }
    limit_store_end(&store);
    return count;
}

/* Whenever it was killed, nothing is left of it, and what others have is. */
static void stays_exact_whenever_one_is_killed(void) {
    struct shared_area area = zone_open(SMALLEST);
    struct limit_connection own;
    struct limit_connection other;
    CU_ASSERT_EQUAL(take(&area, "a", 1, OWNER, &own), LIMIT_SEAT_TAKEN);
    for (int i = 0; i < 200; i++) {
        pid_t process = fork();
        if (process == 0) {
            take_and_give_forever(&area, 1000);
        }
        usleep((useconds_t)(500 + i * 13 % 700));
        kill(process, SIGKILL);
        waitpid(process, NULL, 0);
        CU_ASSERT_TRUE(limit_zone_clear(&area, true, OWNER, 1000));
        CU_ASSERT_EQUAL(count_entries(&area), 1);
        CU_ASSERT_EQUAL(take(&area, "a", 1, OWNER, &other), LIMIT_SEAT_NONE);
    }
    shared_area_unmap(&area);
}

/* The supervisor waits for nobody who has stopped; what that one guards is for later. */
static void clears_up_later_what_is_locked(void) {
    struct shared_area area = zone_open(SMALLEST);
    struct shared_area other = area;
    struct limit_connection taken;
    struct limit_store store;
    CU_ASSERT_EQUAL(take(&area, "a", 1, 1, &taken), LIMIT_SEAT_TAKEN);
    CU_ASSERT_TRUE_FATAL(limit_store_begin(&store, &other, false, 2));
    CU_ASSERT_FALSE(limit_zone_clear(&area, true, OWNER, 1));
    CU_ASSERT_EQUAL(take(&area, "a", 1, OWNER, &taken), LIMIT_SEAT_LOCKED);
    limit_store_end(&store);
    CU_ASSERT_TRUE(limit_zone_clear(&area, true, OWNER, 1));
    CU_ASSERT_EQUAL(take(&area, "a", 1, OWNER, &taken), LIMIT_SEAT_TAKEN);
    shared_area_unmap(&area);
}

UNIT_TESTS("limit/connections", {"counts and gives back", counts_and_gives_back},
           {"takes the sum of all processes", takes_the_sum_of_all_processes},
           {"refuses keys without room", refuses_keys_without_room},
           {"what a killed process had is taken back", what_a_killed_process_had_is_taken_back},
           {"stays exact whenever one is killed", stays_exact_whenever_one_is_killed},
           {"clears up later what is locked", clears_up_later_what_is_locked})
