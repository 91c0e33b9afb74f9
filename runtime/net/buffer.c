/* Pooled buffers. */
#include "net/buffer.h"

#include <stdlib.h>
#include <string.h>

/* How many unused ones are kept: 4 MiB of either size. */
enum { STANDARD_KEPT = 256, LARGE_KEPT = 64 };

/* The stack for buffers of that capacity; NULL: they are not kept. */
static struct buffer_stack *find_stack(struct buffer_pool *pool, size_t capacity) {
    if (capacity == BUFFER_STANDARD) {
        return &pool->standard;
    }
    return capacity == BUFFER_LARGE ? &pool->large : NULL;
}

static struct buffer *pop(struct buffer_stack *stack) {
    struct buffer *buffer = stack->top;
    if (buffer != NULL) {
        stack->top = buffer->next_free;
        stack->count--;
    }
    return buffer;
}

struct buffer *buffer_take(struct buffer_pool *pool, size_t capacity) {
    if (capacity < BUFFER_STANDARD) {
        capacity = BUFFER_STANDARD;
    }
    struct buffer_stack *stack = find_stack(pool, capacity);
    struct buffer *buffer = stack == NULL ? NULL : pop(stack);
    if (buffer == NULL) {
        if (capacity > SIZE_MAX - sizeof *buffer) {
            return NULL;
        }
        buffer = malloc(sizeof *buffer + capacity);
        if (buffer == NULL) {
            return NULL;
        }
        buffer->capacity = capacity;
    }
    buffer->next_free = NULL;
    buffer->begin = buffer->end = 0;
    pool->used_count++;
    return buffer;
}

struct buffer *buffer_take_large(struct buffer_pool *pool, bool is_wanted) {
    struct buffer *buffer = is_wanted ? buffer_take(pool, BUFFER_LARGE) : NULL;
    return buffer != NULL ? buffer : buffer_take(pool, BUFFER_STANDARD);
}

void buffer_give(struct buffer_pool *pool, struct buffer *buffer) {
    if (buffer == NULL) {
        return;
    }
    pool->used_count--;
    struct buffer_stack *stack = find_stack(pool, buffer->capacity);
    if (stack == NULL || stack->count >= (stack == &pool->large ? LARGE_KEPT : STANDARD_KEPT)) {
        free(buffer);
        return;
    }
    buffer->next_free = stack->top;
    stack->top = buffer;
    stack->count++;
}

static void release_stack(struct buffer_stack *stack) {
    for (struct buffer *buffer; (buffer = pop(stack)) != NULL;) {
        free(buffer);
    }
}

void buffer_pool_release(struct buffer_pool *pool) {
    release_stack(&pool->standard);
    release_stack(&pool->large);
}
