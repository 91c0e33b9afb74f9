/* Upstream groups at run time: the peers of a group, resolved as names come in, and its idle
 * connections. A group belongs to one generation; peers and idle connections pass on to the group
 * of the same name in the next one. */
#ifndef PROXY_GROUP_H
#define PROXY_GROUP_H

#include "balance/group.h"
#include "http/internal.h"
#include "proxy/group_name.h"
#include "proxy/health.h"
#include "proxy/pool.h"
#include "proxy/resolvers.h"
#include "proxy/tls.h"

struct proxy_state;

struct proxy_group {
    struct proxy_state *state;
    struct generation *generation; /* that it belongs to; not held */
    const struct table_upstream *record;
    struct balance_group balance;
    const struct proxy_resolvers *resolvers; /* of the generation */
    struct proxy_health health;
    struct back_pool *pool; /* shared with the group of the same name in other generations */
    struct group_name *names;
    uint32_t name_count;
    uint32_t *occurrences; /* see group_line.h; NULL: no two lines say the same */
};

/* The groups of a generation, in the order of its upstream records. */
struct proxy_groups {
    struct proxy_state *state;
    struct proxy_resolvers *resolvers;
    struct proxy_tls_cache tls;
    uint32_t count;
    struct proxy_group items[];
};

/* Builds the groups of `generation`, taking over peers and pools from `previous` (may be NULL), and
 * begins to resolve names. NULL without memory. */
struct proxy_groups *proxy_groups_create(struct proxy_state *state, struct generation *generation,
                                         struct proxy_groups *previous);
void proxy_groups_destroy(struct proxy_groups *groups);

/* Makes these the peers of a `server` line, in this order, with the line's port. Those that it has
 * already stay as they are. False without memory; nothing has changed then. */
__attribute__((warn_unused_result)) bool
proxy_group_set_addresses(struct proxy_group *group, uint32_t origin,
                          const union socket_address *addresses, uint32_t count);

#endif
