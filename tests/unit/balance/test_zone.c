/* What processes know together: counters that stay exact whoever is killed, states that outlive
 * those who use them, locks that a dead owner does not keep. */
#include "peers.h"

#include <signal.h>
#include <stdlib.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <unistd.h>

static struct balance_zone *create_zone(void) {
    struct balance_zone *zone = balance_zone_create();
    CU_ASSERT_PTR_NOT_NULL_FATAL(zone);
    balance_zone_sit(zone, balance_zone_reserve_seat(zone));
    return zone;
}

static void init(struct balance_group *group, struct balance_zone *zone, const uint32_t *weights,
                 uint32_t count) {
    balance_group_init(group, &balance_round_robin, zone);
    peers_add_weights(group, weights, count);
}

/* A process in a seat of its own that does something and then lives until it is killed. */
static pid_t start_process(struct balance_zone *zone, uint32_t *seat,
                           void (*act)(struct balance_zone *zone)) {
    int done[2];
    char byte;
    CU_ASSERT_EQUAL_FATAL(pipe(done), 0);
    *seat = balance_zone_reserve_seat(zone);
    pid_t process = fork();
    if (process == 0) {
        balance_zone_sit(zone, *seat);
        act(zone);
        (void)!write(done[1], "", 1);
        for (;;) {
            pause();
        }
    }
    CU_ASSERT_EQUAL(read(done[0], &byte, 1), 1);
    close(done[0]);
    close(done[1]);
    return process;
}

static void kill_process(struct balance_zone *zone, pid_t process, uint32_t seat) {
    kill(process, SIGKILL);
    waitpid(process, NULL, 0);
    balance_zone_clear_seat(zone, seat);
}

static void pick_three(struct balance_zone *zone) {
    struct balance_group group;
    struct balance_request request = {.now = 100000};
    balance_group_init(&group, &balance_round_robin, zone);
    peers_add_weights(&group, (uint32_t[]){1, 1}, 2);
    for (int i = 0; i < 3; i++) {
        (void)balance_group_pick(&group, &request);
    }
}

static void what_a_killed_process_has_begun_is_taken_back(void) {
    struct balance_zone *zone = create_zone();
    struct balance_group group;
    struct balance_request request = {.now = 100000};
    uint32_t seat;
    init(&group, zone, (uint32_t[]){1, 1}, 2);
    struct balance_peer *own = balance_group_pick(&group, &request);
    CU_ASSERT_EQUAL(own->name.data[0], 'a');
    pid_t process = start_process(zone, &seat, pick_three);
    const struct balance_state *a = group.peers.items[0]->state;
    const struct balance_state *b = group.peers.items[1]->state;
    CU_ASSERT_TRUE(a->active == 2 && b->active == 2); /* the sequence was one: a, then b a b */
    kill_process(zone, process, seat);
    CU_ASSERT_TRUE(a->active == 1 && b->active == 0);
    CU_ASSERT_EQUAL(a->holders, 1);
    (void)balance_group_give_back(&group, own, BALANCE_SUCCEEDED, 100000);
    CU_ASSERT_EQUAL(a->active, 0);
    balance_group_release(&group);
    balance_zone_destroy(zone);
}

/* Begins and ends attempts, and uses groups for a while, until it is killed. */
__attribute__((noreturn)) static void work(struct balance_zone *zone, uint32_t seat) {
    balance_zone_sit(zone, seat);
    for (;;) {
        struct balance_group group;
        balance_group_init(&group, &balance_round_robin, zone);
        peers_add_weights(&group, (uint32_t[]){3, 2, 1}, 3);
        for (int i = 0; i < 50; i++) {
            struct balance_request request = {.now = 100000};
            struct balance_peer *first = balance_group_pick(&group, &request);
            struct balance_peer *second = balance_group_pick(&group, &request);
            (void)balance_group_give_back(&group, first, BALANCE_SUCCEEDED, 100000);
            (void)balance_group_give_back(&group, second, BALANCE_SUCCEEDED, 100000);
        }
        balance_group_release(&group);
    }
}

static pid_t start_worker(struct balance_zone *zone, uint32_t *seat) {
    *seat = balance_zone_reserve_seat(zone);
    pid_t process = fork();
    if (process == 0) {
        (void)prctl(PR_SET_PDEATHSIG, SIGKILL); /* should the test itself be killed */
        work(zone, *seat);
    }
    return process;
}

