/* Keeping requests with the peer that they are bound to. */
#ifndef BALANCE_STICKY_H
#define BALANCE_STICKY_H

#include "balance/method.h"

/* The peer of `among` that the request is bound to, if it can be used; NULL: none. The group's lock
 * is held. */
struct balance_peer *balance_sticky_pick(struct balance_group *group,
                                         const struct balance_peers *among,
                                         struct balance_request *request);

/* What a peer is called in cookies: as the configuration says, or by the MD5 sum of its name in
 * hexadecimal, as in nginx. */
void balance_sticky_name(struct slice route, struct slice name, char called[TABLE_ROUTE_LIMIT + 1]);

#endif
