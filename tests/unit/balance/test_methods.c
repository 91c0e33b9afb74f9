/* The balancing methods on groups of peers. Keys and clients are where nginx 1.22 puts them; who
 * has a turn is compared with nginx in tests/e2e/test_methods.py. */
#include "peers.h"

#include "balance/sticky.h"

#include <stdio.h>
#include <stdlib.h>

enum { KEYS = 60, NOW = 100000 };

static struct balance_random chance = {42};

/* Each peer is of a line of its own, as in the configuration that nginx was asked with. */
static struct balance_group group_of(enum table_balance_method method, const uint32_t *weights,
                                     uint32_t count) {
    struct balance_group group;
    balance_group_init(&group, balance_methods[method], NULL);
    for (uint32_t i = 0; i < count; i++) {
        struct balance_settings settings = balance_settings_default();
        char route = (char)('a' + i);
        char line[32];
        settings.weight = weights[i];
        settings.route = (struct slice){&route, 1};
        snprintf(line, sizeof line, "127.0.0.1:%u", 18181 + i);
        (void)peers_add_line(&group, slice_from_string(line), &settings);
    }
    return group;
}

#define GROUP(method, ...)                                                                         \
    group_of(TABLE_BALANCE_##method, (const uint32_t[]){__VA_ARGS__},                              \
             sizeof((const uint32_t[]){__VA_ARGS__}) / sizeof(uint32_t))

/* What a request is given: the peer's letter, '-' for nobody. The peer stays busy with it. */
static char pick_one(struct balance_group *group, struct balance_request *request) {
    struct balance_peer *peer = balance_group_pick(group, request);
    return peer == NULL ? '-' : peer->name.data[0];
}

/* States that tests look at, or set, before anybody is picked. */
static struct balance_state *state_of(struct balance_group *group, uint32_t index) {
    CU_ASSERT_TRUE_FATAL(balance_peer_attach(group->peers.items[index]));
    return group->peers.items[index]->state;
}

static struct balance_request fresh(void) {
    return (struct balance_request){.now = NOW, .random = &chance};
}

static char peer_of_key(struct balance_group *group, int number) {
    char key[16];
    struct balance_request request = fresh();
    int size = snprintf(key, sizeof key, "key%d", number);
    request.key = (struct slice){key, (size_t)size};
    return pick_one(group, &request);
}

/* --- hashes --- */

static void hash_finds_nginxs_peers(void) {
    static const char all[] = "abbbbccbddacbdbcdadbabdacbbbbcabdabcccbdcdccdddbcbcbbcbbbdab";
    static const char without[] = "accdaccdddacddacdaddacdacdddacaadadcccddcdccdddccdcdacccddaa";
    struct balance_group group = GROUP(HASH, 1, 3, 1, 2);
    for (int i = 0; i < KEYS; i++) {
        CU_ASSERT_EQUAL(peer_of_key(&group, i), all[i]);
    }
    group.peers.items[1]->settings.is_down = true;
    for (int i = 0; i < KEYS; i++) {
        CU_ASSERT_EQUAL(peer_of_key(&group, i), without[i]);
    }
    balance_group_release(&group);
}

static void an_empty_key_takes_turns(void) {
    struct balance_group hash = GROUP(HASH, 1, 1, 1);
    struct balance_group consistent = GROUP(HASH_CONSISTENT, 1, 1, 1);
    for (int i = 0; i < 6; i++) {
        struct balance_request request = fresh();
        struct balance_request other = fresh();
        CU_ASSERT_EQUAL(pick_one(&hash, &request), "abcabc"[i]);
        CU_ASSERT_EQUAL(pick_one(&consistent, &other), "abcabc"[i]);
    }
    balance_group_release(&hash);
    balance_group_release(&consistent);
}

