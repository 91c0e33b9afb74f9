/* Upstream groups at run time: the peers of a group, resolved as names come in, and its idle
 * connections. A group belongs to one generation; peers and idle connections pass on to the group
 * of the same name in the next one. */
#ifndef PROXY_GROUP_H
#define PROXY_GROUP_H

#include "balance/group.h"
#include "http/internal.h"
#include "net/resolver.h"
#include "proxy/pool.h"

struct proxy_state;

/* A host name of one `server` line that is being resolved. */
struct group_name {
    struct proxy_group *group;
    const struct table_peer *record;
    uint32_t origin; /* index of the record within its group */
    struct resolver_query *query;
    struct timer retry;
    uint64_t retry_delay; /* milliseconds */
};

struct proxy_group {
    struct proxy_state *state;
    const struct generation *generation; /* that it belongs to; not held */
    const struct table_upstream *record;
    struct balance_group balance;
    struct back_pool *pool; /* shared with the group of the same name in other generations */
    struct group_name *names;
    uint32_t name_count;
};

/* The groups of a generation, in the order of its upstream records. */
struct proxy_groups {
    struct proxy_state *state;
    uint32_t count;
    struct proxy_group items[];
};

/* Builds the groups of `generation`, taking over peers and pools from `previous` (may be NULL), and
 * begins to resolve names. NULL without memory. */
struct proxy_groups *proxy_groups_create(struct proxy_state *state, struct generation *generation,
                                         struct proxy_groups *previous);
void proxy_groups_destroy(struct proxy_groups *groups);

#endif
