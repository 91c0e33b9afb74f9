/* The host names among the servers of an upstream group: resolved when the group begins and, with
 * `resolve`, again as often as the answers say. What is found becomes the peers of that line; the
 * peers themselves are group.c's. */
#ifndef PROXY_GROUP_NAME_H
#define PROXY_GROUP_NAME_H

#include "net/name_cache.h"
#include "table/table.h"

struct proxy_group;

struct group_name {
    struct proxy_group *group;
    const struct table_peer *record;
    uint32_t origin;              /* index of the record within its group */
    struct resolver_query *query; /* without `resolve`: to the system's resolver */
    struct name_wait wait;        /* with it: to the group's */
    struct timer timer;           /* until it is asked for again */
    uint64_t retry_delay;         /* milliseconds; doubled with each failure */
};

void group_name_init(struct group_name *name, struct proxy_group *group, uint32_t origin);

/* Asks for the addresses, from then on by itself. */
void group_name_start(struct group_name *name);

/* Asks no more. Fine for one that was not started. */
void group_name_stop(struct group_name *name);

#endif
