/* Active health of peers: when each is to be checked, by whom, and what the results make of it. All
 * of it is in the shared state, so that a group is checked once and not once by each worker:
 * whoever is the first to see that a check is due makes it. */
#ifndef BALANCE_HEALTH_H
#define BALANCE_HEALTH_H

#include "balance/method.h"

struct balance_checks {
    uint64_t interval; /* milliseconds */
    uint64_t jitter;   /* by a random part of it each interval is longer */
    uint32_t fails;    /* in a row, until a peer is unhealthy */
    uint32_t passes;   /* in a row, until it is healthy */
};

enum balance_change { BALANCE_NO_CHANGE, BALANCE_NOW_HEALTHY, BALANCE_NOW_UNHEALTHY };

/* The peer is to be checked from now on, perhaps by other rules than before. What is known of one
 * that nobody has checked for long does not count. False without memory for its state. */
__attribute__((warn_unused_result)) bool
balance_health_begin(struct balance_peer *peer, const struct balance_checks *checks, uint64_t now);

/* True when a check is due and nobody makes it: the caller does, and ends it by one of the two
 * functions below. `*next`: when to ask again. */
bool balance_health_claim(const struct balance_peer *peer, const struct balance_checks *checks,
                          uint64_t now, uint64_t *next);

/* The result of a claimed check. The first that is good makes a peer healthy without being a
 * change, unless requests had to wait for it. */
enum balance_change balance_health_finish(const struct balance_peer *peer,
                                          const struct balance_checks *checks, bool has_passed,
                                          uint64_t now, struct balance_random *random);

/* A claimed check has come to nothing, through no fault of the peer's; it is due again at `due`. */
void balance_health_abandon(const struct balance_peer *peer, uint64_t due);

#endif