/* What was tried is not picked again; in the end there is nobody. */
static void attempts_of_one_request_go_through_all(enum table_balance_method method) {
    const uint32_t weights[] = {1, 50, 2, 1};
    struct balance_group group = group_of(method, weights, 4);
    struct balance_peer *tried[4];
    struct balance_request request = fresh();
    request.key = SLICE("some key");
    request.client = SLICE("\300\0\2\1");
    request.tried = tried;
    for (uint32_t i = 0; i < 4; i++) {
        tried[i] = balance_group_pick(&group, &request);
        CU_ASSERT_PTR_NOT_NULL_FATAL(tried[i]);
        for (uint32_t j = 0; j < i; j++) {
            CU_ASSERT_PTR_NOT_EQUAL(tried[i], tried[j]);
        }
        request.tried_count = i + 1;
    }
    CU_ASSERT_PTR_NULL(balance_group_pick(&group, &request));
    balance_group_release(&group);
}

static void every_method_goes_through_all(void) {
    for (uint32_t method = 0; method < TABLE_balance_method_COUNT; method++) {
        attempts_of_one_request_go_through_all((enum table_balance_method)method);
    }
}

static void one_peer_is_always_picked(void) {
    for (uint32_t method = 0; method < TABLE_balance_method_COUNT; method++) {
        const uint32_t weight = 1;
        struct balance_group group = group_of((enum table_balance_method)method, &weight, 1);
        for (int i = 0; i < 3; i++) {
            CU_ASSERT_EQUAL(peer_of_key(&group, i), 'a');
        }
        balance_group_release(&group);
    }
}

static void nobody_is_picked_of_nobody(void) {
    for (uint32_t method = 0; method < TABLE_balance_method_COUNT; method++) {
        struct balance_group group = group_of((enum table_balance_method)method, NULL, 0);
        CU_ASSERT_EQUAL(peer_of_key(&group, 1), '-');
        balance_group_release(&group);
    }
}

static void a_client_keeps_its_peer(void) {
    struct balance_group group = GROUP(IP_HASH, 1, 3, 1, 2);
    for (unsigned i = 0; i < 200; i++) {
        const char address[4] = {10, (char)(i * 7), (char)(i * 31), (char)i};
        const char neighbour[4] = {10, (char)(i * 7), (char)(i * 31), (char)(i + 1)};
        struct balance_request one = fresh();
        struct balance_request other = fresh();
        one.client = (struct slice){address, 4};
        other.client = (struct slice){neighbour, 4};
        CU_ASSERT_EQUAL(pick_one(&group, &one), pick_one(&group, &other));
    }
    balance_group_release(&group);
}

/* --- consistent --- */

/* Two addresses of one name are one server on the ring, and take turns. */
static void peers_of_one_name_share_their_keys(void) {
    struct balance_group group = GROUP(HASH_CONSISTENT, 1, 1, 1);
    struct balance_group shared = GROUP(HASH_CONSISTENT, 1, 1, 1);
    struct balance_settings settings = balance_settings_default();
    (void)peers_add_line(&shared, shared.peers.items[1]->line, &settings);
    int turns[2] = {0};
    for (int i = 0; i < KEYS; i++) {
        char alone = peer_of_key(&group, i);
        char among = peer_of_key(&shared, i);
        CU_ASSERT_EQUAL(among == 'd' ? 'b' : among, alone);
        turns[0] += among == 'b';
        turns[1] += among == 'd';
    }
    CU_ASSERT_TRUE(turns[0] > 0 && abs(turns[0] - turns[1]) <= 1);
    balance_group_release(&group);
    balance_group_release(&shared);
}

/* Where there was no memory for a new arrangement the old one must not lead astray. */
static void an_old_arrangement_is_harmless(void) {
    static const enum table_balance_method methods[] = {
        TABLE_BALANCE_HASH, TABLE_BALANCE_HASH_CONSISTENT, TABLE_BALANCE_IP_HASH,
        TABLE_BALANCE_RANDOM, TABLE_BALANCE_RANDOM_TWO_LEAST_CONN};
    for (size_t i = 0; i < sizeof methods / sizeof methods[0]; i++) {
        struct balance_group group = group_of(methods[i], (const uint32_t[]){1, 2, 3}, 3);
        CU_ASSERT_NOT_EQUAL(peer_of_key(&group, 0), '-');
        balance_peer_release(group.peers.items[--group.peers.count]);
        for (int key = 0; key < KEYS; key++) {
            char peer = peer_of_key(&group, key);
            CU_ASSERT_TRUE(peer == 'a' || peer == 'b');
        }
        balance_group_release(&group);
    }
}

