/* Picking a peer and giving it back, whatever the method. All of it happens under the group's lock,
 * which other workers take, too; nothing here may wait or fail half way. */
#include "balance/group.h"

#include "balance/sticky.h"

const struct balance_method *const balance_methods[TABLE_balance_method_COUNT] = {
    [TABLE_BALANCE_ROUND_ROBIN] = &balance_round_robin,
    [TABLE_BALANCE_LEAST_CONN] = &balance_least_conn,
    [TABLE_BALANCE_IP_HASH] = &balance_ip_hash,
    [TABLE_BALANCE_HASH] = &balance_hash,
    [TABLE_BALANCE_HASH_CONSISTENT] = &balance_hash_consistent,
    [TABLE_BALANCE_RANDOM] = &balance_random_one,
    [TABLE_BALANCE_RANDOM_TWO_LEAST_CONN] = &balance_random_two_least_conn,
};

void balance_group_init(struct balance_group *group, const struct balance_method *method,
                        struct balance_zone *zone) {
    *group = (struct balance_group){.method = method, .zone = zone, .has_changed = true};
}

void balance_group_release(struct balance_group *group) {
    if (group->method != NULL && group->method->release != NULL) {
        group->method->release(group);
    }
    balance_peers_release(&group->peers);
    balance_peers_release(&group->backups);
}

bool balance_group_add(struct balance_group *group, struct balance_peer *peer) {
    group->has_changed = true;
    return balance_peers_add(peer->settings.is_backup ? &group->backups : &group->peers, peer);
}

static void recall_all(const struct balance_peers *peers) {
    for (uint32_t i = 0; i < peers->count; i++) {
        balance_peer_recall(peers->items[i]);
    }
}

void balance_group_recall(struct balance_group *group) {
    recall_all(&group->peers);
    recall_all(&group->backups);
}

void balance_group_take_peers(struct balance_group *group, struct balance_group *other) {
    struct balance_peers peers = group->peers;
    struct balance_peers backups = group->backups;
    group->peers = other->peers;
    group->backups = other->backups;
    other->peers = peers;
    other->backups = backups;
    group->has_changed = other->has_changed = true;
}

static uint32_t count_up(const struct balance_peers *peers) {
    uint32_t count = 0;
    for (uint32_t i = 0; i < peers->count; i++) {
        count += peers->items[i]->settings.is_down ? 0 : 1;
    }
    return count;
}

uint32_t balance_group_tries(const struct balance_group *group) {
    return count_up(&group->peers) + count_up(&group->backups);
}

bool balance_group_is_single(const struct balance_group *group) {
    return group->peers.count == 1 && group->backups.count == 0;
}

/* --- picking --- */

static bool is_tried(const struct balance_request *request, const struct balance_peer *peer) {
    for (uint32_t i = 0; i < request->tried_count; i++) {
        if (request->tried[i] == peer) {
            return true;
        }
    }
    return false;
}

bool balance_request_may_keep(const struct balance_request *request,
                              const struct balance_peer *peer) {
    return balance_peer_is_usable(peer, request->now) && !is_tried(request, peer);
}

bool balance_request_may_pick(const struct balance_request *request,
                              const struct balance_peer *peer) {
    return !peer->settings.is_draining && balance_request_may_keep(request, peer);
}

static bool attach_all(const struct balance_peers *peers) {
    for (uint32_t i = 0; i < peers->count; i++) {
        if (!balance_peer_attach(peers->items[i])) {
            return false;
        }
    }
    return true;
}

/* Everything that may need memory, before the lock is taken. */
static bool prepare(struct balance_group *group) {
    if (group->has_changed) {
        if (!attach_all(&group->peers) || !attach_all(&group->backups) ||
            (group->method->arrange != NULL && !group->method->arrange(group))) {
            return false;
        }
        group->has_changed = false;
    }
    return true;
}

/* The one that the request is bound to comes first; to a backup it is only bound while no other is
 * available, as in nginx. */
static struct balance_peer *pick_among(struct balance_group *group,
                                       const struct balance_peers *among,
                                       struct balance_request *request) {
    struct balance_peer *peer = balance_sticky_pick(group, among, request);
    return peer != NULL ? peer : group->method->pick(group, among, request);
}

static struct balance_peer *pick_any(struct balance_group *group, struct balance_request *request) {
    struct balance_peer *peer = pick_among(group, &group->peers, request);
    if (peer == NULL && group->backups.count > 0) {
        peer = pick_among(group, &group->backups, request);
    }
    return peer;
}

