/* Smooth weighted round robin, and which peers a group leaves out. The expected orders are those of
 * nginx for the same weights. */
#include "peers.h"

static void init(struct balance_group *group, const uint32_t *weights, uint32_t count) {
    balance_group_init(group, &balance_round_robin, NULL);
    peers_add_weights(group, weights, count);
}

/* Lets a peer that is busy with nothing fail. */
static bool fail(struct balance_group *group, struct balance_peer *peer, uint64_t now) {
    CU_ASSERT_TRUE_FATAL(balance_peer_attach(peer));
    balance_zone_enter(group->zone, peer->state);
    return balance_group_give_back(group, peer, BALANCE_FAILED, now);
}

static void equal_weights_alternate(void) {
    struct balance_group group;
    init(&group, (uint32_t[]){1, 1, 1}, 3);
    peers_expect(&group, "abcabcabc", 100000);
    balance_group_release(&group);
}

static void weights_are_spread_smoothly(void) {
    struct balance_group group;
    init(&group, (uint32_t[]){5, 1, 1}, 3);
    peers_expect(&group, "aabacaaaabacaa", 100000);
    balance_group_release(&group);
}

static void down_peers_are_left_out(void) {
    struct balance_group group;
    init(&group, (uint32_t[]){1, 1, 2}, 3);
    group.peers.items[1]->settings.is_down = true;
    peers_expect(&group, "caccac", 100000);
    CU_ASSERT_EQUAL(balance_group_tries(&group), 2);
    balance_group_release(&group);
}

static void tried_peers_are_left_out(void) {
    struct balance_group group;
    init(&group, (uint32_t[]){1, 1}, 2);
    struct balance_peer *tried[2] = {group.peers.items[0], group.peers.items[1]};
    struct balance_request request = {.now = 100000, .tried = tried, .tried_count = 1};
    CU_ASSERT_PTR_EQUAL(balance_group_pick(&group, &request), group.peers.items[1]);
    request.tried_count = 2;
    CU_ASSERT_PTR_NULL(balance_group_pick(&group, &request));
    balance_group_release(&group);
}

static void a_failed_peer_rests_for_fail_timeout(void) {
    struct balance_group group;
    init(&group, (uint32_t[]){1, 1}, 2);
    struct balance_peer *peer = group.peers.items[0];
    CU_ASSERT_TRUE(fail(&group, peer, 100000));
    peers_expect(&group, "bbb", 110000);
    /* After fail_timeout it gets one chance, with a weight that grows again from nothing; a success
     * then clears its record. */
    peers_expect(&group, "b", 110001);
    CU_ASSERT_EQUAL(peers_pick(&group, 110001, BALANCE_SUCCEEDED), 'a');
    CU_ASSERT_EQUAL(peer->state->fails, 0);
    balance_group_release(&group);
}

static void a_success_before_the_second_chance_counts_for_nothing(void) {
    struct balance_group group;
    init(&group, (uint32_t[]){1, 1}, 2);
    struct balance_peer *peer = group.peers.items[0];
    (void)fail(&group, peer, 100000);
    balance_zone_enter(group.zone, peer->state);
    (void)balance_group_give_back(&group, peer, BALANCE_SUCCEEDED, 100000);
    CU_ASSERT_EQUAL(peer->state->fails, 1);
    balance_group_release(&group);
}

static void a_peer_that_is_alone_is_always_tried(void) {
    struct balance_group group;
    init(&group, (uint32_t[]){1}, 1);
    CU_ASSERT_FALSE(fail(&group, group.peers.items[0], 100000));
    peers_expect(&group, "aa", 100001);
    group.peers.items[0]->settings.is_down = true;
    peers_expect(&group, "-", 100001);
    balance_group_release(&group);
}

static void a_lowered_weight_recovers_pick_by_pick(void) {
    struct balance_group group;
    init(&group, (uint32_t[]){4, 1}, 2);
    struct balance_peer *peer = group.peers.items[0];
    peer->settings.max_fails = 2;
    (void)fail(&group, peer, 100000);
    CU_ASSERT_EQUAL(peer->state->effective_weight, 2);
    (void)peers_pick(&group, 100001, BALANCE_UNTOLD);
    CU_ASSERT_EQUAL(peer->state->effective_weight, 3);
    (void)peers_pick(&group, 100002, BALANCE_UNTOLD);
    (void)peers_pick(&group, 100003, BALANCE_UNTOLD);
    CU_ASSERT_EQUAL(peer->state->effective_weight, 4);
    balance_group_release(&group);
}

