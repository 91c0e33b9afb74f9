/* Insertion-ordered hash map with open addressing. */
#include "base/map.h"

#include <string.h>

void map_init(struct map *map, struct arena *arena) {
    *map = (struct map){.arena = arena};
}

static size_t find_slot(const struct map *map, struct slice key, uint64_t hash) {
    size_t mask = map->slot_count - 1;
    size_t slot = (size_t)hash & mask;
    while (map->slots[slot] != 0) {
        const struct map_entry *entry = &map->entries[map->slots[slot] - 1];
        if (entry->hash == hash && slice_equals(entry->key, key)) {
            break;
        }
        slot = (slot + 1) & mask;
    }
    return slot;
}

static struct map_entry *find_entry(const struct map *map, struct slice key, uint64_t hash) {
    if (map->slot_count == 0) {
        return NULL;
    }
    uint32_t index = map->slots[find_slot(map, key, hash)];
    return index == 0 ? NULL : &map->entries[index - 1];
}

void *map_find(const struct map *map, struct slice key) {
    const struct map_entry *entry = find_entry(map, key, slice_hash(key));
    return entry == NULL ? NULL : entry->value;
}

/* Keeps the slots at most half full, so that probes stay short. */
static void grow(struct map *map) {
    size_t capacity = map->capacity == 0 ? 8 : map->capacity * 2;
    if (capacity > UINT32_MAX / 2) {
        memory_exhausted();
    }
    struct map_entry *entries = arena_require(map->arena, capacity * sizeof *entries);
    if (map->entries != NULL) {
        memcpy(entries, map->entries, map->count * sizeof *entries);
    }
    map->entries = entries;
    map->capacity = capacity;
    map->slot_count = capacity * 2;
    map->slots = arena_require(map->arena, map->slot_count * sizeof *map->slots);
    for (size_t i = 0; i < map->count; i++) {
        map->slots[find_slot(map, entries[i].key, entries[i].hash)] = (uint32_t)(i + 1);
    }
}

void *map_insert(struct map *map, struct slice key, void *value) {
    uint64_t hash = slice_hash(key);
    const struct map_entry *entry = find_entry(map, key, hash);
    if (entry != NULL) {
        return entry->value;
    }
    if (map->entries == NULL || map->count == map->capacity) {
        grow(map);
    }
    map->entries[map->count] = (struct map_entry){key, value, hash};
    map->slots[find_slot(map, key, hash)] = (uint32_t)++map->count;
    return value;
}

void map_set(struct map *map, struct slice key, void *value) {
    struct map_entry *entry = find_entry(map, key, slice_hash(key));
    if (entry != NULL) {
        entry->value = value;
    } else {
        map_insert(map, key, value);
    }
}
