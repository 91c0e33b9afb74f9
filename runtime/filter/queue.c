/* A queue of buffers; the last one is filled before there is another. */
#include "filter/queue.h"

void filter_queue_init(struct filter_queue *queue, struct buffer_pool *pool, uint64_t limit) {
    *queue = (struct filter_queue){
        .pool = pool,
        .limit = limit == 0         ? 1
                 : limit < SIZE_MAX ? (size_t)limit
                                    : SIZE_MAX,
    };
}

void filter_queue_clear(struct filter_queue *queue) {
    while (queue->first != NULL) {
        struct buffer *next = queue->first->next_free;
        buffer_give(queue->pool, queue->first);
        queue->first = next;
    }
    queue->last = NULL;
    queue->size = 0;
}

enum filter_room filter_queue_find_room(struct filter_queue *queue, char **at, size_t *size) {
    if (queue->size >= queue->limit) {
        return FILTER_NO_ROOM;
    }
    if (queue->last == NULL || buffer_room(queue->last) == 0) {
        struct buffer *buffer = buffer_take(queue->pool, BUFFER_STANDARD);
        if (buffer == NULL) {
            return FILTER_NO_MEMORY;
        }
        buffer->next_free = NULL;
        *(queue->last == NULL ? &queue->first : &queue->last->next_free) = buffer;
        queue->last = buffer;
    }
    size_t room = buffer_room(queue->last);
    size_t allowed = queue->limit - queue->size;
    *at = queue->last->bytes + queue->last->end;
    *size = room < allowed ? room : allowed;
    return FILTER_ROOM;
}

void filter_queue_wrote(struct filter_queue *queue, size_t size) {
    queue->last->end += size;
    queue->size += size;
}

size_t filter_queue_append(struct filter_queue *queue, struct slice bytes) {
    size_t done = 0;
    char *at;
    size_t room;
    while (done < bytes.size && filter_queue_find_room(queue, &at, &room) == FILTER_ROOM) {
        size_t part = bytes.size - done < room ? bytes.size - done : room;
        memcpy(at, bytes.data + done, part);
        filter_queue_wrote(queue, part);
        done += part;
    }
    return done;
}

uint32_t filter_queue_peek(const struct filter_queue *queue, struct slice *pieces, uint32_t most) {
    uint32_t count = 0;
    for (const struct buffer *at = queue->first; at != NULL && count < most; at = at->next_free) {
        struct slice content = buffer_content(at);
        if (content.size > 0) {
            pieces[count++] = content;
        }
    }
    return count;
}

void filter_queue_drop(struct filter_queue *queue, size_t size) {
    queue->size -= size;
    while (queue->first != NULL) {
        struct buffer *first = queue->first;
        size_t left = first->end - first->begin;
        size_t part = left < size ? left : size;
        first->begin += part;
        size -= part;
        if (first->begin < first->end) {
            return;
        }
        queue->first = first->next_free;
        queue->last = queue->first == NULL ? NULL : queue->last;
        buffer_give(queue->pool, first);
    }
}
