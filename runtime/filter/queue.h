/* Bytes that a filter has made and the client has not taken yet: buffers of the worker's pool, one
 * after the other, up to a limit. */
#ifndef FILTER_QUEUE_H
#define FILTER_QUEUE_H

#include "net/buffer.h"

struct filter_queue {
    struct buffer_pool *pool;
    struct buffer *first; /* joined by next_free */
    struct buffer *last;
    size_t size; /* bytes waiting */
    size_t limit;
};

/* At most `limit` bytes, but as much as one piece always; nothing is allocated yet. */
void filter_queue_init(struct filter_queue *queue, struct buffer_pool *pool, uint64_t limit);

/* Gives all buffers back; the queue can be used on. */
void filter_queue_clear(struct filter_queue *queue);

enum filter_room { FILTER_ROOM, FILTER_NO_ROOM, FILTER_NO_MEMORY };

/* Where the next bytes go, behind those that are there: *size is how many may, at least one. What
 * was written is counted by filter_queue_wrote. */
enum filter_room filter_queue_find_room(struct filter_queue *queue, char **at, size_t *size);
void filter_queue_wrote(struct filter_queue *queue, size_t size);

/* A copy of as much as there is room for from the beginning of `bytes`; returns how much. */
size_t filter_queue_append(struct filter_queue *queue, struct slice bytes);

/* The waiting bytes, or a beginning of them in `most` pieces; returns how many pieces. */
uint32_t filter_queue_peek(const struct filter_queue *queue, struct slice *pieces, uint32_t most);

/* The first `size` bytes are done with. */
void filter_queue_drop(struct filter_queue *queue, size_t size);

#endif
