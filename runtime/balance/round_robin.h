/* Smooth weighted round robin, in nginx's arithmetic: the same weights give the same sequence. */
#ifndef BALANCE_ROUND_ROBIN_H
#define BALANCE_ROUND_ROBIN_H

#include "balance/peer.h"

/* The next peer that is not among the `tried_count` ones tried already, not down and not out of use
 * because of failures; NULL when there is none. The peer is not held. */
struct balance_peer *balance_round_robin_pick(struct balance_peers *peers,
                                              struct balance_peer *const *tried,
                                              uint32_t tried_count, uint64_t now);

#endif
