/* Growth of arena vectors. */
#include "base/vector.h"

#include <string.h>

void *vector_reserve(struct arena *arena, void *items, size_t count, size_t *capacity,
                     size_t item_size) {
    if (count < *capacity) {
        return items;
    }
    size_t larger = *capacity == 0 ? 4 : *capacity * 2;
    if (larger > SIZE_MAX / item_size) {
        memory_exhausted();
    }
    void *moved = arena_require(arena, larger * item_size);
    if (count > 0) {
        memcpy(moved, items, count * item_size);
    }
    *capacity = larger;
    return moved;
}
