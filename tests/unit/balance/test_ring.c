/* Rings of consistent hashes. What is expected of keys is what nginx 1.22 does with them. */
#include "unit.h"

#include "balance/hashing.h"
#include "balance/ring.h"

#include <stdio.h>
#include <stdlib.h>

enum { KEYS = 60, MANY_KEYS = 2000 };

static const struct balance_ring_server servers[] = {
    {SLICE_INIT("127.0.0.1:18181"), 1},
    {SLICE_INIT("127.0.0.1:18182"), 3},
    {SLICE_INIT("127.0.0.1:18183"), 1},
    {SLICE_INIT("unix:/tmp/methods-ng/s"), 2},
};

static uint32_t server_of_key(const struct balance_ring *ring, int number, uint32_t down) {
    char key[16];
    int size = snprintf(key, sizeof key, "key%d", number);
    uint32_t point = balance_ring_find(ring, balance_crc32((struct slice){key, (size_t)size}));
    while (ring->points[point % ring->count].server == down) {
        point++;
    }
    return ring->points[point % ring->count].server;
}

static void keys_get_where_nginx_puts_them(void) {
    static const char all[] = "bdadbbdbbccdbdadbdcaabacbdabbddcbbcbccbdbbbbadbdbabdcabbbcbb";
    static const char without[] = "cdadccddcccdddadadcaaaaccdacaddccccdcccdcdcdadcddaddcadddcdd";
    struct balance_ring *ring = balance_ring_create(servers, 4);
    CU_ASSERT_PTR_NOT_NULL_FATAL(ring);
    for (int i = 0; i < KEYS; i++) {
        CU_ASSERT_EQUAL("abcd"[server_of_key(ring, i, 4)], all[i]);
        CU_ASSERT_EQUAL("abcd"[server_of_key(ring, i, 1)], without[i]);
    }
    free(ring);
}

static void points_ascend_and_are_as_many_as_weights_say(void) {
    struct balance_ring *ring = balance_ring_create(servers, 4);
    uint32_t of_server[4] = {0};
    for (uint32_t i = 0; i < ring->count; i++) {
        of_server[ring->points[i].server]++;
        CU_ASSERT_TRUE(i == 0 || ring->points[i].hash > ring->points[i - 1].hash);
    }
    for (int i = 0; i < 4; i++) {
        CU_ASSERT_EQUAL(of_server[i], servers[i].weight * BALANCE_RING_POINTS);
    }
    free(ring);
}

/* Keys of the servers that were there stay, but those that the new one takes. */
static void a_new_server_moves_only_its_own_keys(void) {
    struct balance_ring *before = balance_ring_create(servers, 3);
    struct balance_ring *after = balance_ring_create(servers, 4);
    int moved = 0;
    for (int i = 0; i < MANY_KEYS; i++) {
        uint32_t server = server_of_key(after, i, 4);
        CU_ASSERT_TRUE(server == 3 || server == server_of_key(before, i, 4));
        moved += server == 3;
    }
    CU_ASSERT_TRUE(moved > MANY_KEYS * 2 / 7 * 3 / 4 && moved < MANY_KEYS * 2 / 7 * 5 / 4);
    free(before);
    free(after);
}

static void the_order_of_servers_does_not_matter(void) {
    const struct balance_ring_server turned[] = {servers[3], servers[1], servers[0], servers[2]};
    static const uint32_t places[] = {3, 1, 0, 2};
    struct balance_ring *ring = balance_ring_create(servers, 4);
    struct balance_ring *other = balance_ring_create(turned, 4);
    for (int i = 0; i < MANY_KEYS; i++) {
        CU_ASSERT_EQUAL(places[server_of_key(other, i, 4)], server_of_key(ring, i, 4));
    }
    free(ring);
    free(other);
}

/* One name is one place, however it is written; a port is apart from its host. */
static void names_are_taken_apart(void) {
    static const struct {
        struct balance_ring_server one;
        struct balance_ring_server other;
        bool are_equal;
    } rows[] = {
        {{SLICE_INIT("unix:/a"), 1}, {SLICE_INIT("UNIX:/a"), 1}, true},
        {{SLICE_INIT("unix:/a"), 1}, {SLICE_INIT("/a"), 1}, true},
        {{SLICE_INIT("a:1"), 1}, {SLICE_INIT("a"), 1}, false},
        {{SLICE_INIT("a:"), 1}, {SLICE_INIT("a"), 1}, true},
        {{SLICE_INIT("12"), 1}, {SLICE_INIT("1:2"), 1}, false},
        {{SLICE_INIT("[::1]:81"), 1}, {SLICE_INIT("[::1]"), 1}, false},
    };
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        struct balance_ring *one = balance_ring_create(&rows[i].one, 1);
        struct balance_ring *other = balance_ring_create(&rows[i].other, 1);
        CU_ASSERT_EQUAL(one->points[0].hash == other->points[0].hash, rows[i].are_equal);
        free(one);
        free(other);
    }
}

static void huge_weights_have_a_limit(void) {
    const struct balance_ring_server heavy[] = {
        {SLICE("a"), 65535}, {SLICE("b"), 65535}, {SLICE("c"), 1}};
    struct balance_ring *ring = balance_ring_create(heavy, 3);
    uint32_t of_server[3] = {0};
    CU_ASSERT_PTR_NOT_NULL_FATAL(ring);
    CU_ASSERT_TRUE(ring->count <= BALANCE_RING_LIMIT + 3);
    for (uint32_t i = 0; i < ring->count; i++) {
        of_server[ring->points[i].server]++;
    }
    CU_ASSERT_TRUE(of_server[0] > BALANCE_RING_LIMIT * 49 / 100);
    CU_ASSERT_TRUE(of_server[2] > 0);
    free(ring);
}

/* Ten times the weight, about ten times the points, however many servers there are. */
static void large_groups_keep_their_weights(void) {
    enum { SERVERS = 20000 };
    static struct balance_ring_server many[SERVERS];
    static char names[SERVERS][8];
    uint64_t light = 0;
    uint64_t heavy = 0;
    for (uint32_t i = 0; i < SERVERS; i++) {
        int size = snprintf(names[i], sizeof names[i], "s%u", i);
        many[i] = (struct balance_ring_server){{names[i], (size_t)size}, i % 2 == 0 ? 1 : 10};
    }
    struct balance_ring *ring = balance_ring_create(many, SERVERS);
    CU_ASSERT_PTR_NOT_NULL_FATAL(ring);
    CU_ASSERT_TRUE(ring->count <= BALANCE_RING_LIMIT + SERVERS);
    for (uint32_t i = 0; i < ring->count; i++) {
        *(ring->points[i].server % 2 == 0 ? &light : &heavy) += 1;
    }
    CU_ASSERT_TRUE(heavy > light * 98 / 10 && heavy < light * 103 / 10);
    free(ring);
}

UNIT_TESTS("balance/ring", {"keys get where nginx puts them", keys_get_where_nginx_puts_them},
           {"points ascend and are as many as weights say",
            points_ascend_and_are_as_many_as_weights_say},
           {"a new server moves only its own keys", a_new_server_moves_only_its_own_keys},
           {"the order of servers does not matter", the_order_of_servers_does_not_matter},
           {"names are taken apart", names_are_taken_apart},
           {"huge weights have a limit", huge_weights_have_a_limit},
           {"large groups keep their weights", large_groups_keep_their_weights})
