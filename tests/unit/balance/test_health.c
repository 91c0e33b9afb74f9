/* Active health: claims, transitions and what they mean for picking, in a time that the tests make.
 */
#include "balance/health.h"

#include "peers.h"

static struct balance_group group;
static struct balance_random numbers;

static const struct balance_checks usual = {.interval = 1000, .fails = 1, .passes = 1};

/* Two peers that are checked. */
static void begin(struct balance_zone *zone, bool must_be_healthy, uint64_t slow_start,
                  const struct balance_checks *checks, uint64_t now) {
    struct balance_settings settings = balance_settings_default();
    settings.is_checked = true;
    settings.must_be_healthy = must_be_healthy;
    settings.slow_start = slow_start;
    balance_group_init(&group, &balance_round_robin, zone);
    for (uint32_t i = 0; i < 2; i++) {
        struct balance_peer *peer = peers_add(&group, &settings);
        CU_ASSERT_TRUE_FATAL(balance_health_begin(peer, checks, now));
    }
}

static void finish(void) {
    balance_group_release(&group);
}

static bool claim(uint32_t peer, const struct balance_checks *checks, uint64_t now,
                  uint64_t *next) {
    return balance_health_claim(group.peers.items[peer], checks, now, next);
}

/* One whole check at that time, which must be due. */
static enum balance_change check(uint32_t peer, const struct balance_checks *checks,
                                 bool has_passed, uint64_t now) {
    uint64_t next;
    CU_ASSERT_TRUE(claim(peer, checks, now, &next));
    return balance_health_finish(group.peers.items[peer], checks, has_passed, now, &numbers);
}

static void checks_are_due_once_in_an_interval(void) {
    uint64_t next;
    begin(NULL, false, 0, &usual, 100000);
    CU_ASSERT_TRUE(claim(0, &usual, 100000, &next));
    CU_ASSERT_EQUAL(next, 101000);
    CU_ASSERT_FALSE(claim(0, &usual, 100001, &next));
    CU_ASSERT_EQUAL(next, 101001);
    CU_ASSERT_FALSE(claim(0, &usual, 105000, &next)); /* it is being made all the while */
    CU_ASSERT_TRUE(claim(1, &usual, 100000, &next));
    (void)balance_health_finish(group.peers.items[1], &usual, true, 100400, &numbers);
    CU_ASSERT_FALSE(claim(1, &usual, 100999, &next));
    CU_ASSERT_EQUAL(next, 101000);
    CU_ASSERT_TRUE(claim(1, &usual, 101000, &next));
    (void)balance_health_finish(group.peers.items[1], &usual, true, 107000, &numbers);
    CU_ASSERT_FALSE(claim(1, &usual, 107999, &next));
    CU_ASSERT_EQUAL(next, 108000);
    finish();
}

static void jitter_makes_intervals_longer(void) {
    static const struct balance_checks checks = {
        .interval = 1000, .jitter = 500, .fails = 1, .passes = 1};
    uint64_t now = 100000;
    uint64_t least = UINT64_MAX;
    uint64_t most = 0;
    begin(NULL, false, 0, &checks, now);
    for (uint32_t i = 0; i < 200; i++) {
        uint64_t next;
        CU_ASSERT_EQUAL(check(0, &checks, true, now), BALANCE_NO_CHANGE);
        CU_ASSERT_FALSE(claim(0, &checks, now, &next));
        least = next - now < least ? next - now : least;
        most = next - now > most ? next - now : most;
        now = next;
    }
    CU_ASSERT_TRUE(least >= 1000 && least < 1050);
    CU_ASSERT_TRUE(most <= 1500 && most > 1450);
    finish();
}

/* As when a reload makes the interval shorter while a check is under way. */
static void a_check_that_ends_late_does_not_make_the_next_wait(void) {
    static const struct balance_checks rare = {.interval = 3600000, .fails = 1, .passes = 1};
    uint64_t next;
    begin(NULL, false, 0, &rare, 100000);
    CU_ASSERT_TRUE(claim(0, &rare, 100000, &next));
    CU_ASSERT_TRUE(balance_health_begin(group.peers.items[0], &usual, 100100));
    (void)balance_health_finish(group.peers.items[0], &rare, true, 100200, &numbers);
    CU_ASSERT_FALSE(claim(0, &usual, 100300, &next));
    CU_ASSERT_EQUAL(next, 101300);
    CU_ASSERT_TRUE(claim(0, &usual, 101300, &next));
    (void)balance_health_finish(group.peers.items[0], &usual, true, 101300, &numbers);
    finish();
}

