/* The ring of a consistent hash (ketama): every server has points on it, 160 for each unit of its
 * weight, and a key belongs to the server of the first point behind its hash. When a server comes
 * or goes only the keys at its points move. The points lie where nginx puts them. */
#ifndef BALANCE_RING_H
#define BALANCE_RING_H

#include "base/slice.h"

struct balance_ring_server {
    struct slice name; /* as in the configuration: HOST[:PORT] or unix:PATH */
    uint64_t weight;
};

struct balance_ring_point {
    uint32_t hash;
    uint32_t server; /* index */
};

struct balance_ring {
    uint32_t count; /* of points; no two have the same hash, and they ascend */
    struct balance_ring_point points[];
};

enum {
    BALANCE_RING_POINTS = 160,
    /* Where weights would make more points every server has fewer, in proportion: 32 MiB. */
    BALANCE_RING_LIMIT = 4194304,
};

/* Where two servers have the same point the first one keeps it. NULL without memory; free()
 * releases it. The names are not kept. */
struct balance_ring *balance_ring_create(const struct balance_ring_server *servers, uint32_t count);

/* The index of the first point at or behind `hash`; `count` when it is behind all, which is where
 * the ring begins anew. */
uint32_t balance_ring_find(const struct balance_ring *ring, uint32_t hash);

#endif
