/* Smooth weighted round robin, in nginx's arithmetic, so that the same weights give the same
 * sequence: every candidate gains its weight, the richest is picked and pays the sum of all. */
#include "balance/group.h"

static struct balance_peer *pick(struct balance_group *group, const struct balance_peers *among,
                                 struct balance_request *request) {
    struct balance_peer *best = NULL;
    int64_t total = 0;
    (void)group;
    for (uint32_t i = 0; i < among->count; i++) {
        struct balance_peer *peer = among->items[i];
        struct balance_state *state = peer->state;
        if (!balance_request_may_pick(request, peer)) {
            continue;
        }
        int64_t gain = balance_peer_gain(peer, request->now);
        state->current_weight += gain;
        total += gain;
        if (state->effective_weight < state->weight) {
            state->effective_weight++;
        }
        if (best == NULL || state->current_weight > best->state->current_weight) {
            best = peer;
        }
    }
    if (best != NULL) {
        best->state->current_weight -= total;
        if (request->now - best->state->checked > best->settings.fail_timeout) {
            best->state->checked = request->now;
        }
    }
    return best;
}

const struct balance_method balance_round_robin = {.name = "round_robin", .pick = pick};
