/* Memory first, then a file that is read back in windows. */
#include "net/backlog.h"

#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <unistd.h>

void backlog_begin(struct backlog *backlog, struct buffer_pool *pool, struct temp_place place,
                   const struct backlog_limits *limits) {
    *backlog = (struct backlog){.pool = pool, .place = place, .limits = *limits, .file = -1};
}

void backlog_release(struct backlog *backlog) {
    if (backlog->pool == NULL) {
        return;
    }
    while (backlog->first != NULL) {
        struct buffer *buffer = backlog->first;
        backlog->first = buffer->next_free;
        buffer_give(backlog->pool, buffer);
    }
    buffer_give(backlog->pool, backlog->window);
    if (backlog->file >= 0) {
        close(backlog->file);
    }
    *backlog = (struct backlog){0};
}

static uint64_t window_size(const struct backlog *backlog) {
    return backlog->window == NULL ? 0 : buffer_content(backlog->window).size;
}

static bool is_file_empty(const struct backlog *backlog) {
    return backlog->file_begin == backlog->file_end && backlog->window == NULL;
}

uint64_t backlog_size(const struct backlog *backlog) {
    return backlog->memory_size + window_size(backlog) + backlog->file_end - backlog->file_begin;
}

/* --- in --- */

static struct buffer *last_with_room(struct backlog *backlog) {
    struct buffer *last = backlog->last;
    if (last != NULL && buffer_room(last) > 0) {
        return last;
    }
    struct buffer *buffer = buffer_take(backlog->pool, BUFFER_STANDARD);
    if (buffer == NULL) {
        return NULL; /* the file takes it */
    }
    if (last == NULL) {
        backlog->first = buffer;
    } else {
        last->next_free = buffer;
    }
    backlog->last = buffer;
    return buffer;
}

static size_t append_to_memory(struct backlog *backlog, struct slice bytes) {
    uint64_t limit = backlog->limits.memory;
    uint64_t room = limit > backlog->memory_size ? limit - backlog->memory_size : 0;
    bytes = slice_take(bytes, bytes.size < room ? bytes.size : (size_t)room);
    size_t taken = 0;
    while (taken < bytes.size) {
        struct buffer *buffer = last_with_room(backlog);
        if (buffer == NULL) {
            break;
        }
        struct slice rest = slice_skip(bytes, taken);
        size_t part = buffer_room(buffer) < rest.size ? buffer_room(buffer) : rest.size;
        (void)buffer_append(buffer, slice_take(rest, part));
        taken += part;
    }
    backlog->memory_size += taken;
    return taken;
}

static bool has_file(struct backlog *backlog) {
    if (backlog->file_error != 0) {
        return false;
    }
    if (backlog->file < 0) {
        backlog->file = temp_file_open(backlog->place);
        backlog->file_error = backlog->file < 0 ? errno : 0;
    }
    return backlog->file >= 0;
}

static size_t append_to_file(struct backlog *backlog, struct slice bytes) {
    uint64_t limit = backlog->limits.file;
    uint64_t room = limit > backlog->file_end ? limit - backlog->file_end : 0;
    bytes = slice_take(bytes, bytes.size < room ? bytes.size : (size_t)room);
    size_t taken = 0;
    while (taken < bytes.size && has_file(backlog)) {
        struct slice part = slice_skip(bytes, taken);
        part = slice_take(part, part.size < backlog->limits.file_part
                                    ? part.size
                                    : (size_t)backlog->limits.file_part);
        backlog->file_error = temp_file_write(backlog->file, backlog->file_end, part);
        if (backlog->file_error == 0) {
            backlog->file_end += part.size;
            taken += part.size;
        }
    }
    return taken;
}

size_t backlog_append(struct backlog *backlog, struct slice bytes) {
    size_t taken = is_file_empty(backlog) ? append_to_memory(backlog, bytes) : 0;
    return taken + append_to_file(backlog, slice_skip(bytes, taken));
}

/* --- out --- */

/* Reads the next window, and lets the kernel read on meanwhile what may no longer be in memory. */
static int read_window(struct backlog *backlog) {
    uint64_t left = backlog->file_end - backlog->file_begin;
    size_t most = backlog->limits.piece < left ? (size_t)backlog->limits.piece : (size_t)left;
    struct buffer *window = buffer_take_large(backlog->pool, most > BUFFER_STANDARD);
    if (window == NULL) {
        return ENOMEM;
    }
    size_t got = 0;
    int error = temp_file_read(backlog->file, backlog->file_begin, window->bytes,
                               most < window->capacity ? most : window->capacity, &got);
    if (error != 0) {
        buffer_give(backlog->pool, window);
        return error;
    }
    window->end = got;
    backlog->window = window;
    backlog->file_begin += got;
    if (backlog->file_begin < backlog->file_end) {
        (void)posix_fadvise(backlog->file, (off_t)backlog->file_begin, (off_t)most,
                            POSIX_FADV_WILLNEED);
    }
    return 0;
}

static void peek_memory(const struct backlog *backlog, struct slice *pieces, uint32_t limit,
                        uint32_t *count) {
    uint64_t left = backlog->limits.piece;
    const struct buffer *buffer = backlog->first;
    while (buffer != NULL && *count < limit && left > 0) {
        struct slice content = buffer_content(buffer);
        content = slice_take(content, content.size < left ? content.size : (size_t)left);
        pieces[(*count)++] = content;
        left -= content.size;
        buffer = buffer->next_free;
    }
}

int backlog_peek(struct backlog *backlog, struct slice *pieces, uint32_t limit, uint32_t *count) {
    *count = 0;
    if (backlog->memory_size > 0) {
        peek_memory(backlog, pieces, limit, count);
        return 0;
    }
    if (backlog->window == NULL && backlog->file_begin < backlog->file_end) {
        int error = read_window(backlog);
        if (error != 0) {
            return error;
        }
    }
    if (backlog->window != NULL && limit > 0) {
        pieces[(*count)++] = buffer_content(backlog->window);
    }
    return 0;
}

static void drop_memory(struct backlog *backlog, size_t size) {
    backlog->memory_size -= size;
    while (size > 0 && backlog->first != NULL) {
        struct buffer *buffer = backlog->first;
        size_t part = buffer_content(buffer).size < size ? buffer_content(buffer).size : size;
        buffer->begin += part;
        size -= part;
        if (buffer->begin < buffer->end) {
            return;
        }
        backlog->first = buffer->next_free;
        if (backlog->first == NULL) {
            backlog->last = NULL;
        }
        buffer_give(backlog->pool, buffer);
    }
}

/* A file that is empty takes no room on the disk, and is filled from its beginning again. */
static void restart_file(struct backlog *backlog) {
    if (backlog->file_error == 0 && ftruncate(backlog->file, 0) != 0) {
        backlog->file_error = errno;
    }
    backlog->file_begin = backlog->file_end = 0;
}

void backlog_drop(struct backlog *backlog, size_t size) {
    if (backlog->memory_size > 0) {
        drop_memory(backlog, size);
        return;
    }
    if (backlog->window == NULL) {
        return;
    }
    backlog->window->begin += size;
    if (backlog->window->begin == backlog->window->end) {
        buffer_give(backlog->pool, backlog->window);
        backlog->window = NULL;
        if (is_file_empty(backlog)) {
            restart_file(backlog);
        }
    }
}
