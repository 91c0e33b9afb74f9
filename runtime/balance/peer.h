/* Peers of an upstream group as one worker sees them: addresses, weights, and the record of
 * failures that decides whether a peer is used (nginx's max_fails and fail_timeout with their
 * defaults). */
#ifndef BALANCE_PEER_H
#define BALANCE_PEER_H

#include "base/slice.h"

#include <sys/socket.h>

struct balance_peer {
    uint32_t references;
    struct sockaddr_storage address;
    socklen_t address_size;
    struct slice name; /* for logs and $upstream_addr; owned */
    uint32_t origin;   /* which `server` line of the group it comes from */
    int64_t weight;
    int64_t effective_weight; /* lowered by failures, recovers by one with each pick */
    int64_t current_weight;
    bool is_down;          /* `down` in the configuration */
    uint32_t max_fails;    /* 0: failures do not matter */
    uint64_t fail_timeout; /* milliseconds */
    uint32_t fails;
    uint64_t accessed; /* loop time of the last failure */
    uint64_t checked;  /* loop time from which fail_timeout is counted */
};

struct balance_peers {
    struct balance_peer **items;
    uint32_t count;
    uint32_t capacity;
};

/* NULL without memory. `name` is copied. */
struct balance_peer *balance_peer_create(const struct sockaddr *address, socklen_t size,
                                         struct slice name, uint32_t weight, bool is_down);
struct balance_peer *balance_peer_hold(struct balance_peer *peer);
void balance_peer_release(struct balance_peer *peer);

/* Takes over the caller's reference. False without memory; the reference is then still his. */
__attribute__((warn_unused_result)) bool balance_peers_add(struct balance_peers *peers,
                                                           struct balance_peer *peer);
void balance_peers_remove(struct balance_peers *peers, uint32_t index);
void balance_peers_release(struct balance_peers *peers);

/* How many may be tried for one request. */
uint32_t balance_peers_usable(const struct balance_peers *peers);

/* What became of an attempt. Returns true when this failure put the peer out of use for a while. A
 * peer that is alone in its group is never put out of use, as in nginx. */
bool balance_peer_failed(struct balance_peer *peer, bool is_alone, uint64_t now);
void balance_peer_succeeded(struct balance_peer *peer);

#endif
