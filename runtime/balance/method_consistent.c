/* hash ... consistent: the server of the first point on the ring behind the key's hash. A server
 * that cannot be used hands its keys to the next point's. Servers with the same name, those of a
 * host with several addresses among them, share their points and take turns. */
#include "balance/group.h"
#include "balance/hashing.h"
#include "balance/ring.h"

#include <stdlib.h>

enum { MOST_TRIES = 20 };

/* The peers of one server, adjacent in `members`, the first one of the group's first. */
struct server {
    uint32_t first;
    uint32_t count;
    uint32_t peer; /* index of the first */
};

/* What is derived from the peers; indexes, so that nothing dangles when peers have gone. */
struct arrangement {
    struct balance_ring *ring;
    uint32_t peer_count;
    uint32_t *members; /* indexes of peers, by server */
    struct server *servers;
};

static void destroy(struct arrangement *arrangement) {
    if (arrangement != NULL) {
        free(arrangement->ring);
        free(arrangement->members);
        free(arrangement->servers);
        free(arrangement);
    }
}

/* --- peers by the names of their servers --- */

struct named {
    struct slice name;
    uint32_t peer;
};

static int compare_names(const void *left, const void *right) {
    const struct named *a = left;
    const struct named *b = right;
    int order = slice_compare(a->name, b->name);
    return order != 0 ? order : a->peer < b->peer ? -1 : a->peer > b->peer;
}

static int compare_places(const void *left, const void *right) {
    const struct server *a = left;
    const struct server *b = right;
    return a->peer < b->peer ? -1 : a->peer > b->peer;
}

/* Fills in members and servers, these in the order of the configuration: of two with the same point
 * the first has it. Returns how many servers there are. */
static uint32_t divide(struct arrangement *arrangement, const struct named *sorted,
                       uint32_t peer_count) {
    uint32_t count = 0;
    for (uint32_t i = 0; i < peer_count; i++) {
        if (i == 0 || !slice_equals(sorted[i].name, sorted[i - 1].name)) {
            arrangement->servers[count++] = (struct server){.first = i, .peer = sorted[i].peer};
        }
        arrangement->members[i] = sorted[i].peer;
        arrangement->servers[count - 1].count++;
    }
    qsort(arrangement->servers, count, sizeof *arrangement->servers, compare_places);
    return count;
}

/* Of peers with the same name the largest weight counts, since their points are the same. */
static uint64_t weight_of(const struct arrangement *arrangement, const struct server *server,
                          const struct balance_peers *peers) {
    uint64_t weight = 0;
    for (uint32_t i = server->first; i < server->first + server->count; i++) {
        uint64_t own = (uint64_t)peers->items[arrangement->members[i]]->settings.weight;
        weight = own > weight ? own : weight;
    }
    return weight;
}

/* NULL without memory. */
static struct balance_ring *make_ring(const struct arrangement *arrangement, uint32_t count,
                                      const struct balance_peers *peers) {
    struct balance_ring_server *servers = calloc((size_t)count + 1, sizeof *servers);
    if (servers == NULL) {
        return NULL;
    }
    for (uint32_t i = 0; i < count; i++) {
        const struct server *server = &arrangement->servers[i];
        servers[i].name = peers->items[server->peer]->line;
        servers[i].weight = weight_of(arrangement, server, peers);
    }
    struct balance_ring *ring = balance_ring_create(servers, count);
    free(servers);
    return ring;
}

static bool fill(struct arrangement *arrangement, const struct balance_peers *peers) {
    size_t room = (size_t)peers->count + 1;
    struct named *sorted = calloc(room, sizeof *sorted);
    arrangement->members = calloc(room, sizeof *arrangement->members);
    arrangement->servers = calloc(room, sizeof *arrangement->servers);
    arrangement->peer_count = peers->count;
    if (sorted != NULL && arrangement->members != NULL && arrangement->servers != NULL) {
        for (uint32_t i = 0; i < peers->count; i++) {
            sorted[i] = (struct named){peers->items[i]->line, i};
        }
        qsort(sorted, peers->count, sizeof *sorted, compare_names);
        uint32_t count = divide(arrangement, sorted, peers->count);
        arrangement->ring = make_ring(arrangement, count, peers);
    }
    free(sorted);
    return arrangement->ring != NULL;
}

static bool arrange(struct balance_group *group) {
    struct arrangement *arrangement = calloc(1, sizeof *arrangement);
    if (arrangement == NULL || !fill(arrangement, &group->peers)) {
        destroy(arrangement);
        return false;
    }
    destroy(group->arranged);
    group->arranged = arrangement;
    return true;
}

static void release(struct balance_group *group) {
    destroy(group->arranged);
    group->arranged = NULL;
}

/* --- picking --- */

/* The one of a server's peers whose turn it is, of those that can be used. */
static struct balance_peer *pick_of_server(const struct arrangement *arrangement, uint32_t server,
                                           const struct balance_peers *among,
                                           struct balance_request *request) {
    struct balance_round round = {0};
    struct server range = arrangement->servers[server];
    for (uint32_t i = range.first; i < range.first + range.count; i++) {
        struct balance_peer *peer = among->items[arrangement->members[i]];
        if (balance_request_may_pick(request, peer)) {
            balance_round_add(&round, peer, request->now);
        }
    }
    return balance_round_end(&round);
}

static struct balance_peer *pick(struct balance_group *group, const struct balance_peers *among,
                                 struct balance_request *request) {
    const struct arrangement *arrangement = group->arranged;
    bool is_fit = arrangement != NULL && arrangement->peer_count == among->count &&
                  among->count > 1 && request->key.size > 0;
    if (is_fit && request->rehash == 0) {
        request->hash = balance_ring_find(arrangement->ring, balance_crc32(request->key));
        request->rehash = 1;
    }
    while (is_fit && request->hash_tries <= MOST_TRIES) {
        const struct balance_ring *ring = arrangement->ring;
        uint32_t server = ring->points[request->hash % ring->count].server;
        struct balance_peer *peer = pick_of_server(arrangement, server, among, request);
        if (peer != NULL) {
            return peer;
        }
        request->hash++;
        request->hash_tries++;
    }
    return balance_round_robin.pick(group, among, request);
}

const struct balance_method balance_hash_consistent = {
    .needs_key = true,
    .arrange = arrange,
    .release = release,
    .pick = pick,
};
