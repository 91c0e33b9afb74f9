/* Finds runs of equal records again: a hash table of positions in an array that somebody else
 * holds, and may move. For the compiler: running out of memory ends the process. */
#ifndef TABLE_INTERNER_H
#define TABLE_INTERNER_H

#include "table/layout.h"

#include <stddef.h>

struct interner_slot {
    uint32_t hash;
    uint32_t first; /* TABLE_NONE: a free slot */
    uint32_t count;
};

struct interner {
    struct interner_slot *slots;
    uint32_t slot_count; /* zero or a power of two */
    uint32_t used;
};

/* Zeroed memory is an empty one. */
void interner_release(struct interner *interner);

/* What the functions below want to know of the bytes of a run. */
uint32_t interner_hash(const void *records, size_t size);

/* Where in the array `base`, of records of `record_size` bytes, a run equal to the `count` records
 * at `records` was added; or TABLE_NONE. */
uint32_t interner_find(const struct interner *interner, uint32_t hash, const char *base,
                       size_t record_size, const void *records, uint32_t count);

/* Remembers that there is a run of `count` records at position `first`. */
void interner_add(struct interner *interner, uint32_t hash, uint32_t first, uint32_t count);

#endif
