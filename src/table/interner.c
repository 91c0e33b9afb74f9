/* Open addressing with the hash beside the position, so that the array is looked at for what is
 * almost certainly equal only, and never when the table grows. */
#include "table/interner.h"

#include "base/arena.h"

#include <stdlib.h>
#include <string.h>

enum { FIRST_SLOT_COUNT = 64 };

uint32_t interner_hash(const void *records, size_t size) {
    return (uint32_t)slice_hash((struct slice){records, size});
}

void interner_release(struct interner *interner) {
    free(interner->slots);
    *interner = (struct interner){0};
}

uint32_t interner_find(const struct interner *interner, uint32_t hash, const char *base,
                       size_t record_size, const void *records, uint32_t count) {
    if (interner->slot_count == 0) {
        return TABLE_NONE;
    }
    size_t size = count * record_size;
    uint32_t mask = interner->slot_count - 1;
    for (uint32_t i = hash & mask; interner->slots[i].first != TABLE_NONE; i = (i + 1) & mask) {
        const struct interner_slot *slot = &interner->slots[i];
        if (slot->hash == hash && slot->count == count &&
            (size == 0 || memcmp(base + slot->first * record_size, records, size) == 0)) {
            return slot->first;
        }
    }
    return TABLE_NONE;
}

static void put(struct interner *interner, struct interner_slot slot) {
    uint32_t mask = interner->slot_count - 1;
    uint32_t i = slot.hash & mask;
    while (interner->slots[i].first != TABLE_NONE) {
        i = (i + 1) & mask;
    }
    interner->slots[i] = slot;
}

static void grow(struct interner *interner) {
    struct interner old = *interner;
    size_t count = old.slot_count == 0 ? FIRST_SLOT_COUNT : (size_t)old.slot_count * 2;
    interner->slots = count > UINT32_MAX ? NULL : malloc(count * sizeof *interner->slots);
    if (interner->slots == NULL) {
        memory_exhausted();
    }
    interner->slot_count = (uint32_t)count;
    memset(interner->slots, 0xff, count * sizeof *interner->slots); /* TABLE_NONE everywhere */
    for (uint32_t i = 0; i < old.slot_count; i++) {
        if (old.slots[i].first != TABLE_NONE) {
            put(interner, old.slots[i]);
        }
    }
    free(old.slots);
}

/* Keeps at least a third of the slots free, so that searches stay short. */
void interner_add(struct interner *interner, uint32_t hash, uint32_t first, uint32_t count) {
    if (interner->used >= interner->slot_count / 3 * 2) {
        grow(interner);
    }
    put(interner, (struct interner_slot){hash, first, count});
    interner->used++;
}
