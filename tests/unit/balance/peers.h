/* Groups of peers named a, b, c … for tests of balancing. */
#ifndef TEST_BALANCE_PEERS_H
#define TEST_BALANCE_PEERS_H

#include "unit.h"

#include "balance/group.h"

#include <netinet/in.h>

/* Adds the next peer of a server line; its name follows from how many there are. */
static struct balance_peer *peers_add_line(struct balance_group *group, struct slice line,
                                           const struct balance_settings *settings) {
    uint32_t number = group->peers.count + group->backups.count;
    struct sockaddr_in address = {.sin_family = AF_INET, .sin_port = htons((uint16_t)(1 + number))};
    char name = (char)('a' + number);
    struct balance_identity identity = {.group = SLICE("group"), .line = line};
    struct balance_peer *peer =
        balance_peer_create(group->zone, &identity, (struct sockaddr *)&address, sizeof address,
                            (struct slice){&name, 1}, settings);
    CU_ASSERT_TRUE_FATAL(peer != NULL && balance_group_add(group, peer));
    return peer;
}

/* The same for a line of its own. */
static inline struct balance_peer *peers_add(struct balance_group *group,
                                             const struct balance_settings *settings) {
    char line = (char)('a' + group->peers.count + group->backups.count);
    return peers_add_line(group, (struct slice){&line, 1}, settings);
}

static inline void peers_add_weights(struct balance_group *group, const uint32_t *weights,
                                     uint32_t count) {
    for (uint32_t i = 0; i < count; i++) {
        struct balance_settings settings = balance_settings_default();
        settings.weight = weights[i];
        (void)peers_add(group, &settings);
    }
}

/* The name of the peer picked at that time, which is given back with that outcome; '-': nobody. */
static inline char peers_pick(struct balance_group *group, uint64_t now,
                              enum balance_outcome outcome) {
    struct balance_request request = {.now = now};
    struct balance_peer *peer = balance_group_pick(group, &request);
    if (peer == NULL) {
        return '-';
    }
    (void)balance_group_give_back(group, peer, outcome, now);
    return peer->name.data[0];
}

static inline void peers_expect(struct balance_group *group, const char *names, uint64_t now) {
    for (const char *name = names; *name != '\0'; name++) {
        CU_ASSERT_EQUAL(peers_pick(group, now, BALANCE_UNTOLD), *name);
    }
}

#endif