static void no_peer_gets_more_than_max_conns(void) {
    struct balance_group group;
    struct balance_request request = {.now = 100000};
    init(&group, (uint32_t[]){1, 1}, 2);
    group.peers.items[0]->settings.max_conns = 1;
    group.peers.items[1]->settings.max_conns = 2;
    for (int i = 0; i < 3; i++) {
        CU_ASSERT_PTR_NOT_NULL(balance_group_pick(&group, &request));
    }
    CU_ASSERT_EQUAL(group.peers.items[0]->state->active, 1);
    CU_ASSERT_EQUAL(group.peers.items[1]->state->active, 2);
    CU_ASSERT_PTR_NULL(balance_group_pick(&group, &request));
    (void)balance_group_give_back(&group, group.peers.items[0], BALANCE_SUCCEEDED, 100000);
    CU_ASSERT_PTR_EQUAL(balance_group_pick(&group, &request), group.peers.items[0]);
    balance_group_release(&group);
}

static void backups_are_asked_when_no_other_is_available(void) {
    struct balance_group group;
    struct balance_settings backup = balance_settings_default();
    init(&group, (uint32_t[]){1, 1}, 2);
    backup.is_backup = true;
    (void)peers_add(&group, &backup);
    peers_expect(&group, "abab", 100000);
    (void)fail(&group, group.peers.items[0], 100000);
    peers_expect(&group, "bb", 100001);
    (void)fail(&group, group.peers.items[1], 100001);
    peers_expect(&group, "ccc", 100002);
    CU_ASSERT_EQUAL(balance_group_tries(&group), 3);
    balance_group_release(&group);
}

static void when_all_are_out_of_use_all_get_another_chance(void) {
    struct balance_group group;
    init(&group, (uint32_t[]){1, 1}, 2);
    (void)fail(&group, group.peers.items[0], 100000);
    (void)fail(&group, group.peers.items[1], 100000);
    CU_ASSERT_NOT_EQUAL(peers_pick(&group, 100001, BALANCE_SUCCEEDED), '-');
    CU_ASSERT_EQUAL(group.peers.items[0]->state->fails + group.peers.items[1]->state->fails, 0);
    balance_group_release(&group);
}

/* Its share of the picks grows with the time since it came back, from none to its weight's. */
static void a_peer_that_comes_back_starts_slowly(void) {
    enum { BEGIN = 200000, SLOW_START = 10000, PICKS = 1000 };
    struct balance_group group;
    init(&group, (uint32_t[]){1, 1}, 2);
    struct balance_peer *peer = group.peers.items[0];
    peer->settings.slow_start = SLOW_START;
    (void)fail(&group, peer, 100000);
    while (peers_pick(&group, BEGIN, BALANCE_SUCCEEDED) != 'a') {
    }
    for (uint32_t tenth = 0; tenth <= 10; tenth++) {
        uint64_t now = BEGIN + tenth * (SLOW_START / 10);
        int count = 0;
        for (int i = 0; i < PICKS; i++) {
            count += peers_pick(&group, now, BALANCE_SUCCEEDED) == 'a';
        }
        int expected = (int)(PICKS * tenth / (10 + tenth));
        CU_ASSERT_TRUE(count >= expected - 2 && count <= expected + 2);
    }
    CU_ASSERT_EQUAL(peer->state->slow_start, 0);
    balance_group_release(&group);
}

/* Each worker reads the clock once a turn, so one may note a time that another has not come to. */
static void times_of_workers_that_are_ahead_do_no_harm(void) {
    struct balance_group group;
    init(&group, (uint32_t[]){1, 1}, 2);
    struct balance_peer *peer = group.peers.items[0];
    peer->settings.slow_start = 1000;
    (void)fail(&group, peer, 100005);
    peers_expect(&group, "bbbb", 100000);
    CU_ASSERT_EQUAL(peer->state->checked, 100005);
    while (peers_pick(&group, 200005, BALANCE_SUCCEEDED) != 'a') {
    }
    CU_ASSERT_EQUAL(peer->state->slow_start, 200005);
    peers_expect(&group, "bbbb", 200000);
    CU_ASSERT_EQUAL(peer->state->slow_start, 200005);
    balance_group_release(&group);
}

