/* Active health checks of one group in one worker: when to look whether one is due. Checks
 * themselves are probes. */
#ifndef PROXY_HEALTH_H
#define PROXY_HEALTH_H

#include "balance/health.h"
#include "loop/timer.h"
#include "table/table.h"

struct proxy_group;
struct proxy_groups;
struct back_pool;

struct proxy_health {
    const struct table_health_check *check; /* NULL: the group has none */
    const struct table_location *location;  /* whose settings requests have */
    struct balance_checks checks;
    struct timer timer;
    struct back_pool *pool; /* of kept connections; NULL: none are kept */
};

/* Finds the checks of all groups, before their peers are made. False without memory. */
__attribute__((warn_unused_result)) bool proxy_health_prepare(struct proxy_groups *groups);

/* From now on checks are made as they come due. Also after the group's peers have changed. */
void proxy_health_start(struct proxy_group *group);

/* No more checks; those that are under way come to their end. */
void proxy_health_stop(struct proxy_group *group);

void proxy_health_release(struct proxy_group *group);

/* The result of a check, for the log and for all workers. `doing` is what was done last, `reason`
 * says more of a failure and may be empty. */
void proxy_health_tell(struct proxy_group *group, struct balance_peer *peer, bool has_passed,
                       const char *doing, const char *reason);

#endif
