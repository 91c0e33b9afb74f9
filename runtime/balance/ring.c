/* Rings of consistent hashes. */
#include "balance/ring.h"

#include <stdlib.h>
#include <string.h>
#include <zlib.h>

/* --- points of one server --- */

/* The place of the colon in front of a port; the name's size when it has none. */
static size_t find_colon(struct slice name) {
    size_t i = name.size;
    while (i > 0 && name.data[i - 1] >= '0' && name.data[i - 1] <= '9') {
        i--;
    }
    return i > 0 && name.data[i - 1] == ':' ? i - 1 : name.size;
}

static uLong add(uLong crc, const void *bytes, size_t size) {
    return size == 0 ? crc : crc32_z(crc, bytes, size);
}

/* CRC-32 of the host, a zero byte and the port, as in Cache::Memcached::Fast. */
static uLong hash_name(struct slice name) {
    static const struct slice scheme = SLICE_INIT("unix:");
    bool is_unix = slice_starts_with_nocase(name, scheme);
    size_t colon = is_unix ? name.size : find_colon(name);
    struct slice host = slice_skip(slice_take(name, colon), is_unix ? scheme.size : 0);
    struct slice port = slice_skip(name, colon + 1);
    uLong crc = add(0, host.data, host.size);
    crc = add(crc, "", 1);
    return add(crc, port.data, port.size);
}

/* Each point hashes the one before it as well, least significant byte first. */
static void add_points(struct balance_ring *ring, struct slice name, uint32_t server,
                       uint64_t count) {
    uLong base = hash_name(name);
    uint32_t hash = 0;
    for (uint64_t i = 0; i < count; i++) {
        const uint8_t before[4] = {(uint8_t)hash, (uint8_t)(hash >> 8), (uint8_t)(hash >> 16),
                                   (uint8_t)(hash >> 24)};
        hash = (uint32_t)add(base, before, sizeof before);
        ring->points[ring->count++] = (struct balance_ring_point){hash, server};
    }
}

/* --- order --- */

/* One pass of a radix sort, by the byte at `shift`; equal ones keep their order. */
static void distribute(const struct balance_ring_point *from, struct balance_ring_point *to,
                       uint32_t count, unsigned shift) {
    uint32_t places[256] = {0};
    for (uint32_t i = 0; i < count; i++) {
        places[from[i].hash >> shift & 255]++;
    }
    for (uint32_t byte = 0, sum = 0; byte < 256; byte++) {
        uint32_t own = places[byte];
        places[byte] = sum;
        sum += own;
    }
    for (uint32_t i = 0; i < count; i++) {
        to[places[from[i].hash >> shift & 255]++] = from[i];
    }
}

static bool sort(struct balance_ring *ring) {
    struct balance_ring_point *other = calloc((size_t)ring->count + 1, sizeof *other);
    if (other == NULL) {
        return false;
    }
    for (unsigned shift = 0; shift < 32; shift += 16) {
        distribute(ring->points, other, ring->count, shift);
        distribute(other, ring->points, ring->count, shift + 8);
    }
    free(other);
    return true;
}

static void drop_repeated(struct balance_ring *ring) {
    uint32_t kept = 0;
    for (uint32_t i = 0; i < ring->count; i++) {
        if (kept == 0 || ring->points[i].hash != ring->points[kept - 1].hash) {
            ring->points[kept++] = ring->points[i];
        }
    }
    ring->count = kept;
}

/* --- the ring --- */

static uint64_t count_points(uint64_t weight, uint64_t total) {
    if (total <= BALANCE_RING_LIMIT / BALANCE_RING_POINTS) {
        return weight * BALANCE_RING_POINTS;
    }
    uint64_t share = weight * BALANCE_RING_LIMIT / total;
    return share > 0 ? share : 1;
}

struct balance_ring *balance_ring_create(const struct balance_ring_server *servers,
                                         uint32_t count) {
    uint64_t total = 0;
    uint64_t points = 0;
    for (uint32_t i = 0; i < count; i++) {
        total += servers[i].weight;
    }
    for (uint32_t i = 0; i < count; i++) {
        points += count_points(servers[i].weight, total);
    }
    struct balance_ring *ring = malloc(sizeof *ring + points * sizeof *ring->points);
    if (ring == NULL) {
        return NULL;
    }
    ring->count = 0;
    for (uint32_t i = 0; i < count; i++) {
        add_points(ring, servers[i].name, i, count_points(servers[i].weight, total));
    }
    if (!sort(ring)) {
        free(ring);
        return NULL;
    }
    drop_repeated(ring);
    return ring;
}

uint32_t balance_ring_find(const struct balance_ring *ring, uint32_t hash) {
    uint32_t low = 0;
    uint32_t high = ring->count;
    while (low < high) {
        uint32_t middle = low + (high - low) / 2;
        if (ring->points[middle].hash < hash) {
            low = middle + 1;
        } else {
            high = middle;
        }
    }
    return low;
}
