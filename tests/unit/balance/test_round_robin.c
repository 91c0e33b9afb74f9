/* The sequences of smooth weighted round robin, and which peers it leaves out. The expected orders
 * are those of nginx for the same weights. */
#include "unit.h"

#include "balance/round_robin.h"

#include <netinet/in.h>
#include <string.h>

static struct balance_peers make_peers(const uint32_t *weights, uint32_t count) {
    struct balance_peers peers = {0};
    for (uint32_t i = 0; i < count; i++) {
        struct sockaddr_in address = {.sin_family = AF_INET, .sin_port = htons((uint16_t)(1 + i))};
        char name = (char)('a' + i);
        struct balance_peer *peer =
            balance_peer_create((struct sockaddr *)&address, sizeof address,
                                (struct slice){&name, 1}, weights[i], false);
        CU_ASSERT_TRUE_FATAL(peer != NULL && balance_peers_add(&peers, peer));
    }
    return peers;
}

static void expect_sequence(struct balance_peers *peers, const char *names, uint64_t now) {
    for (const char *name = names; *name != '\0'; name++) {
        struct balance_peer *peer = balance_round_robin_pick(peers, NULL, 0, now);
        CU_ASSERT_PTR_NOT_NULL_FATAL(peer);
        CU_ASSERT_EQUAL(peer->name.data[0], *name);
    }
}

static void equal_weights_alternate(void) {
    struct balance_peers peers = make_peers((uint32_t[]){1, 1, 1}, 3);
    expect_sequence(&peers, "abcabcabc", 100000);
    balance_peers_release(&peers);
}

static void weights_are_spread_smoothly(void) {
    struct balance_peers peers = make_peers((uint32_t[]){5, 1, 1}, 3);
    expect_sequence(&peers, "aabacaaaabacaa", 100000);
    balance_peers_release(&peers);
}

static void down_peers_are_left_out(void) {
    struct balance_peers peers = make_peers((uint32_t[]){1, 1, 2}, 3);
    peers.items[1]->is_down = true;
    expect_sequence(&peers, "caccac", 100000);
    CU_ASSERT_EQUAL(balance_peers_usable(&peers), 2);
    balance_peers_release(&peers);
}

static void tried_peers_are_left_out(void) {
    struct balance_peers peers = make_peers((uint32_t[]){1, 1}, 2);
    struct balance_peer *tried[2] = {peers.items[0], peers.items[1]};
    CU_ASSERT_PTR_EQUAL(balance_round_robin_pick(&peers, tried, 1, 100000), peers.items[1]);
    CU_ASSERT_PTR_NULL(balance_round_robin_pick(&peers, tried, 2, 100000));
    balance_peers_release(&peers);
}

static void a_failed_peer_rests_for_fail_timeout(void) {
    struct balance_peers peers = make_peers((uint32_t[]){1, 1}, 2);
    CU_ASSERT_TRUE(balance_peer_failed(peers.items[0], false, 100000));
    expect_sequence(&peers, "bbb", 110000);
    /* After fail_timeout it gets one chance, with a weight that grows again from nothing; a success
     * then clears its record. */
    expect_sequence(&peers, "ba", 110001);
    CU_ASSERT_EQUAL(peers.items[0]->fails, 1);
    balance_peer_succeeded(peers.items[0]);
    CU_ASSERT_EQUAL(peers.items[0]->fails, 0);
    balance_peers_release(&peers);
}

static void a_success_before_the_second_chance_counts_for_nothing(void) {
    struct balance_peers peers = make_peers((uint32_t[]){1, 1}, 2);
    balance_peer_failed(peers.items[0], false, 100000);
    balance_peer_succeeded(peers.items[0]);
    CU_ASSERT_EQUAL(peers.items[0]->fails, 1);
    balance_peers_release(&peers);
}

static void a_peer_that_is_alone_is_always_tried(void) {
    struct balance_peers peers = make_peers((uint32_t[]){1}, 1);
    CU_ASSERT_FALSE(balance_peer_failed(peers.items[0], true, 100000));
    CU_ASSERT_PTR_EQUAL(balance_round_robin_pick(&peers, NULL, 0, 100001), peers.items[0]);
    peers.items[0]->is_down = true;
    CU_ASSERT_PTR_NULL(balance_round_robin_pick(&peers, NULL, 0, 100001));
    balance_peers_release(&peers);
}

static void a_lowered_weight_recovers_pick_by_pick(void) {
    struct balance_peers peers = make_peers((uint32_t[]){4, 1}, 2);
    peers.items[0]->max_fails = 2;
    balance_peer_failed(peers.items[0], false, 100000);
    CU_ASSERT_EQUAL(peers.items[0]->effective_weight, 2);
    balance_round_robin_pick(&peers, NULL, 0, 100001);
    CU_ASSERT_EQUAL(peers.items[0]->effective_weight, 3);
    balance_round_robin_pick(&peers, NULL, 0, 100002);
    balance_round_robin_pick(&peers, NULL, 0, 100003);
    CU_ASSERT_EQUAL(peers.items[0]->effective_weight, 4);
    balance_peers_release(&peers);
}

static void peers_outlive_their_group_while_held(void) {
    struct balance_peers peers = make_peers((uint32_t[]){1, 1}, 2);
    struct balance_peer *held = balance_peer_hold(peers.items[0]);
    balance_peers_remove(&peers, 0);
    CU_ASSERT_EQUAL(peers.count, 1);
    CU_ASSERT_EQUAL(peers.items[0]->name.data[0], 'b');
    CU_ASSERT_EQUAL(held->name.data[0], 'a');
    balance_peer_release(held);
    balance_peers_release(&peers);
}

UNIT_TESTS("balance/round_robin", {"equal weights alternate", equal_weights_alternate},
           {"weights are spread smoothly", weights_are_spread_smoothly},
           {"down peers are left out", down_peers_are_left_out},
           {"tried peers are left out", tried_peers_are_left_out},
           {"a failed peer rests for fail_timeout", a_failed_peer_rests_for_fail_timeout},
           {"a success before the second chance counts for nothing",
            a_success_before_the_second_chance_counts_for_nothing},
           {"a peer that is alone is always tried", a_peer_that_is_alone_is_always_tried},
           {"a lowered weight recovers pick by pick", a_lowered_weight_recovers_pick_by_pick},
           {"peers outlive their group while held", peers_outlive_their_group_while_held})
