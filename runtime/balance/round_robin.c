/* Smooth weighted round robin, in nginx's arithmetic, so that the same weights give the same
 * sequence: every candidate gains its weight, the richest is picked and pays the sum of all. */
#include "balance/group.h"

void balance_round_add(struct balance_round *round, struct balance_peer *peer, uint64_t now) {
    struct balance_state *state = peer->state;
    int64_t gain = balance_peer_gain(peer, now);
    state->current_weight += gain;
    round->total += gain;
    if (state->effective_weight < state->weight) {
        state->effective_weight++;
    }
    if (round->best == NULL || state->current_weight > round->best->state->current_weight) {
        round->best = peer;
    }
}

struct balance_peer *balance_round_end(const struct balance_round *round) {
    if (round->best != NULL) {
        round->best->state->current_weight -= round->total;
    }
    return round->best;
}

static struct balance_peer *pick(struct balance_group *group, const struct balance_peers *among,
                                 struct balance_request *request) {
    struct balance_round round = {0};
    (void)group;
    for (uint32_t i = 0; i < among->count; i++) {
        if (balance_request_may_pick(request, among->items[i])) {
            balance_round_add(&round, among->items[i], request->now);
        }
    }
    return balance_round_end(&round);
}

const struct balance_method balance_round_robin = {.pick = pick};
