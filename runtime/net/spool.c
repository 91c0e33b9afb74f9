/* Memory first, then a nameless file. */
#include "net/spool.h"

#include <errno.h>
#include <unistd.h>

void spool_init(struct spool *spool, struct buffer_pool *pool, size_t memory_limit,
                struct temp_place place) {
    *spool = (struct spool){.pool = pool, .memory_limit = memory_limit, .place = place, .file = -1};
}

void spool_release(struct spool *spool) {
    buffer_give(spool->pool, spool->memory);
    spool->memory = NULL;
    if (spool->file >= 0) {
        close(spool->file);
        spool->file = -1;
    }
    spool->file_size = 0;
}

static size_t memory_size(const struct spool *spool) {
    return spool->memory == NULL ? 0 : spool->memory->end;
}

uint64_t spool_size(const struct spool *spool) {
    return memory_size(spool) + spool->file_size;
}

/* Grows by doubling up to the limit. Returns how many of `wanted` bytes fit now. */
static size_t make_room(struct spool *spool, size_t wanted) {
    size_t used = memory_size(spool);
    size_t left = spool->memory_limit > used ? spool->memory_limit - used : 0;
    if (wanted > left) {
        wanted = left;
    }
    if (wanted == 0 || (spool->memory != NULL && buffer_room(spool->memory) >= wanted)) {
        return wanted;
    }
    size_t capacity = used + wanted;
    if (capacity < 2 * used && 2 * used <= spool->memory_limit) {
        capacity = 2 * used;
    }
    struct buffer *larger = buffer_take(spool->pool, capacity);
    if (larger == NULL) {
        return 0; /* the file takes it */
    }
    if (spool->memory != NULL) {
        (void)buffer_append(larger, buffer_content(spool->memory));
        buffer_give(spool->pool, spool->memory);
    }
    spool->memory = larger;
    return wanted;
}

static int append_to_file(struct spool *spool, struct slice bytes) {
    if (spool->file < 0) {
        spool->file = temp_file_open(spool->place);
        if (spool->file < 0) {
            return errno;
        }
    }
    int error = temp_file_write(spool->file, spool->file_size, bytes);
    spool->file_size += error == 0 ? bytes.size : 0;
    return error;
}

int spool_append(struct spool *spool, struct slice bytes) {
    if (spool->file < 0) {
        struct slice part = slice_take(bytes, make_room(spool, bytes.size));
        if (part.size > 0) {
            (void)buffer_append(spool->memory, part);
            bytes = slice_skip(bytes, part.size);
        }
    }
    return bytes.size == 0 ? 0 : append_to_file(spool, bytes);
}

int spool_read(const struct spool *spool, uint64_t offset, char *buffer, size_t size,
               struct slice *bytes) {
    *bytes = (struct slice){"", 0};
    if (offset < memory_size(spool)) {
        *bytes =
            slice_skip((struct slice){spool->memory->bytes, spool->memory->end}, (size_t)offset);
        return 0;
    }
    if (offset >= spool_size(spool)) {
        return 0;
    }
    bytes->data = buffer;
    return temp_file_read(spool->file, offset - memory_size(spool), buffer, size, &bytes->size);
}