/* Wherever they were when they were killed: in the middle of a counter, with a lock, or waiting. */
static void nothing_is_left_of_processes_that_are_killed_at_any_moment(void) {
    enum { WORKERS = 3, KILLS = 300 };
    struct balance_zone *zone = create_zone();
    struct balance_group group;
    pid_t processes[WORKERS];
    uint32_t seats[WORKERS];
    init(&group, zone, (uint32_t[]){3, 2, 1}, 3);
    peers_expect(&group, "a", 100000);
    for (int i = 0; i < WORKERS; i++) {
        processes[i] = start_worker(zone, &seats[i]);
    }
    for (int i = 0; i < KILLS; i++) {
        usleep((useconds_t)(i % 7) * 300);
        kill_process(zone, processes[i % WORKERS], seats[i % WORKERS]);
        processes[i % WORKERS] = start_worker(zone, &seats[i % WORKERS]);
    }
    for (int i = 0; i < WORKERS; i++) {
        kill_process(zone, processes[i], seats[i]);
    }
    for (uint32_t i = 0; i < group.peers.count; i++) {
        CU_ASSERT_EQUAL(group.peers.items[i]->state->active, 0);
        CU_ASSERT_EQUAL(group.peers.items[i]->state->holders, 1);
    }
    int counts[3] = {0};
    for (int i = 0; i < 600; i++) {
        counts[peers_pick(&group, 100000, BALANCE_SUCCEEDED) - 'a']++;
    }
    CU_ASSERT_TRUE(abs(counts[0] - 300) <= 6 && abs(counts[1] - 200) <= 6);
    balance_group_release(&group);
    balance_zone_destroy(zone);
}

static void keep_lock(struct balance_zone *zone) {
    struct balance_group group;
    balance_group_init(&group, &balance_round_robin, zone);
    peers_add_weights(&group, (uint32_t[]){1}, 1);
    balance_zone_lock(zone, group.peers.items[0]->lock);
}

static void a_lock_passes_on_from_a_killed_process(void) {
    struct balance_zone *zone = create_zone();
    struct balance_group group;
    uint32_t seat;
    init(&group, zone, (uint32_t[]){1, 1}, 2);
    pid_t process = start_process(zone, &seat, keep_lock);
    kill_process(zone, process, seat);
    peers_expect(&group, "abab", 100000);
    balance_group_release(&group);
    balance_zone_destroy(zone);
}

/* The supervisor serves nobody while it waits, so it does not wait for long. */
static void a_stopped_process_with_a_lock_does_not_stop_the_supervisor(void) {
    struct balance_zone *zone = create_zone();
    struct balance_group group;
    uint32_t seats[2];
    init(&group, zone, (uint32_t[]){1, 1}, 2);
    CU_ASSERT_TRUE(balance_peer_attach(group.peers.items[0]));
    pid_t picker = start_process(zone, &seats[0], pick_three);
    pid_t keeper = start_process(zone, &seats[1], keep_lock);
    kill_process(zone, picker, seats[0]);
    /* What the lock guards stays as it is until it is free. */
    CU_ASSERT_TRUE(group.peers.items[0]->state->active > 0);
    kill_process(zone, keeper, seats[1]);
    CU_ASSERT_EQUAL(group.peers.items[0]->state->active, 0);
    CU_ASSERT_EQUAL(balance_zone_reserve_seat(zone), seats[0]);
    peers_expect(&group, "baba", 100000);
    balance_group_release(&group);
    balance_zone_destroy(zone);
}

static void fail_first(struct balance_zone *zone) {
    struct balance_group group;
    balance_group_init(&group, &balance_round_robin, zone);
    peers_add_weights(&group, (uint32_t[]){1, 1}, 2);
    (void)peers_pick(&group, 100000, BALANCE_FAILED);
}

static void failures_are_known_to_all_and_outlive_who_saw_them(void) {
    struct balance_zone *zone = create_zone();
    struct balance_group group;
    uint32_t seat;
    pid_t process = start_process(zone, &seat, fail_first);
    kill_process(zone, process, seat);
    init(&group, zone, (uint32_t[]){1, 1}, 2);
    peers_expect(&group, "bbb", 100001);
    balance_group_release(&group);
    balance_zone_destroy(zone);
}

static void a_new_weight_begins_the_sequence_anew(void) {
    struct balance_zone *zone = create_zone();
    struct balance_group group;
    init(&group, zone, (uint32_t[]){1, 1}, 2);
    peers_expect(&group, "aba", 100000);
    balance_group_release(&group);
    init(&group, zone, (uint32_t[]){3, 2}, 2);
    peers_expect(&group, "ababa", 100001);
    balance_group_release(&group);
    balance_zone_destroy(zone);
}

