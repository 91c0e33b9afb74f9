/* Smooth weighted round robin: every candidate gains its weight, the richest is picked and pays the
 * sum of all. */
#include "balance/round_robin.h"

static bool is_among(struct balance_peer *const *tried, uint32_t count,
                     const struct balance_peer *peer) {
    for (uint32_t i = 0; i < count; i++) {
        if (tried[i] == peer) {
            return true;
        }
    }
    return false;
}

static bool is_out_of_use(const struct balance_peer *peer, uint64_t now) {
    return peer->max_fails > 0 && peer->fails >= peer->max_fails &&
           now - peer->checked <= peer->fail_timeout;
}

static struct balance_peer *pick_only(struct balance_peer *peer, uint32_t tried_count) {
    return peer->is_down || tried_count > 0 ? NULL : peer;
}

struct balance_peer *balance_round_robin_pick(struct balance_peers *peers,
                                              struct balance_peer *const *tried,
                                              uint32_t tried_count, uint64_t now) {
    struct balance_peer *best = NULL;
    int64_t total = 0;
    if (peers->count == 1) {
        return pick_only(peers->items[0], tried_count);
    }
    for (uint32_t i = 0; i < peers->count; i++) {
        struct balance_peer *peer = peers->items[i];
        if (peer->is_down || is_among(tried, tried_count, peer) || is_out_of_use(peer, now)) {
            continue;
        }
        peer->current_weight += peer->effective_weight;
        total += peer->effective_weight;
        if (peer->effective_weight < peer->weight) {
            peer->effective_weight++;
        }
        if (best == NULL || peer->current_weight > best->current_weight) {
            best = peer;
        }
    }
    if (best != NULL) {
        best->current_weight -= total;
        if (now - best->checked > best->fail_timeout) {
            best->checked = now;
        }
    }
    return best;
}
