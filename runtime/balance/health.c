/* Active health: the transitions, under the group's lock. */
#include "balance/health.h"

/* After so many intervals in which nobody has checked a peer nothing is known of it. */
enum { FORGOTTEN_INTERVALS = 10, FORGOTTEN_MS = 60000 };

static bool is_forgotten(const struct balance_state *state, const struct balance_checks *checks,
                         uint64_t now) {
    uint64_t limit = FORGOTTEN_INTERVALS * (checks->interval + checks->jitter) + FORGOTTEN_MS;
    return !state->is_checking && state->check_due + limit < now;
}

/* The interval was longer before, or a check of those days has ended after ours began. */
static void come_sooner(struct balance_state *state, const struct balance_checks *checks,
                        uint64_t now) {
    uint64_t latest = now + checks->interval + checks->jitter;
    if (state->check_due > latest) {
        state->check_due = latest;
    }
}

bool balance_health_begin(struct balance_peer *peer, const struct balance_checks *checks,
                          uint64_t now) {
    if (!balance_peer_attach(peer)) {
        return false;
    }
    struct balance_state *state = peer->state;
    balance_zone_lock(peer->zone, peer->lock);
    if (is_forgotten(state, checks, now)) {
        state->health = BALANCE_UNCHECKED;
        state->check_fails = state->check_passes = 0;
        state->check_due = now;
    } else {
        come_sooner(state, checks, now);
    }
    balance_zone_unlock(peer->zone, peer->lock);
    return true;
}

bool balance_health_claim(const struct balance_peer *peer, const struct balance_checks *checks,
                          uint64_t now, uint64_t *next) {
    struct balance_state *state = peer->state;
    balance_zone_lock(peer->zone, peer->lock);
    come_sooner(state, checks, now);
    bool is_claimed = !state->is_checking && state->check_due <= now;
    if (is_claimed) {
        state->check_due = now;
        balance_zone_begin_check(peer->zone, state);
    }
    /* While somebody checks it, it is looked at now and then: that one may be killed. */
    *next =
        state->is_checking || state->check_due <= now ? now + checks->interval : state->check_due;
    balance_zone_unlock(peer->zone, peer->lock);
    return is_claimed;
}

/* --- results --- */

static enum balance_change pass(const struct balance_peer *peer,
                                const struct balance_checks *checks, uint64_t now) {
    struct balance_state *state = peer->state;
    bool was_waited_for = state->health == BALANCE_UNHEALTHY ||
                          (state->health == BALANCE_UNCHECKED && peer->settings.must_be_healthy);
    state->check_fails = 0;
    if (state->check_passes < checks->passes) {
        state->check_passes++;
    }
    if (state->health == BALANCE_HEALTHY || state->check_passes < checks->passes) {
        return BALANCE_NO_CHANGE;
    }
    if (state->health == BALANCE_UNHEALTHY) {
        state->fails = 0;
        state->slow_start = peer->settings.slow_start > 0 ? now : 0;
    }
    state->health = BALANCE_HEALTHY;
    return was_waited_for ? BALANCE_NOW_HEALTHY : BALANCE_NO_CHANGE;
}

static enum balance_change fail(struct balance_state *state, const struct balance_checks *checks) {
    state->check_passes = 0;
    if (state->check_fails < checks->fails) {
        state->check_fails++;
    }
    if (state->health == BALANCE_UNHEALTHY || state->check_fails < checks->fails) {
        return BALANCE_NO_CHANGE;
    }
    state->health = BALANCE_UNHEALTHY;
    return BALANCE_NOW_UNHEALTHY;
}

/* Counted from the check's beginning, so that its duration does not add to the interval, unless it
 * took longer than that. */
static uint64_t next_due(const struct balance_state *state, const struct balance_checks *checks,
                         uint64_t now, struct balance_random *random) {
    uint64_t jitter = checks->jitter > 0 ? balance_random_next(random) % (checks->jitter + 1) : 0;
    uint64_t due = state->check_due + checks->interval + jitter;
    return due > now ? due : now + checks->interval + jitter;
}

enum balance_change balance_health_finish(const struct balance_peer *peer,
                                          const struct balance_checks *checks, bool has_passed,
                                          uint64_t now, struct balance_random *random) {
    struct balance_state *state = peer->state;
    balance_zone_lock(peer->zone, peer->lock);
    enum balance_change change = has_passed ? pass(peer, checks, now) : fail(state, checks);
    state->check_due = next_due(state, checks, now, random);
    balance_zone_end_check(peer->zone, state);
    balance_zone_unlock(peer->zone, peer->lock);
    return change;
}

void balance_health_abandon(const struct balance_peer *peer, uint64_t due) {
    balance_zone_lock(peer->zone, peer->lock);
    peer->state->check_due = due;
    balance_zone_end_check(peer->zone, peer->state);
    balance_zone_unlock(peer->zone, peer->lock);
}
