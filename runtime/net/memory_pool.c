/* Pooled blocks. Their sizes are those that malloc's chunks of 16 bytes hold, so that nothing is
 * lost, and malloc knows the size of a block that is given back. */
#include "net/memory_pool.h"

#include <malloc.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

enum {
    GRAIN = 16,
    SMALLEST = GRAIN / 2,
    LARGEST = SMALLEST + (MEMORY_POOL_SIZES - 1) * GRAIN,
    KEPT_LIMIT = 1 << 18,
};

struct memory_block {
    struct memory_block *next;
};

static size_t round_up(size_t size) {
    return (size + GRAIN - SMALLEST - 1) / GRAIN;
}

static size_t size_of(size_t index) {
    return SMALLEST + index * GRAIN;
}

void *memory_take(struct memory_pool *pool, size_t size) {
    if (size > LARGEST) {
        return malloc(size);
    }
    size_t index = round_up(size);
    struct memory_block *block = pool->free[index];
    if (block == NULL) {
        return malloc(size_of(index));
    }
    pool->free[index] = block->next;
    pool->kept -= size_of(index);
    return block;
}

void *memory_take_zeroed(struct memory_pool *pool, size_t count, size_t size) {
    if (size != 0 && count > SIZE_MAX / size) {
        return NULL;
    }
    if (count * size > LARGEST) {
        return calloc(count, size);
    }
    void *bytes = memory_take(pool, count * size);
    return bytes != NULL ? memset(bytes, 0, count * size) : NULL;
}

void memory_give(struct memory_pool *pool, void *bytes) {
    size_t usable = malloc_usable_size(bytes);
    if (usable < SMALLEST || usable >= LARGEST + GRAIN || pool->kept >= KEPT_LIMIT) {
        free(bytes);
        return;
    }
    size_t index = (usable - SMALLEST) / GRAIN;
    struct memory_block *block = bytes;
    block->next = pool->free[index];
    pool->free[index] = block;
    pool->kept += size_of(index);
}

void *memory_resize(struct memory_pool *pool, void *bytes, size_t size) {
    size_t usable = malloc_usable_size(bytes);
    if (bytes != NULL && size <= usable) {
        return bytes;
    }
    if (usable > LARGEST) {
        return realloc(bytes, size);
    }
    void *larger = memory_take(pool, size);
    if (larger != NULL && bytes != NULL) {
        memcpy(larger, bytes, usable);
        memory_give(pool, bytes);
    }
    return larger;
}

void memory_pool_release(struct memory_pool *pool) {
    for (size_t i = 0; i < MEMORY_POOL_SIZES; i++) {
        while (pool->free[i] != NULL) {
            struct memory_block *block = pool->free[i];
            pool->free[i] = block->next;
            free(block);
        }
    }
    pool->kept = 0;
}
