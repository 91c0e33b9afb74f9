/* ip_hash and hash: the peer on whose range of weights a hash falls. When that one cannot be used
 * the hash goes on, twenty times at most; then it is a matter of turns, as in nginx. */
#include "balance/group.h"
#include "balance/hashing.h"
#include "balance/ranges.h"

enum { MOST_TRIES = 20 };

static uint32_t next_client_hash(struct balance_request *request) {
    uint32_t begin = request->rehash == 0 ? BALANCE_CLIENT_HASH : request->hash;
    return balance_hash_client(begin, request->client);
}

static uint32_t next_key_hash(struct balance_request *request) {
    return request->hash + balance_hash_key(request->key, request->rehash);
}

static struct balance_peer *pick_by(struct balance_group *group, const struct balance_peers *among,
                                    struct balance_request *request,
                                    uint32_t (*next_hash)(struct balance_request *request)) {
    const struct balance_ranges *ranges = balance_ranges_of(group, among);
    while (ranges != NULL && request->hash_tries <= MOST_TRIES) {
        request->hash = next_hash(request);
        request->rehash++;
        uint64_t place = request->hash % balance_ranges_total(ranges);
        struct balance_peer *peer = among->items[balance_ranges_find(ranges, place)];
        if (balance_request_may_pick(request, peer)) {
            return peer;
        }
        request->hash_tries++;
    }
    return balance_round_robin.pick(group, among, request);
}

static struct balance_peer *pick_by_client(struct balance_group *group,
                                           const struct balance_peers *among,
                                           struct balance_request *request) {
    return pick_by(group, among, request, next_client_hash);
}

/* An empty key says nothing. */
static struct balance_peer *pick_by_key(struct balance_group *group,
                                        const struct balance_peers *among,
                                        struct balance_request *request) {
    if (request->key.size == 0) {
        return balance_round_robin.pick(group, among, request);
    }
    return pick_by(group, among, request, next_key_hash);
}

const struct balance_method balance_ip_hash = {
    .arrange = balance_ranges_arrange,
    .release = balance_ranges_release,
    .pick = pick_by_client,
};

const struct balance_method balance_hash = {
    .needs_key = true,
    .arrange = balance_ranges_arrange,
    .release = balance_ranges_release,
    .pick = pick_by_key,
};
