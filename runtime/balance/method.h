/* What a balancing method is: it says which of the usable peers is next. Who is usable, backups,
 * counting and failures are group.c's. */
#ifndef BALANCE_METHOD_H
#define BALANCE_METHOD_H

#include "balance/peer.h"

struct balance_group;

/* The pseudo-random numbers of one worker (SplitMix64). */
struct balance_random {
    uint64_t state;
};

static inline uint64_t balance_random_next(struct balance_random *random) {
    uint64_t z = random->state += 0x9e3779b97f4a7c15u;
    z = (z ^ (z >> 30)) * 0xbf58476d1ce4e5b9u;
    z = (z ^ (z >> 27)) * 0x94d049bb133111ebu;
    return z ^ (z >> 31);
}

/* What one request knows and has tried. Zeroed at first; the hashing methods note in it where they
 * are from one pick to the next. */
struct balance_request {
    uint64_t now;                      /* loop time */
    struct balance_peer *const *tried; /* not to be picked again */
    uint32_t tried_count;
    struct slice client; /* binary address: 4 or 16 bytes; empty for a unix socket */
    struct slice key;    /* what hashing methods hash */
    struct slice route;  /* of the peer that the request is bound to; empty: of none */
    uint32_t hash;
    uint32_t rehash;
    uint32_t hash_tries;
    struct balance_random *random;
};

struct balance_method {
    bool needs_key; /* a `hash` key is evaluated for it */
    /* Derives what it needs from peers that have changed, as group->arranged. False without memory;
     * what was there before then stays. NULL: it needs nothing. */
    bool (*arrange)(struct balance_group *group);
    void (*release)(struct balance_group *group);
    /* The next peer `among` the primaries or the backups, or NULL. The group's lock is held, all
     * states are attached. */
    struct balance_peer *(*pick)(struct balance_group *group, const struct balance_peers *among,
                                 struct balance_request *request);
};

/* Whether a method may pick the peer: usable, and not tried by this request. */
bool balance_request_may_pick(const struct balance_request *request,
                              const struct balance_peer *peer);

/* The same for a peer that the request is bound to: it may be draining. */
bool balance_request_may_keep(const struct balance_request *request,
                              const struct balance_peer *peer);

/* One round of smooth weighted round robin: every candidate gains its weight, the richest is chosen
 * and pays the sum of all. */
struct balance_round {
    struct balance_peer *best; /* NULL: nobody so far */
    int64_t total;
};

void balance_round_add(struct balance_round *round, struct balance_peer *peer, uint64_t now);
/* The one whose turn it is, or NULL. */
struct balance_peer *balance_round_end(const struct balance_round *round);

extern const struct balance_method balance_round_robin;
extern const struct balance_method balance_least_conn;
extern const struct balance_method balance_ip_hash;
extern const struct balance_method balance_hash;
extern const struct balance_method balance_hash_consistent;
extern const struct balance_method balance_random_one;
extern const struct balance_method balance_random_two_least_conn;

/* Indexed by enum table_balance_method. */
extern const struct balance_method *const balance_methods[TABLE_balance_method_COUNT];

#endif
