/* A group of peers and the way requests are spread over them. */
#ifndef BALANCE_GROUP_H
#define BALANCE_GROUP_H

#include "balance/method.h"

struct balance_group {
    const struct balance_method *method;
    struct balance_zone *zone; /* may be NULL */
    struct balance_peers peers;
    struct balance_peers backups;
    void *arranged;   /* the method's own */
    bool has_changed; /* states are missing, or what the method derives is out of date */
};

/* An empty group. */
void balance_group_init(struct balance_group *group, const struct balance_method *method,
                        struct balance_zone *zone);
void balance_group_release(struct balance_group *group);

/* Adds a peer to the primaries or the backups and takes over the caller's reference. False without
 * memory; the reference is then still his. */
__attribute__((warn_unused_result)) bool balance_group_add(struct balance_group *group,
                                                           struct balance_peer *peer);

/* Gives its peers the states that the zone has for them. They are held from then on, even if nobody
 * asks the peers: so a reload forgets nothing, as long as the previous group is still there. */
void balance_group_recall(struct balance_group *group);

/* Makes the peers of `other` those of this group, and the other way round. */
void balance_group_take_peers(struct balance_group *group, struct balance_group *other);

/* How many peers one request may try. */
uint32_t balance_group_tries(const struct balance_group *group);

/* Whether nobody else could be asked: such a peer is never put out of use, as in nginx. */
bool balance_group_is_single(const struct balance_group *group);

/* The peer to ask next, counted as active and not held; NULL: nobody is left. Backups are asked
 * when no other is available. When failures have put all out of use they get another chance at
 * once. */
struct balance_peer *balance_group_pick(struct balance_group *group,
                                        struct balance_request *request);

enum balance_outcome {
    BALANCE_SUCCEEDED,
    BALANCE_FAILED,
    BALANCE_UNTOLD, /* nothing is known about the peer */
};

/* The attempt at a picked peer is over. Returns whether its failure puts the peer out of use. */
bool balance_group_give_back(const struct balance_group *group, struct balance_peer *peer,
                             enum balance_outcome outcome, uint64_t now);

#endif