/* Whether failures are all there is against asking them. */
static bool are_out_of_use(const struct balance_peers *peers, uint64_t now) {
    for (uint32_t i = 0; i < peers->count; i++) {
        const struct balance_peer *peer = peers->items[i];
        if (!peer->settings.is_down && !balance_peer_is_out_of_use(peer, now)) {
            return false;
        }
    }
    return true;
}

/* Returns whether there is one that has not been tried. */
static bool forget_failures(const struct balance_peers *peers,
                            const struct balance_request *request) {
    bool has_any = false;
    for (uint32_t i = 0; i < peers->count; i++) {
        struct balance_peer *peer = peers->items[i];
        if (peer->state->fails > 0 && !peer->settings.is_down && !is_tried(request, peer)) {
            peer->state->fails = 0;
            has_any = true;
        }
    }
    return has_any;
}

/* A single peer is asked whatever its failures were. */
static struct balance_peer *pick_single(struct balance_group *group,
                                        struct balance_request *request) {
    struct balance_peer *peer = group->peers.items[0];
    peer->state->fails = 0;
    if (balance_request_may_pick(request, peer)) {
        return peer;
    }
    return balance_sticky_pick(group, &group->peers, request);
}

static struct balance_peer *pick_locked(struct balance_group *group,
                                        struct balance_request *request) {
    if (balance_group_is_single(group)) {
        return pick_single(group, request);
    }
    struct balance_peer *peer = pick_any(group, request);
    if (peer == NULL && are_out_of_use(&group->peers, request->now) &&
        are_out_of_use(&group->backups, request->now)) {
        bool is_forgiven = forget_failures(&group->peers, request);
        is_forgiven = forget_failures(&group->backups, request) || is_forgiven;
        peer = is_forgiven ? pick_any(group, request) : NULL;
    }
    return peer;
}

/* A peer that is asked again after its failures has fail_timeout to prove itself. */
static void begin_attempt(const struct balance_group *group, const struct balance_peer *peer,
                          uint64_t now) {
    if (balance_elapsed(now, peer->state->checked) > peer->settings.fail_timeout) {
        peer->state->checked = now;
    }
    balance_zone_enter(group->zone, peer->state);
}

static uint32_t lock_of(const struct balance_group *group) {
    return (group->peers.count > 0 ? group->peers.items[0] : group->backups.items[0])->lock;
}

struct balance_peer *balance_group_pick(struct balance_group *group,
                                        struct balance_request *request) {
    if (group->peers.count + group->backups.count == 0 || !prepare(group)) {
        return NULL;
    }
    uint32_t lock = lock_of(group);
    balance_zone_lock(group->zone, lock);
    struct balance_peer *peer = pick_locked(group, request);
    if (peer != NULL) {
        begin_attempt(group, peer, request->now);
    }
    balance_zone_unlock(group->zone, lock);
    return peer;
}

/* --- giving back --- */

static bool count_failure(const struct balance_peer *peer, uint64_t now) {
    struct balance_state *state = peer->state;
    uint32_t max_fails = peer->settings.max_fails;
    state->fails++;
    state->accessed = state->checked = now;
    if (max_fails == 0) {
        return false;
    }
    state->effective_weight -= state->weight / max_fails;
    if (state->effective_weight < 0) {
        state->effective_weight = 0;
    }
    return state->fails >= max_fails;
}

/* It was given another chance after its last failure, and took it. */
static void come_back(const struct balance_peer *peer, uint64_t now) {
    struct balance_state *state = peer->state;
    uint32_t max_fails = peer->settings.max_fails;
    if (peer->settings.slow_start > 0 && max_fails > 0 && state->fails >= max_fails) {
        state->slow_start = now;
    }
    state->fails = 0;
}

bool balance_group_give_back(const struct balance_group *group, struct balance_peer *peer,
                             enum balance_outcome outcome, uint64_t now) {
    struct balance_state *state = peer->state;
    bool is_put_out = false;
    balance_zone_lock(peer->zone, peer->lock);
    balance_zone_leave(peer->zone, state);
    if (balance_group_is_single(group)) {
        state->fails = 0;
    } else if (outcome == BALANCE_FAILED) {
        is_put_out = count_failure(peer, now);
    } else if (outcome == BALANCE_SUCCEEDED && state->accessed < state->checked) {
        come_back(peer, now);
    }
    balance_zone_unlock(peer->zone, peer->lock);
    return is_put_out;
}
