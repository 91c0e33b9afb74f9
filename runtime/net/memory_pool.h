/* Small blocks of memory for one worker, taken and given back with every request: those that are
 * free wait in stacks, one for each size, so that the most recently used, still cached, memory is
 * used again, without the work of malloc and free. What is larger comes from malloc. */
#ifndef NET_MEMORY_POOL_H
#define NET_MEMORY_POOL_H

#include <stddef.h>

enum { MEMORY_POOL_SIZES = 64 }; /* of blocks up to a kibibyte */

struct memory_block;

/* Begins zeroed. */
struct memory_pool {
    struct memory_block *free[MEMORY_POOL_SIZES];
    size_t kept; /* bytes in all free blocks; bounded */
};

/* At least `size` bytes, as malloc gives them, or NULL. */
__attribute__((warn_unused_result, nonnull)) void *memory_take(struct memory_pool *pool,
                                                               size_t size);

/* The same for `count` things of `size` bytes, zeroed. */
__attribute__((warn_unused_result, nonnull)) void *memory_take_zeroed(struct memory_pool *pool,
                                                                      size_t count, size_t size);

/* As realloc; NULL is allowed. */
__attribute__((warn_unused_result, nonnull(1))) void *memory_resize(struct memory_pool *pool,
                                                                    void *bytes, size_t size);

/* Returns what was taken; NULL is allowed. */
__attribute__((nonnull(1))) void memory_give(struct memory_pool *pool, void *bytes);

/* Frees what is kept. */
__attribute__((nonnull)) void memory_pool_release(struct memory_pool *pool);

#endif
