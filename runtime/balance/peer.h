/* Peers of an upstream group as one worker sees them: address and configuration here, what is known
 * of them in the zone, shared with the other workers. */
#ifndef BALANCE_PEER_H
#define BALANCE_PEER_H

#include "balance/zone.h"
#include "base/slice.h"
#include "table/layout.h"

#include <sys/socket.h>

/* What the configuration says of a peer. */
struct balance_settings {
    uint32_t weight;
    uint32_t max_fails;    /* 0: failures do not matter */
    uint64_t fail_timeout; /* milliseconds */
    uint32_t max_conns;    /* attempts at a time; 0: any number */
    uint64_t slow_start;   /* milliseconds from no weight to the full one; 0: none */
    bool is_down;
    bool is_draining;     /* asked only by requests that are bound to it */
    struct slice route;   /* its name in cookies; empty: one made of its address */
    bool is_backup;       /* asked only when no other is available */
    bool is_checked;      /* its health counts */
    bool must_be_healthy; /* asked only once a check has found it so */
};

/* Tells the peers of a configuration apart, whatever table they are in. */
struct balance_identity {
    struct slice group;
    uint32_t port;       /* of an implicit group */
    struct slice line;   /* the server line */
    uint32_t occurrence; /* among lines of the group that say the same */
};

struct balance_peer {
    uint32_t references;
    struct sockaddr_storage address;
    socklen_t address_size;
    struct slice name; /* for logs and $upstream_addr; owned */
    struct slice line; /* what the configuration has as its address; owned */
    char route[TABLE_ROUTE_LIMIT + 1];
    uint32_t origin; /* which `server` line of the group it comes from */
    struct balance_settings settings;
    struct balance_zone *zone; /* may be NULL */
    struct balance_key key;
    uint32_t lock;
    struct balance_state *state; /* held; NULL until it is first asked for */
};

struct balance_peers {
    struct balance_peer **items;
    uint32_t count;
    uint32_t capacity;
};

/* The settings of a peer that nothing is said of. */
struct balance_settings balance_settings_default(void);

/* NULL without memory. Texts are copied. */
struct balance_peer *balance_peer_create(struct balance_zone *zone,
                                         const struct balance_identity *identity,
                                         const struct sockaddr *address, socklen_t size,
                                         struct slice name,
                                         const struct balance_settings *settings);
struct balance_peer *balance_peer_hold(struct balance_peer *peer);
void balance_peer_release(struct balance_peer *peer);

/* Gets the peer its state if the zone has it, as after a reload. */
void balance_peer_recall(struct balance_peer *peer);

/* Gets the peer its state, a new one if need be. False without memory. */
__attribute__((warn_unused_result)) bool balance_peer_attach(struct balance_peer *peer);

/* Whether failures have put it out of use and it is not time for another chance. Its state is
 * attached and its lock held. */
bool balance_peer_is_out_of_use(const struct balance_peer *peer, uint64_t now);

/* Whether it may be asked: not down, not out of use because of failures, healthy, below max_conns.
 * Its state is attached and its lock held. */
bool balance_peer_is_usable(const struct balance_peer *peer, uint64_t now);

/* What the peer gains with one pick, in thousandths: its effective weight; while it starts slowly,
 * a part of it that grows with time. Its lock is held. */
int64_t balance_peer_gain(const struct balance_peer *peer, uint64_t now);

/* The weight to compare it by, in thousandths; less than the configured one while it starts slowly.
 * At least 1. Its lock is held. */
uint64_t balance_peer_weight(const struct balance_peer *peer, uint64_t now);

/* Takes over the caller's reference. False without memory; the reference is then still his. */
__attribute__((warn_unused_result)) bool balance_peers_add(struct balance_peers *peers,
                                                           struct balance_peer *peer);
void balance_peers_release(struct balance_peers *peers);

#endif
