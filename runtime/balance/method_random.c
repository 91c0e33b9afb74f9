/* random: a peer by chance and weight; random two: the less busy of two such. What cannot be used
 * is drawn again, twenty times at most; then it is a matter of turns, as in nginx. */
#include "balance/group.h"
#include "balance/random.h"
#include "balance/ranges.h"

enum { MOST_TRIES = 20 };

/* A peer that can be used and is not `other`; NULL when chance gave none in time. */
static struct balance_peer *draw(struct balance_group *group, const struct balance_peers *among,
                                 struct balance_request *request,
                                 const struct balance_peer *other) {
    const struct balance_ranges *ranges = balance_ranges_of(group, among);
    while (ranges != NULL && request->hash_tries <= MOST_TRIES) {
        uint64_t place = balance_random_below(request->random, balance_ranges_total(ranges));
        struct balance_peer *peer = among->items[balance_ranges_find(ranges, place)];
        if (peer != other && balance_request_may_pick(request, peer)) {
            return peer;
        }
        request->hash_tries++;
    }
    return NULL;
}

static struct balance_peer *pick(struct balance_group *group, const struct balance_peers *among,
                                 struct balance_request *request) {
    struct balance_peer *peer = draw(group, among, request, NULL);
    return peer != NULL ? peer : balance_round_robin.pick(group, among, request);
}

static bool is_busier(const struct balance_peer *peer, const struct balance_peer *other) {
    return peer->state->active * (uint64_t)other->settings.weight >
           other->state->active * (uint64_t)peer->settings.weight;
}

static struct balance_peer *pick_of_two(struct balance_group *group,
                                        const struct balance_peers *among,
                                        struct balance_request *request) {
    struct balance_peer *first = draw(group, among, request, NULL);
    struct balance_peer *second = first != NULL ? draw(group, among, request, first) : NULL;
    if (second == NULL) {
        return balance_round_robin.pick(group, among, request);
    }
    return is_busier(second, first) ? first : second;
}

const struct balance_method balance_random_one = {
    .arrange = balance_ranges_arrange,
    .release = balance_ranges_release,
    .pick = pick,
};

const struct balance_method balance_random_two_least_conn = {
    .arrange = balance_ranges_arrange,
    .release = balance_ranges_release,
    .pick = pick_of_two,
};
