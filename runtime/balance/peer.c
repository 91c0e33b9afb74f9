/* Peers: made, configured, tied to their states. */
#include "balance/peer.h"

#include "balance/sticky.h"

#include <stdlib.h>
#include <string.h>

#define XXH_STATIC_LINKING_ONLY
#include <xxhash.h>

enum { DEFAULT_MAX_FAILS = 1, DEFAULT_FAIL_TIMEOUT_MS = 10000 };

struct balance_settings balance_settings_default(void) {
    return (struct balance_settings){
        .weight = 1, .max_fails = DEFAULT_MAX_FAILS, .fail_timeout = DEFAULT_FAIL_TIMEOUT_MS};
}

static void add_text(XXH3_state_t *hash, struct slice text) {
    uint64_t size = text.size;
    (void)XXH3_128bits_update(hash, &size, sizeof size);
    (void)XXH3_128bits_update(hash, text.data, text.size);
}

static struct balance_key make_key(const struct balance_identity *identity,
                                   const struct sockaddr *address, socklen_t size) {
    XXH3_state_t hash;
    uint32_t numbers[2] = {identity->port, identity->occurrence};
    (void)XXH3_128bits_reset(&hash);
    (void)XXH3_128bits_update(&hash, numbers, sizeof numbers);
    add_text(&hash, identity->group);
    add_text(&hash, identity->line);
    add_text(&hash, (struct slice){(const char *)address, size});
    XXH128_hash_t digest = XXH3_128bits_digest(&hash);
    return (struct balance_key){{digest.low64, digest.high64}};
}

static struct slice copy_text(char *room, struct slice text) {
    if (text.size > 0) {
        memcpy(room, text.data, text.size);
    }
    return (struct slice){room, text.size};
}

static void use_settings(struct balance_peer *peer, const struct balance_settings *settings) {
    peer->settings = *settings;
    peer->settings.route = (struct slice){NULL, 0}; /* it belongs to a table */
    balance_sticky_name(settings->route, peer->name, peer->route);
}

struct balance_peer *balance_peer_create(struct balance_zone *zone,
                                         const struct balance_identity *identity,
                                         const struct sockaddr *address, socklen_t size,
                                         struct slice name,
                                         const struct balance_settings *settings) {
    struct slice line = identity->line;
    struct balance_peer *peer = calloc(1, sizeof *peer + name.size + line.size + 1);
    if (peer == NULL) {
        return NULL;
    }
    char *texts = (char *)(peer + 1);
    peer->name = copy_text(texts, name);
    peer->line = copy_text(texts + name.size, line);
    memcpy(&peer->address, address, size);
    peer->address_size = size;
    peer->references = 1;
    use_settings(peer, settings);
    peer->zone = zone;
    peer->key = make_key(identity, address, size);
    peer->lock = balance_zone_choose_lock(slice_hash(identity->group) + identity->port);
    return peer;
}

struct balance_peer *balance_peer_hold(struct balance_peer *peer) {
    peer->references++;
    return peer;
}

void balance_peer_release(struct balance_peer *peer) {
    if (--peer->references == 0) {
        if (peer->state != NULL) {
            balance_zone_detach(peer->zone, peer->state);
        }
        free(peer);
    }
}

/* With another weight the sequence begins anew. */
static void apply_weight(struct balance_peer *peer) {
    struct balance_state *state = peer->state;
    if (state->weight != peer->settings.weight) {
        balance_zone_lock(peer->zone, peer->lock);
        state->weight = state->effective_weight = peer->settings.weight;
        state->current_weight = 0;
        balance_zone_unlock(peer->zone, peer->lock);
    }
}

void balance_peer_recall(struct balance_peer *peer) {
    if (peer->state == NULL) {
        peer->state = balance_zone_recall(peer->zone, &peer->key);
        if (peer->state != NULL) {
            apply_weight(peer);
        }
    }
}

bool balance_peer_attach(struct balance_peer *peer) {
    if (peer->state == NULL) {
        peer->state =
            balance_zone_attach(peer->zone, &peer->key, peer->lock, peer->settings.weight);
        if (peer->state == NULL) {
            return false;
        }
        apply_weight(peer);
    }
    return true;
}

bool balance_peer_is_out_of_use(const struct balance_peer *peer, uint64_t now) {
    const struct balance_settings *settings = &peer->settings;
    const struct balance_state *state = peer->state;
    return settings->max_fails > 0 && state->fails >= settings->max_fails &&
           balance_elapsed(now, state->checked) <= settings->fail_timeout;
}

/* As far as active checks know. */
static bool is_well(const struct balance_peer *peer) {
    uint32_t health = peer->state->health;
    if (!peer->settings.is_checked) {
        return true;
    }
    return peer->settings.must_be_healthy ? health == BALANCE_HEALTHY : health != BALANCE_UNHEALTHY;
}

bool balance_peer_is_usable(const struct balance_peer *peer, uint64_t now) {
    const struct balance_settings *settings = &peer->settings;
    bool is_full = settings->max_conns > 0 && peer->state->active >= settings->max_conns;
    return !settings->is_down && !is_full && is_well(peer) &&
           !balance_peer_is_out_of_use(peer, now);
}

/* --- slow start --- */

enum { WHOLE = 1000 };

/* How much of its weight counts, in thousandths. */
static uint64_t share_of(const struct balance_peer *peer, uint64_t now) {
    struct balance_state *state = peer->state;
    if (state->slow_start == 0) {
        return WHOLE;
    }
    uint64_t elapsed = balance_elapsed(now, state->slow_start);
    if (elapsed >= peer->settings.slow_start) {
        state->slow_start = 0;
        return WHOLE;
    }
    return elapsed * WHOLE / peer->settings.slow_start;
}

int64_t balance_peer_gain(const struct balance_peer *peer, uint64_t now) {
    return peer->state->effective_weight * (int64_t)share_of(peer, now);
}

uint64_t balance_peer_weight(const struct balance_peer *peer, uint64_t now) {
    uint64_t weight = peer->settings.weight * share_of(peer, now);
    return weight > 0 ? weight : 1;
}

bool balance_peers_add(struct balance_peers *peers, struct balance_peer *peer) {
    if (peers->count == peers->capacity) {
        uint32_t capacity = peers->capacity == 0 ? 4 : peers->capacity * 2;
        struct balance_peer **items = realloc(peers->items, capacity * sizeof(*items));
        if (items == NULL) {
            return false;
        }
        peers->items = items;
        peers->capacity = capacity;
    }
    peers->items[peers->count++] = peer;
    return true;
}

void balance_peers_release(struct balance_peers *peers) {
    for (uint32_t i = 0; i < peers->count; i++) {
        balance_peer_release(peers->items[i]);
    }
    free(peers->items);
    *peers = (struct balance_peers){0};
}
