/* Memory first, then a nameless file. */
#include "net/spool.h"

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <unistd.h>

void spool_init(struct spool *spool, struct buffer_pool *pool, size_t memory_limit) {
    *spool = (struct spool){.pool = pool, .memory_limit = memory_limit, .file = -1};
}

void spool_release(struct spool *spool) {
    buffer_give(spool->pool, spool->memory);
    spool->memory = NULL;
    if (spool->file >= 0) {
        close(spool->file);
        spool->file = -1;
    }
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

static int open_file(void) {
    const char *folder = getenv("TMPDIR");
    int fd = open(folder != NULL && folder[0] != '\0' ? folder : "/tmp",
                  O_TMPFILE | O_RDWR | O_CLOEXEC, 0600);
    if (fd < 0 && (errno == EOPNOTSUPP || errno == EISDIR)) {
        char name[] = "/tmp/rpcd.XXXXXX"; /* a file system without nameless files */
        fd = mkostemp(name, O_CLOEXEC);
        if (fd >= 0) {
            unlink(name);
        }
    }
    return fd;
}

static int append_to_file(struct spool *spool, struct slice bytes) {
    if (spool->file < 0) {
        spool->file = open_file();
        if (spool->file < 0) {
            return errno;
        }
    }
    while (bytes.size > 0) {
        ssize_t written = pwrite(spool->file, bytes.data, bytes.size, (off_t)spool->file_size);
        if (written < 0 && errno == EINTR) {
            continue;
        }
        if (written < 0) {
            return errno;
        }
        spool->file_size += (uint64_t)written;
        bytes = slice_skip(bytes, (size_t)written);
    }
    return 0;
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
    ssize_t got;
    do {
        got = pread(spool->file, buffer, size, (off_t)(offset - memory_size(spool)));
    } while (got < 0 && errno == EINTR);
    if (got < 0) {
        return errno;
    }
    *bytes = (struct slice){buffer, (size_t)got};
    return got == 0 ? EIO : 0; /* shorter than what was written */
}