/* Failures are forgiven when all peers are out of use because of them, and for no other reason. */
static void a_full_peer_keeps_its_failures(void) {
    struct balance_group group;
    struct balance_request request = {.now = 100000};
    init(&group, (uint32_t[]){1, 1}, 2);
    struct balance_peer *full = group.peers.items[1];
    full->settings.max_fails = 3;
    full->settings.max_conns = 1;
    (void)fail(&group, group.peers.items[0], 100000);
    (void)fail(&group, full, 100000);
    CU_ASSERT_PTR_EQUAL(balance_group_pick(&group, &request), full);
    CU_ASSERT_PTR_NULL(balance_group_pick(&group, &request));
    CU_ASSERT_EQUAL(full->state->fails, 1);
    CU_ASSERT_EQUAL(group.peers.items[0]->state->fails, 1);
    (void)balance_group_give_back(&group, full, BALANCE_UNTOLD, 100000);
    balance_group_release(&group);
}

/* The request that a peer has just failed does not bring the others back, while it is one failure
 * among those that are allowed. */
static void a_tried_peer_is_not_out_of_use_yet(void) {
    struct balance_group group;
    init(&group, (uint32_t[]){1, 1}, 2);
    struct balance_peer *tried = group.peers.items[1];
    tried->settings.max_fails = 3;
    (void)fail(&group, group.peers.items[0], 100000);
    (void)fail(&group, tried, 100000);
    struct balance_request request = {.now = 100000, .tried = &tried, .tried_count = 1};
    CU_ASSERT_PTR_NULL(balance_group_pick(&group, &request));
    CU_ASSERT_EQUAL(group.peers.items[0]->state->fails, 1);
    balance_group_release(&group);
}

static void a_peer_is_kept_while_it_is_usable(void) {
    struct balance_group group;
    init(&group, (uint32_t[]){1, 1, 1}, 3);
    struct balance_request request = {.now = 100000,
                                      .route = slice_from_string(group.peers.items[2]->route)};
    CU_ASSERT_PTR_EQUAL(balance_group_pick(&group, &request), group.peers.items[2]);
    CU_ASSERT_PTR_EQUAL(balance_group_pick(&group, &request), group.peers.items[2]);
    (void)fail(&group, group.peers.items[2], 100000);
    CU_ASSERT_PTR_NOT_EQUAL(balance_group_pick(&group, &request), group.peers.items[2]);
    balance_group_release(&group);
}

static void peers_outlive_their_group_while_held(void) {
    struct balance_group group;
    struct balance_group other;
    init(&group, (uint32_t[]){1, 1}, 2);
    balance_group_init(&other, NULL, NULL);
    struct balance_peer *held = balance_peer_hold(group.peers.items[0]);
    CU_ASSERT_TRUE(balance_group_add(&other, balance_peer_hold(group.peers.items[1])));
    balance_group_take_peers(&group, &other);
    balance_group_release(&other);
    peers_expect(&group, "bb", 100000);
    CU_ASSERT_EQUAL(held->name.data[0], 'a');
    balance_peer_release(held);
    balance_group_release(&group);
}

UNIT_TESTS("balance/group", {"equal weights alternate", equal_weights_alternate},
           {"weights are spread smoothly", weights_are_spread_smoothly},
           {"down peers are left out", down_peers_are_left_out},
           {"tried peers are left out", tried_peers_are_left_out},
           {"a failed peer rests for fail_timeout", a_failed_peer_rests_for_fail_timeout},
           {"a success before the second chance counts for nothing",
            a_success_before_the_second_chance_counts_for_nothing},
           {"a peer that is alone is always tried", a_peer_that_is_alone_is_always_tried},
           {"a lowered weight recovers pick by pick", a_lowered_weight_recovers_pick_by_pick},
           {"no peer gets more than max_conns", no_peer_gets_more_than_max_conns},
           {"backups are asked when no other is available",
            backups_are_asked_when_no_other_is_available},
           {"when all are out of use all get another chance",
            when_all_are_out_of_use_all_get_another_chance},
           {"a peer that comes back starts slowly", a_peer_that_comes_back_starts_slowly},
           {"times of workers that are ahead do no harm",
            times_of_workers_that_are_ahead_do_no_harm},
           {"a full peer keeps its failures", a_full_peer_keeps_its_failures},
           {"a tried peer is not out of use yet", a_tried_peer_is_not_out_of_use_yet},
           {"a peer is kept while it is usable", a_peer_is_kept_while_it_is_usable},
           {"peers outlive their group while held", peers_outlive_their_group_while_held})