static void a_new_arrangement_follows_the_peers(void) {
    struct balance_group group = GROUP(HASH_CONSISTENT, 1, 1);
    struct balance_settings settings = balance_settings_default();
    bool has_new = false;
    CU_ASSERT_NOT_EQUAL(peer_of_key(&group, 0), '-');
    (void)peers_add_line(&group, SLICE("127.0.0.1:18183"), &settings);
    for (int key = 0; key < KEYS; key++) {
        has_new |= peer_of_key(&group, key) == 'c';
    }
    CU_ASSERT_TRUE(has_new);
    balance_group_release(&group);
}

/* --- least_conn --- */

static void the_least_busy_is_picked(void) {
    struct balance_group group = GROUP(LEAST_CONN, 1, 2, 1);
    struct balance_request request = fresh();
    state_of(&group, 0)->active = 3;
    state_of(&group, 1)->active = 4; /* half of it for its weight */
    state_of(&group, 2)->active = 3;
    CU_ASSERT_EQUAL(pick_one(&group, &request), 'b'); /* 5 : 2 is less than 3 */
    CU_ASSERT_EQUAL(pick_one(&group, &request), 'b');
    CU_ASSERT_EQUAL(state_of(&group, 1)->active, 6);
    group.peers.items[2]->settings.is_down = true;
    CU_ASSERT_EQUAL(pick_one(&group, &request), 'b'); /* equally busy: it has more turns */
    CU_ASSERT_EQUAL(pick_one(&group, &request), 'a');
    balance_group_release(&group);
}

static void idle_peers_take_turns(void) {
    struct balance_group group = GROUP(LEAST_CONN, 2, 1, 1);
    for (int i = 0; i < 8; i++) {
        struct balance_request request = fresh();
        struct balance_peer *peer = balance_group_pick(&group, &request);
        CU_ASSERT_PTR_NOT_NULL_FATAL(peer);
        CU_ASSERT_EQUAL(peer->name.data[0], "abcaabca"[i]);
        (void)balance_group_give_back(&group, peer, BALANCE_SUCCEEDED, NOW);
    }
    balance_group_release(&group);
}

/* --- random --- */

static void chance_follows_the_weights(void) {
    struct balance_group group = GROUP(RANDOM, 1, 3, 4, 1);
    int counts[4] = {0};
    group.peers.items[2]->settings.is_down = true;
    for (int i = 0; i < 5000; i++) {
        counts[peer_of_key(&group, i) - 'a']++;
    }
    CU_ASSERT_EQUAL(counts[2], 0);
    CU_ASSERT_TRUE(counts[0] > 800 && counts[0] < 1200);
    CU_ASSERT_TRUE(counts[1] > 2750 && counts[1] < 3250);
    balance_group_release(&group);
}

static void of_two_the_less_busy_is_picked(void) {
    struct balance_group group = GROUP(RANDOM_TWO_LEAST_CONN, 1, 1, 1);
    state_of(&group, 1)->active = 1000000;
    for (int i = 0; i < 1000; i++) {
        CU_ASSERT_NOT_EQUAL(peer_of_key(&group, i), 'b');
    }
    uint64_t a = state_of(&group, 0)->active;
    uint64_t c = state_of(&group, 2)->active;
    CU_ASSERT_TRUE(a + c == 1000 && a > 400 && c > 400);
    balance_group_release(&group);
}

/* --- sticky --- */

static char peer_of_route(struct balance_group *group, struct slice route) {
    struct balance_request request = fresh();
    request.key = SLICE("key");
    request.route = route;
    return pick_one(group, &request);
}