static void an_unhealthy_peer_is_left_out(void) {
    begin(NULL, false, 0, &usual, 100000);
    peers_expect(&group, "abab", 100000);
    CU_ASSERT_EQUAL(check(0, &usual, false, 100000), BALANCE_NOW_UNHEALTHY);
    peers_expect(&group, "bbbb", 100000);
    CU_ASSERT_EQUAL(check(0, &usual, false, 101000), BALANCE_NO_CHANGE);
    CU_ASSERT_EQUAL(check(1, &usual, false, 101000), BALANCE_NOW_UNHEALTHY);
    peers_expect(&group, "----", 101000);
    CU_ASSERT_EQUAL(check(1, &usual, true, 102000), BALANCE_NOW_HEALTHY);
    peers_expect(&group, "bbbb", 102000);
    CU_ASSERT_EQUAL(check(1, &usual, true, 103000), BALANCE_NO_CHANGE);
    finish();
}

static void results_count_in_a_row(void) {
    static const struct balance_checks checks = {.interval = 1000, .fails = 3, .passes = 2};
    static const struct {
        bool has_passed;
        enum balance_change change;
    } steps[] = {
        {false, BALANCE_NO_CHANGE},  {false, BALANCE_NO_CHANGE},     {true, BALANCE_NO_CHANGE},
        {false, BALANCE_NO_CHANGE},  {false, BALANCE_NO_CHANGE},     {false, BALANCE_NOW_UNHEALTHY},
        {true, BALANCE_NO_CHANGE},   {false, BALANCE_NO_CHANGE},     {true, BALANCE_NO_CHANGE},
        {true, BALANCE_NOW_HEALTHY}, {true, BALANCE_NO_CHANGE},      {false, BALANCE_NO_CHANGE},
        {false, BALANCE_NO_CHANGE},  {false, BALANCE_NOW_UNHEALTHY},
    };
    uint64_t now = 100000;
    begin(NULL, false, 0, &checks, now);
    for (size_t i = 0; i < sizeof steps / sizeof steps[0]; i++) {
        CU_ASSERT_EQUAL(check(0, &checks, steps[i].has_passed, now), steps[i].change);
        now += 1000;
    }
    finish();
}

static void mandatory_peers_wait_for_their_first_pass(void) {
    static const struct balance_checks checks = {.interval = 1000, .fails = 2, .passes = 2};
    begin(NULL, true, 0, &checks, 100000);
    peers_expect(&group, "--", 100000);
    CU_ASSERT_EQUAL(check(0, &checks, true, 100000), BALANCE_NO_CHANGE);
    peers_expect(&group, "--", 100000);
    CU_ASSERT_EQUAL(check(1, &checks, false, 100000), BALANCE_NO_CHANGE);
    CU_ASSERT_EQUAL(check(0, &checks, true, 101000), BALANCE_NOW_HEALTHY);
    CU_ASSERT_EQUAL(check(1, &checks, false, 101000), BALANCE_NOW_UNHEALTHY);
    peers_expect(&group, "aa", 101000);
    /* One failure does not yet make it unhealthy. */
    CU_ASSERT_EQUAL(check(0, &checks, false, 102000), BALANCE_NO_CHANGE);
    peers_expect(&group, "aa", 102000);
    finish();
}

static void a_peer_that_recovers_starts_slowly_and_anew(void) {
    begin(NULL, false, 10000, &usual, 100000);
    CU_ASSERT_EQUAL(check(0, &usual, true, 100000), BALANCE_NO_CHANGE);
    CU_ASSERT_EQUAL(group.peers.items[0]->state->slow_start, 0);
    CU_ASSERT_EQUAL(check(0, &usual, false, 101000), BALANCE_NOW_UNHEALTHY);
    group.peers.items[0]->state->fails = 1;
    CU_ASSERT_EQUAL(check(0, &usual, true, 102000), BALANCE_NOW_HEALTHY);
    CU_ASSERT_EQUAL(group.peers.items[0]->state->fails, 0);
    CU_ASSERT_EQUAL(group.peers.items[0]->state->slow_start, 102000);
    finish();
}

