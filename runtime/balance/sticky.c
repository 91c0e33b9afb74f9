/* Requests that are bound to a peer. */
#include "balance/sticky.h"

#include "balance/group.h"

#include <openssl/evp.h>
#include <stdio.h>
#include <string.h>

enum { DIGEST_SIZE = 16 };

/* Where MD5 is switched off (FIPS) any hash will do: nobody but this program reads it. */
static void make_digest(struct slice name, unsigned char digest[DIGEST_SIZE]) {
    unsigned char made[EVP_MAX_MD_SIZE];
    unsigned int size = 0;
    if (EVP_Digest(name.data, name.size, made, &size, EVP_md5(), NULL) == 1 &&
        size == DIGEST_SIZE) {
        memcpy(digest, made, DIGEST_SIZE);
        return;
    }
    uint64_t hash = slice_hash(name);
    for (unsigned i = 0; i < DIGEST_SIZE; i++) {
        digest[i] = (unsigned char)(hash >> 8 * (i % sizeof hash));
    }
}

void balance_sticky_name(struct slice route, struct slice name,
                         char called[TABLE_ROUTE_LIMIT + 1]) {
    unsigned char digest[DIGEST_SIZE];
    if (route.size > 0) {
        struct slice cut = slice_take(route, TABLE_ROUTE_LIMIT);
        memcpy(called, cut.data, cut.size);
        called[cut.size] = '\0';
        return;
    }
    make_digest(name, digest);
    for (unsigned i = 0; i < DIGEST_SIZE; i++) {
        snprintf(called + (size_t)2 * i, 3, "%02x", digest[i]);
    }
}

static struct balance_peer *find_bound(const struct balance_peers *among,
                                       const struct balance_request *request) {
    for (uint32_t i = 0; request->route.size > 0 && i < among->count; i++) {
        if (slice_equals(slice_from_string(among->items[i]->route), request->route)) {
            return among->items[i];
        }
    }
    return NULL;
}

static int64_t weight_of(const struct balance_peer *peer, uint64_t now) {
    return (int64_t)balance_peer_weight(peer, now);
}

/* In turns a bound request counts like any other, so that its peer is passed over when the others
 * are next; but one such request only, not all that are bound in a row (nginx's
 * ngx_http_upstream_get_peer). */
static void count_turn(const struct balance_peers *among, struct balance_request *request,
                       struct balance_peer *peer) {
    int64_t others = 0;
    for (uint32_t i = 0; i < among->count; i++) {
        others += among->items[i] == peer ? 0 : weight_of(among->items[i], request->now);
    }
    if (peer->state->current_weight <= -others) {
        return;
    }
    struct balance_round round = {0};
    for (uint32_t i = 0; i < among->count; i++) {
        if (balance_request_may_pick(request, among->items[i])) {
            balance_round_add(&round, among->items[i], request->now);
        }
    }
    peer->state->current_weight -= round.total;
}

struct balance_peer *balance_sticky_pick(struct balance_group *group,
                                         const struct balance_peers *among,
                                         struct balance_request *request) {
    struct balance_peer *peer = find_bound(among, request);
    if (peer == NULL || !balance_request_may_keep(request, peer)) {
        return NULL;
    }
    if (group->method == &balance_round_robin && among->count > 1) {
        count_turn(among, request, peer);
    }
    return peer;
}