static void places_of_states_that_nobody_holds_are_used_again(void) {
    enum { MANY = 20000, LARGEST = 10000 };
    struct balance_zone *zone = create_zone();
    struct balance_state *first = NULL;
    uintptr_t farthest = 0;
    for (uint64_t i = 0; i < MANY; i++) {
        struct balance_key key = {{i * 0x9e3779b97f4a7c15u, i}};
        struct balance_state *state = balance_zone_attach(zone, &key, 0, 1);
        CU_ASSERT_PTR_NOT_NULL_FATAL(state);
        first = first == NULL ? state : first;
        uintptr_t distance = (uintptr_t)state - (uintptr_t)first;
        farthest = distance > farthest ? distance : farthest;
        balance_zone_detach(zone, state);
    }
    CU_ASSERT_TRUE(farthest / sizeof *first < LARGEST);
    balance_zone_destroy(zone);
}

/* A group of the next table, which nobody has asked yet when the previous one is given up. */
static void a_group_that_recalls_its_peers_keeps_what_is_known(void) {
    struct balance_zone *zone = create_zone();
    struct balance_group previous;
    struct balance_group next;
    init(&previous, zone, (uint32_t[]){1, 1, 1}, 3);
    CU_ASSERT_EQUAL(peers_pick(&previous, 100000, BALANCE_FAILED), 'a');
    init(&next, zone, (uint32_t[]){1, 4}, 2);
    balance_group_recall(&next);
    struct balance_state *state = next.peers.items[0]->state;
    CU_ASSERT_PTR_NOT_NULL_FATAL(state);
    CU_ASSERT_PTR_EQUAL(state, previous.peers.items[0]->state);
    CU_ASSERT_EQUAL(state->holders, 2);
    CU_ASSERT_EQUAL(next.peers.items[1]->state->weight, 4);
    balance_group_release(&previous);
    CU_ASSERT_EQUAL(state->holders, 1);
    CU_ASSERT_EQUAL(state->fails, 1);
    balance_group_release(&next);
    init(&next, zone, (uint32_t[]){1, 1, 1, 1}, 4);
    balance_group_recall(&next);
    CU_ASSERT_PTR_EQUAL(next.peers.items[0]->state, state);
    CU_ASSERT_PTR_NULL(next.peers.items[3]->state); /* nobody has ever used it */
    balance_group_release(&next);
    balance_zone_destroy(zone);
}

static void count_report(void *data) {
    ++*(int *)data;
}

static void private_states_in_spite_of_a_zone_are_told_once(void) {
    struct balance_zone *zone = balance_zone_create();
    CU_ASSERT_PTR_NOT_NULL_FATAL(zone);
    struct balance_group group;
    int reports = 0;
    balance_zone_watch(zone, count_report, &reports); /* nobody has sat down */
    init(&group, zone, (uint32_t[]){2, 1}, 2);
    peers_expect(&group, "abaaba", 100000);
    CU_ASSERT_EQUAL(reports, 1);
    balance_group_release(&group);
    balance_zone_destroy(zone);
}

static void without_a_zone_states_are_private(void) {
    struct balance_group group;
    init(&group, NULL, (uint32_t[]){2, 1}, 2);
    peers_expect(&group, "abaaba", 100000);
    balance_group_release(&group);
}

static void seats_are_given_out_again(void) {
    struct balance_zone *zone = balance_zone_create();
    CU_ASSERT_PTR_NOT_NULL_FATAL(zone);
    uint32_t last = 0;
    uint32_t count = 0;
    for (uint32_t seat; (seat = balance_zone_reserve_seat(zone)) != BALANCE_NO_SEAT; count++) {
        last = seat;
    }
    CU_ASSERT_TRUE(count > 1024); /* as many as there may be workers */
    CU_ASSERT_EQUAL(last, count - 1);
    balance_zone_clear_seat(zone, 17);
    CU_ASSERT_EQUAL(balance_zone_reserve_seat(zone), 17);
    balance_zone_destroy(zone);
}

UNIT_TESTS("balance/zone",
           {"what a killed process has begun is taken back",
            what_a_killed_process_has_begun_is_taken_back},
           {"nothing is left of processes that are killed at any moment",
            nothing_is_left_of_processes_that_are_killed_at_any_moment},
           {"a lock passes on from a killed process", a_lock_passes_on_from_a_killed_process},
           {"a stopped process with a lock does not stop the supervisor",
            a_stopped_process_with_a_lock_does_not_stop_the_supervisor},
           {"failures are known to all and outlive who saw them",
            failures_are_known_to_all_and_outlive_who_saw_them},
           {"a new weight begins the sequence anew", a_new_weight_begins_the_sequence_anew},
           {"places of states that nobody holds are used again",
            places_of_states_that_nobody_holds_are_used_again},
           {"a group that recalls its peers keeps what is known",
            a_group_that_recalls_its_peers_keeps_what_is_known},
           {"private states in spite of a zone are told once",
            private_states_in_spite_of_a_zone_are_told_once},
           {"without a zone states are private", without_a_zone_states_are_private},
           {"seats are given out again", seats_are_given_out_again})