static void health_of_peers_that_are_not_checked_does_not_count(void) {
    begin(NULL, false, 0, &usual, 100000);
    CU_ASSERT_EQUAL(check(0, &usual, false, 100000), BALANCE_NOW_UNHEALTHY);
    group.peers.items[0]->settings.is_checked = false;
    peers_expect(&group, "abab", 100000);
    finish();
}

static void abandoned_checks_are_due_again(void) {
    uint64_t next;
    begin(NULL, false, 0, &usual, 100000);
    CU_ASSERT_TRUE(claim(0, &usual, 100000, &next));
    balance_health_abandon(group.peers.items[0], 100500);
    CU_ASSERT_FALSE(claim(0, &usual, 100499, &next));
    CU_ASSERT_EQUAL(next, 100500);
    CU_ASSERT_TRUE(claim(0, &usual, 100500, &next));
    finish();
}

/* By other rules, from a reload for instance. */
static void what_is_known_is_kept_unless_it_is_old(void) {
    static const struct balance_checks rare = {.interval = 3600000, .fails = 1, .passes = 1};
    uint64_t next;
    begin(NULL, true, 0, &rare, 100000);
    CU_ASSERT_EQUAL(check(0, &rare, true, 100000), BALANCE_NOW_HEALTHY);
    CU_ASSERT_FALSE(claim(0, &rare, 200000, &next));
    CU_ASSERT_EQUAL(next, 3700000);
    CU_ASSERT_TRUE(balance_health_begin(group.peers.items[0], &usual, 200000));
    CU_ASSERT_FALSE(claim(0, &usual, 200000, &next));
    CU_ASSERT_EQUAL(next, 201000);
    peers_expect(&group, "aa", 200000);
    CU_ASSERT_TRUE(balance_health_begin(group.peers.items[0], &usual, 201000 + 70000));
    peers_expect(&group, "aa", 271000);
    CU_ASSERT_TRUE(balance_health_begin(group.peers.items[0], &usual, 201000 + 70001));
    peers_expect(&group, "--", 271001);
    CU_ASSERT_TRUE(claim(0, &usual, 271001, &next));
    finish();
}

/* Two workers in one zone: what one claims the other does not; when it is killed the other does. */
static void a_check_dies_with_who_makes_it(void) {
    struct balance_zone *zone = balance_zone_create();
    uint64_t next;
    CU_ASSERT_PTR_NOT_NULL_FATAL(zone);
    uint32_t first = balance_zone_reserve_seat(zone);
    uint32_t second = balance_zone_reserve_seat(zone);
    balance_zone_sit(zone, first);
    begin(zone, false, 0, &usual, 100000);
    CU_ASSERT_TRUE(claim(0, &usual, 100000, &next));
    balance_zone_sit(zone, second);
    struct balance_peer *peer = group.peers.items[0];
    struct balance_state *state =
        balance_zone_attach(zone, &peer->key, peer->lock, peer->settings.weight);
    CU_ASSERT_PTR_EQUAL(state, peer->state);
    CU_ASSERT_FALSE(claim(0, &usual, 109000, &next));
    balance_zone_clear_seat(zone, first);
    CU_ASSERT_TRUE(claim(0, &usual, 109000, &next));
    CU_ASSERT_EQUAL(balance_health_finish(peer, &usual, false, 109000, &numbers),
                    BALANCE_NOW_UNHEALTHY);
    balance_zone_destroy(zone);
}

UNIT_TESTS("balance/health",
           {"checks are due once in an interval", checks_are_due_once_in_an_interval},
           {"jitter makes intervals longer", jitter_makes_intervals_longer},
           {"a check that ends late does not make the next wait",
            a_check_that_ends_late_does_not_make_the_next_wait},
           {"an unhealthy peer is left out", an_unhealthy_peer_is_left_out},
           {"results count in a row", results_count_in_a_row},
           {"mandatory peers wait for their first pass", mandatory_peers_wait_for_their_first_pass},
           {"a peer that recovers starts slowly and anew",
            a_peer_that_recovers_starts_slowly_and_anew},
           {"health of peers that are not checked does not count",
            health_of_peers_that_are_not_checked_does_not_count},
           {"abandoned checks are due again", abandoned_checks_are_due_again},
           {"what is known is kept unless it is old", what_is_known_is_kept_unless_it_is_old},
           {"a check dies with who makes it", a_check_dies_with_who_makes_it})
