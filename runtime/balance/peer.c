/* Peers and their failures. */
#include "balance/peer.h"

#include <stdlib.h>
#include <string.h>

enum { DEFAULT_MAX_FAILS = 1, DEFAULT_FAIL_TIMEOUT_MS = 10000 };

struct balance_peer *balance_peer_create(const struct sockaddr *address, socklen_t size,
                                         struct slice name, uint32_t weight, bool is_down) {
    struct balance_peer *peer = calloc(1, sizeof *peer + name.size + 1);
    if (peer == NULL) {
        return NULL;
    }
    char *name_copy = (char *)(peer + 1);
    memcpy(name_copy, name.data, name.size);
    memcpy(&peer->address, address, size);
    peer->address_size = size;
    peer->references = 1;
    peer->name = (struct slice){name_copy, name.size};
    peer->weight = peer->effective_weight = weight;
    peer->is_down = is_down;
    peer->max_fails = DEFAULT_MAX_FAILS;
    peer->fail_timeout = DEFAULT_FAIL_TIMEOUT_MS;
    return peer;
}

struct balance_peer *balance_peer_hold(struct balance_peer *peer) {
    peer->references++;
    return peer;
}

void balance_peer_release(struct balance_peer *peer) {
    if (--peer->references == 0) {
        free(peer);
    }
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

void balance_peers_remove(struct balance_peers *peers, uint32_t index) {
    balance_peer_release(peers->items[index]);
    peers->count--;
    memmove(peers->items + index, peers->items + index + 1,
            (peers->count - index) * sizeof(*peers->items));
}

void balance_peers_release(struct balance_peers *peers) {
    for (uint32_t i = 0; i < peers->count; i++) {
        balance_peer_release(peers->items[i]);
    }
    free(peers->items);
    *peers = (struct balance_peers){0};
}

uint32_t balance_peers_usable(const struct balance_peers *peers) {
    uint32_t usable = 0;
    for (uint32_t i = 0; i < peers->count; i++) {
        usable += peers->items[i]->is_down ? 0 : 1;
    }
    return usable;
}

bool balance_peer_failed(struct balance_peer *peer, bool is_alone, uint64_t now) {
    if (is_alone) {
        peer->fails = 0;
        return false;
    }
    peer->fails++;
    peer->accessed = peer->checked = now;
    if (peer->max_fails == 0) {
        return false;
    }
    peer->effective_weight -= peer->weight / peer->max_fails;
    if (peer->effective_weight < 0) {
        peer->effective_weight = 0;
    }
    return peer->fails >= peer->max_fails;
}

void balance_peer_succeeded(struct balance_peer *peer) {
    /* A success counts only for a peer that was given another chance after its last failure. */
    if (peer->accessed < peer->checked) {
        peer->fails = 0;
    }
}
