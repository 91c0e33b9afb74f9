/* The search among keys that may be wildcards: names of servers, keys of maps. Inside the engine
 * only. */
#ifndef ENGINE_HASH_SLOT_H
#define ENGINE_HASH_SLOT_H

#include "table/hash_slot.h"

struct engine_keys {
    const struct table *table;
    struct table_hash_slots slots;
    bool has_leading;
    bool has_trailing;
};

/* The target of the key that fits `text`, which is in lower case, or TABLE_NONE. nginx's precedence
 * (ngx_hash_find_combined): exact, the longest *.x, the longest x.*. `effort` grows by what the
 * search costs, as engine_spend counts: tables can be made in which it takes long. */
uint32_t engine_find_key(const struct engine_keys *keys, struct slice text, uint64_t *effort);

/* The same, but the number of the slot that the key is in. */
uint32_t engine_find_slot(const struct engine_keys *keys, struct slice text, uint64_t *effort);

#endif
