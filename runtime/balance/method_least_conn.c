/* least_conn: the peer with the fewest requests under way for its weight; among several, the one
 * whose turn it is. */
#include "balance/group.h"

/* Whether `a` has fewer requests for its weight than `b`: -1, equally many: 0, more: 1. */
static int compare_load(const struct balance_peer *a, const struct balance_peer *b, uint64_t now) {
    uint64_t load = a->state->active * balance_peer_weight(b, now);
    uint64_t other = b->state->active * balance_peer_weight(a, now);
    return load < other ? -1 : load > other;
}

static struct balance_peer *pick(struct balance_group *group, const struct balance_peers *among,
                                 struct balance_request *request) {
    struct balance_peer *least = NULL;
    uint32_t first = 0;
    bool are_many = false;
    if (among->count == 1) {
        return balance_round_robin.pick(group, among, request);
    }
    for (uint32_t i = 0; i < among->count; i++) {
        struct balance_peer *peer = among->items[i];
        if (!balance_request_may_pick(request, peer)) {
            continue;
        }
        int order = least == NULL ? -1 : compare_load(peer, least, request->now);
        are_many = order < 0 ? false : are_many || order == 0;
        first = order < 0 ? i : first;
        least = order < 0 ? peer : least;
    }
    if (!are_many) {
        return least;
    }
    struct balance_round round = {0};
    for (uint32_t i = first; i < among->count; i++) {
        struct balance_peer *peer = among->items[i];
        if (balance_request_may_pick(request, peer) &&
            compare_load(peer, least, request->now) == 0) {
            balance_round_add(&round, peer, request->now);
        }
    }
    return balance_round_end(&round);
}

const struct balance_method balance_least_conn = {
    .pick = pick,
};
