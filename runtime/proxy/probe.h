/* Probes: one health check of one peer, from the connection to the verdict. */
#ifndef PROXY_PROBE_H
#define PROXY_PROBE_H

#include "base/arena.h"
#include "proxy/pool.h"

struct proxy_group;
struct proxy_state;

/* Makes a check that the caller has claimed. It ends by proxy_health_tell, or is abandoned when
 * this worker has no memory, no descriptors or no connections left for it. */
void probe_start(struct proxy_group *group, struct balance_peer *peer);

/* Abandons all that are under way: others may make them. */
void probe_cancel_all(struct proxy_state *state);

/* --- probe_request.c --- */

/* What is sent, and over what kind of connection. */
struct probe_request {
    struct slice text;
    struct back_way way;
};

/* Made in `arena`. False without memory. */
__attribute__((warn_unused_result)) bool probe_build_request(const struct proxy_group *group,
                                                             struct arena *arena,
                                                             struct probe_request *made);

#endif
