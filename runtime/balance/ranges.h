/* Peers laid out one behind the other, each as long as its weight: what a number below the sum of
 * all weights falls on is its peer. What methods derive from a group that choose by a number. */
#ifndef BALANCE_RANGES_H
#define BALANCE_RANGES_H

#include "balance/method.h"

struct balance_ranges {
    uint32_t count;
    uint64_t ends[]; /* where each peer's range ends; the last is the sum */
};

/* arrange and release of such a method. */
bool balance_ranges_arrange(struct balance_group *group);
void balance_ranges_release(struct balance_group *group);

/* The ranges of these peers; NULL when there are none: for fewer than two peers, and when there was
 * no memory since the peers have changed. */
const struct balance_ranges *balance_ranges_of(const struct balance_group *group,
                                               const struct balance_peers *among);

/* The sum of all weights. */
uint64_t balance_ranges_total(const struct balance_ranges *ranges);

/* The index of the peer at a place below the sum. */
uint32_t balance_ranges_find(const struct balance_ranges *ranges, uint64_t place);

#endif
