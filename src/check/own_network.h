/* Which addresses and names are a site's own: of networks that no packet leaves it for, and of
 * names that exist inside only. What goes to others can be read and answered on the way. */
#ifndef CHECK_OWN_NETWORK_H
#define CHECK_OWN_NETWORK_H

#include "model/model.h"

/* Sockets of this machine count as its own. */
bool own_network_has(const struct address *address);

/* Whether names that end like this, e.g. ".apps.example.com", all belong to one owner, so that
 * nobody else can have one. `is_open`: any label may stand before it, so that ".internal" is too
 * much: all of the machines inside. */
bool own_network_is_zone(struct slice ending, bool is_open);

#endif