static void bound_requests_go_where_they_are_bound(void) {
    for (uint32_t method = 0; method < TABLE_balance_method_COUNT; method++) {
        struct balance_group group =
            group_of((enum table_balance_method)method, (const uint32_t[]){1, 1, 1}, 3);
        for (int i = 0; i < 20; i++) {
            CU_ASSERT_EQUAL(peer_of_route(&group, SLICE("b")), 'b');
        }
        group.peers.items[1]->settings.is_draining = true;
        CU_ASSERT_EQUAL(peer_of_route(&group, SLICE("b")), 'b');
        for (int i = 0; i < 20; i++) {
            CU_ASSERT_NOT_EQUAL(peer_of_route(&group, SLICE("nobody")), 'b');
        }
        group.peers.items[1]->settings.is_down = true;
        CU_ASSERT_NOT_EQUAL(peer_of_route(&group, SLICE("b")), 'b');
        balance_group_release(&group);
    }
}

/* A backup is asked only while no other can be, also by those who are bound to it. */
static void nobody_is_bound_to_a_backup_in_good_times(void) {
    struct balance_group group = GROUP(LEAST_CONN, 1, 1);
    struct balance_settings settings = balance_settings_default();
    settings.is_backup = true;
    settings.route = SLICE("c");
    (void)peers_add_line(&group, SLICE("127.0.0.1:18183"), &settings);
    settings.route = SLICE("d");
    (void)peers_add_line(&group, SLICE("127.0.0.1:18184"), &settings);
    CU_ASSERT_NOT_EQUAL(peer_of_route(&group, SLICE("d")), 'd');
    group.peers.items[0]->settings.is_down = group.peers.items[1]->settings.is_down = true;
    for (int i = 0; i < 5; i++) {
        CU_ASSERT_EQUAL(peer_of_route(&group, SLICE("d")), 'd');
    }
    balance_group_release(&group);
}

/* The sequence of nginx 1.31: one bound request in a row takes its peer's turn, further ones
 * nobody's. */
static void bound_requests_take_turns_once(void) {
    struct balance_group group = GROUP(ROUND_ROBIN, 1, 1);
    for (int i = 0; i < 5; i++) {
        CU_ASSERT_EQUAL(peer_of_route(&group, SLICE("b")), 'b');
    }
    CU_ASSERT_EQUAL(state_of(&group, 0)->current_weight, -state_of(&group, 1)->current_weight);
    for (int i = 0; i < 6; i++) {
        CU_ASSERT_EQUAL(peer_of_route(&group, SLICE("")), "aababa"[i]);
    }
    balance_group_release(&group);
}

static void a_route_is_the_sum_of_the_address(void) {
    char route[TABLE_ROUTE_LIMIT + 1];
    balance_sticky_name(SLICE(""), SLICE("127.0.0.1:8080"), route);
    CU_ASSERT_STRING_EQUAL(route, "5958c386bf5e9109ac10d2a628645aea");
    balance_sticky_name(SLICE("own"), SLICE("127.0.0.1:8080"), route);
    CU_ASSERT_STRING_EQUAL(route, "own");
}

UNIT_TESTS("balance/methods", {"hash finds nginx's peers", hash_finds_nginxs_peers},
           {"an empty key takes turns", an_empty_key_takes_turns},
           {"every method goes through all", every_method_goes_through_all},
           {"one peer is always picked", one_peer_is_always_picked},
           {"nobody is picked of nobody", nobody_is_picked_of_nobody},
           {"a client keeps its peer", a_client_keeps_its_peer},
           {"peers of one name share their keys", peers_of_one_name_share_their_keys},
           {"an old arrangement is harmless", an_old_arrangement_is_harmless},
           {"a new arrangement follows the peers", a_new_arrangement_follows_the_peers},
           {"the least busy is picked", the_least_busy_is_picked},
           {"idle peers take turns", idle_peers_take_turns},
           {"chance follows the weights", chance_follows_the_weights},
           {"of two the less busy is picked", of_two_the_less_busy_is_picked},
           {"bound requests go where they are bound", bound_requests_go_where_they_are_bound},
           {"nobody is bound to a backup in good times", nobody_is_bound_to_a_backup_in_good_times},
           {"bound requests take turns once", bound_requests_take_turns_once},
           {"a route is the sum of the address", a_route_is_the_sum_of_the_address})
