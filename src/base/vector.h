/* Growing arrays in an arena, typed by macro. For the compiler: running out of memory ends the
 * process (see arena_require). Growing leaves the old array behind in the arena.
 *
 *     VECTOR_OF(struct slice) names = {0};
 *     VECTOR_PUSH(arena, &names, name);
 *     for (size_t i = 0; i < names.count; i++) use(names.items[i]);
 */
#ifndef BASE_VECTOR_H
#define BASE_VECTOR_H

#include "base/arena.h"

#define VECTOR_OF(type)                                                                            \
    struct {                                                                                       \
        type *items;                                                                               \
        size_t count;                                                                              \
        size_t capacity;                                                                           \
    }

/* Evaluates `vector` several times, `...` (the value) once. */
#define VECTOR_PUSH(arena, vector, ...)                                                            \
    ((vector)->items = vector_reserve((arena), (vector)->items, (vector)->count,                   \
                                      &(vector)->capacity, sizeof *(vector)->items),               \
     (vector)->items[(vector)->count++] = (__VA_ARGS__))

/* Room for one more item of `item_size` bytes; returns the array, moved if it had to grow. */
void *vector_reserve(struct arena *arena, void *items, size_t count, size_t *capacity,
                     size_t item_size);

#endif
