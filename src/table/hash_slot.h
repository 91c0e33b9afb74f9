/* Hash slots over keys that may be wildcards: those of server names, maps and referers. Their
 * records have one form, so that one code fills, checks and searches both. */
#ifndef TABLE_HASH_SLOT_H
#define TABLE_HASH_SLOT_H

#include "table/table.h"

#include <stddef.h>

struct table_hash_slot {
    uint64_t hash;
    struct table_string key;
    uint32_t kind;   /* enum table_name_kind */
    uint32_t target; /* `server` or `value`; TABLE_NONE: a free slot */
};

#define SAME_PLACE(record, field, common)                                                          \
    (offsetof(struct table_##record, field) == offsetof(struct table_hash_slot, common))
#define SAME_FORM(record, last)                                                                    \
    (sizeof(struct table_##record) == sizeof(struct table_hash_slot) &&                            \
     SAME_PLACE(record, hash, hash) && SAME_PLACE(record, key, key) &&                             \
     SAME_PLACE(record, kind, kind) && SAME_PLACE(record, last, target))
_Static_assert(SAME_FORM(name_slot, server), "slots of server names have the common form");
_Static_assert(SAME_FORM(map_slot, value), "slots of maps have the common form");
_Static_assert(SAME_FORM(referer_slot, path), "slots of referers have the common form");
#undef SAME_FORM
#undef SAME_PLACE

/* The slots of one name index or map. */
struct table_hash_slots {
    const struct table_hash_slot *items;
    uint32_t count;
};

static inline struct table_hash_slots table_hash_slots(const void *records,
                                                       struct table_range range) {
    const struct table_hash_slot *slots = records;
    return (struct table_hash_slots){slots + range.first, range.count};
}

static inline struct table_hash_slots table_name_slots(const struct table *table,
                                                       const struct table_name_index *index) {
    return table_hash_slots(table->name_slot, index->slots);
}

static inline struct table_hash_slots table_map_slots(const struct table *table,
                                                      const struct table_map *map) {
    return table_hash_slots(table->map_slot, map->slots);
}

static inline struct table_hash_slots table_referer_slots(const struct table *table,
                                                          const struct table_referers *referers) {
    return table_hash_slots(table->referer_slot, referers->slots);
}

/* Where the search that has begun at table_hash_home goes on. */
static inline uint32_t table_hash_next(uint32_t slot, uint32_t slot_count) {
    return slot + 1 < slot_count ? slot + 1 : 0;
}

#endif
