/* Bytes that wait for somebody slow, first in, first out: in memory up to a limit, beyond it in a
 * temporary file. Once the file has bytes everything that comes goes behind them, until it is empty
 * again. When neither has room, or the file fails, no more is taken, and whoever brings bytes has
 * to wait. */
#ifndef NET_BACKLOG_H
#define NET_BACKLOG_H

#include "net/buffer.h"
#include "net/temp_file.h"

struct backlog_limits {
    uint64_t memory;
    uint64_t file;      /* 0: none */
    uint64_t file_part; /* most bytes of one write to the file */
    uint64_t piece;     /* most bytes that backlog_peek shows */
};

struct backlog {
    struct buffer_pool *pool; /* NULL: not begun, and empty */
    struct temp_place place;
    struct backlog_limits limits;
    struct buffer *first; /* in memory, in order, by next_free */
    struct buffer *last;
    uint64_t memory_size;
    int file;
    uint64_t file_begin; /* of what was not read back yet */
    uint64_t file_end;
    struct buffer *window; /* what was read back; NULL: nothing */
    int file_error;        /* errno of what made the file useless; 0: nothing has */
};

void backlog_begin(struct backlog *backlog, struct buffer_pool *pool, struct temp_place place,
                   const struct backlog_limits *limits);

/* Empties it, and gives everything back. One that was zeroed and not begun may be released. */
void backlog_release(struct backlog *backlog);

uint64_t backlog_size(const struct backlog *backlog);

/* Appends a beginning of `bytes`; returns how many bytes that was. Fewer than all when there is no
 * more room, or the file has failed (file_error). */
size_t backlog_append(struct backlog *backlog, struct slice bytes);

/* The next bytes, as up to `limit` pieces that stay until the next call; `*count` says how many.
 * Returns 0 or an errno value: bytes in the file cannot be read back. */
__attribute__((warn_unused_result)) int backlog_peek(struct backlog *backlog, struct slice *pieces,
                                                     uint32_t limit, uint32_t *count);

/* The first `size` bytes of those that were shown are done with. */
void backlog_drop(struct backlog *backlog, size_t size);

#endif
