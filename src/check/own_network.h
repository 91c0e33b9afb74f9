/* Which addresses and names are a site's own: of networks that no packet leaves it for, and of
 * names that exist inside only. What goes to others can be read and answered on the way. */
#ifndef CHECK_OWN_NETWORK_H
#define CHECK_OWN_NETWORK_H

#include "model/model.h"

/* Sockets of this machine count as its own. */
bool own_network_has(const struct address *address);

#endif
