/* Lines of a log that is compressed (gzip of access_log): what a buffer held is a member of the
 * file by itself, as in nginx, so that several processes may write to it, and zcat reads it from
 * its beginning to its end at any time. */
#include "log/file.h"

#include <errno.h>
#include <limits.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>
#include <zlib.h>

enum {
    GZIP_WRAPPER = 16,    /* added to the width of the window */
    SMALLEST_WINDOW = 9,  /* bits */
    BEHIND_WINDOW = 262,  /* bytes that deflate never looks back over (MIN_LOOKAHEAD) */
    WINDOW_TO_MEMORY = 7, /* between the widths of window and hash table, at zlib's defaults */
};

/* No more memory than the lines need. */
static int choose_window(size_t size) {
    int bits = MAX_WBITS;
    while (bits > SMALLEST_WINDOW && size < ((size_t)1 << (bits - 1)) - BEHIND_WINDOW) {
        bits--;
    }
    return bits;
}

/* The member, to be freed by the caller; none without memory. */
static struct slice compress_lines(struct slice lines, uint32_t level) {
    z_stream stream = {.next_in = (Bytef *)(uintptr_t)lines.data, .avail_in = (uInt)lines.size};
    int window = choose_window(lines.size);
    if (deflateInit2(&stream, (int)level, Z_DEFLATED, window + GZIP_WRAPPER,
                     window - WINDOW_TO_MEMORY, Z_DEFAULT_STRATEGY) != Z_OK) {
        return (struct slice){NULL, 0};
    }
    size_t room = deflateBound(&stream, (uLong)lines.size);
    char *member = malloc(room);
    size_t size = 0;
    if (member != NULL) {
        stream.next_out = (Bytef *)member;
        stream.avail_out = (uInt)room;
        size = deflate(&stream, Z_FINISH) == Z_STREAM_END ? stream.total_out : 0;
    }
    deflateEnd(&stream);
    return (struct slice){member, size};
}

/* What could not be written, or 0. */
static int write_all(int descriptor, struct slice bytes) {
    while (bytes.size > 0) {
        ssize_t written = write(descriptor, bytes.data, bytes.size);
        if (written < 0 && errno != EINTR) {
            return errno;
        }
        bytes = slice_skip(bytes, written > 0 ? (size_t)written : 0);
    }
    return 0;
}

void log_file_write_gzip(struct log *log, struct log_file *file, struct slice lines,
                         uint32_t level) {
    struct slice member = compress_lines(lines, level);
    int error = member.size > 0 ? write_all(file->descriptor, member) : ENOMEM;
    free((void *)(uintptr_t)member.data);
    if (error != 0) {
        log_file_lose(log, file, log_count_lines(lines), error);
    }
}
