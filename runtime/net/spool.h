/* Bytes put aside to be read again, any number of times: in memory up to a limit, beyond it in a
 * temporary file that has no name. */
#ifndef NET_SPOOL_H
#define NET_SPOOL_H

#include "net/buffer.h"
#include "net/temp_file.h"

struct spool {
    struct buffer_pool *pool;
    struct buffer *memory;
    size_t memory_limit;
    struct temp_place place;
    int file; /* -1: none */
    uint64_t file_size;
};

/* `place` is where the file will be, if it comes to one. */
void spool_init(struct spool *spool, struct buffer_pool *pool, size_t memory_limit,
                struct temp_place place);

/* Empty again, for good or to be filled anew. */
void spool_release(struct spool *spool);

/* Returns 0, or an errno value (ENOMEM, ENOSPC, …) after which the spool is of no use. */
int spool_append(struct spool *spool, struct slice bytes);

uint64_t spool_size(const struct spool *spool);

/* The bytes from `offset` on: in memory as they lie there, of the file as many as fit into
 * `buffer`, which is overwritten. Empty at the end. Returns 0 or an errno value. */
int spool_read(const struct spool *spool, uint64_t offset, char *buffer, size_t size,
               struct slice *bytes);

#endif
