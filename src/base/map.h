/* A hash map from slices to pointers, in an arena, that remembers the order of insertion: walking
 * it gives the same result on every run, which reproducible tables need. For the compiler:
 * running out of memory ends the process. */
#ifndef BASE_MAP_H
#define BASE_MAP_H

#include "base/arena.h"

struct map_entry {
    struct slice key; /* borrowed: must outlive the map */
    void *value;
    uint64_t hash;
};

struct map {
    struct arena *arena;
    struct map_entry *entries; /* in order of insertion */
    size_t count;
    size_t capacity;
    uint32_t *slots;   /* index + 1 into entries, 0 when free */
    size_t slot_count; /* a power of two */
};

void map_init(struct map *map, struct arena *arena);

/* The value, or NULL. */
void *map_find(const struct map *map, struct slice key);

/* Adds the pair unless the key is there; returns the value that is in the map afterwards. */
void *map_insert(struct map *map, struct slice key, void *value);

/* Adds or replaces. */
void map_set(struct map *map, struct slice key, void *value);

#endif
