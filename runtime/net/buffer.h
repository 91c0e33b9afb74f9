/* Receive and send buffers of one worker. Buffers of two sizes come from stacks of free ones, so
 * that the most recently used, still cached, memory is used again; a connection holds one only
 * while it holds bytes. Buffers of other sizes are allocated and freed one by one. */
#ifndef NET_BUFFER_H
#define NET_BUFFER_H

#include "base/slice.h"

struct buffer {
    struct buffer *next_free;
    size_t capacity;
    size_t begin; /* of what has not been used yet */
    size_t end;   /* of what was received or written */
    char bytes[];
};

/* The two sizes that are kept: for heads and small bodies, and for bodies that are known to be
 * large. With their headers they fill 16 and 64 KiB. */
enum {
    BUFFER_STANDARD = 16384 - (int)sizeof(struct buffer),
    BUFFER_LARGE = 65536 - (int)sizeof(struct buffer),
};

/* Unused buffers of one size. */
struct buffer_stack {
    struct buffer *top;
    uint32_t count;
};

struct buffer_pool {
    uint32_t used_count; /* for tests and the status page */
    struct buffer_stack standard;
    struct buffer_stack large;
};

/* An empty buffer of at least `capacity` bytes, or NULL. */
__attribute__((warn_unused_result, nonnull)) struct buffer *buffer_take(struct buffer_pool *pool,
                                                                        size_t capacity);

/* An empty one of the larger size if it is wanted and to be had, else of the usual one, or NULL. */
__attribute__((warn_unused_result, nonnull)) struct buffer *
buffer_take_large(struct buffer_pool *pool, bool is_wanted);

/* Returns a buffer; NULL is allowed. */
__attribute__((nonnull(1))) void buffer_give(struct buffer_pool *pool, struct buffer *buffer);

/* Frees the unused ones. */
void buffer_pool_release(struct buffer_pool *pool);

static inline struct slice buffer_content(const struct buffer *buffer) {
    return (struct slice){buffer->bytes + buffer->begin, buffer->end - buffer->begin};
}

static inline size_t buffer_room(const struct buffer *buffer) {
    return buffer->capacity - buffer->end;
}

/* Appends; false when it does not fit. */
static inline bool buffer_append(struct buffer *buffer, struct slice s) {
    if (s.size > buffer_room(buffer)) {
        return false;
    }
    if (s.size > 0) {
        memcpy(buffer->bytes + buffer->end, s.data, s.size);
    }
    buffer->end += s.size;
    return true;
}

#endif
