/* Lines on their way into log files: collected during a turn, written at its end. Several processes
 * append to the same files, so lines are written whole, and to a pipe no more at once than the
 * kernel keeps together. */
#include "log/server.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/uio.h>
#include <unistd.h>

enum { SPARE_BUFFERS = 4, LOSS_REPORT_INTERVAL = 60000 };

static void give_buffer(struct log *log, struct log_file *file) {
    struct log_buffer *buffer = file->buffer;
    file->buffer = NULL;
    if (log->spare_count >= SPARE_BUFFERS) {
        free(buffer);
        return;
    }
    buffer->next = log->spare;
    log->spare = buffer;
    log->spare_count++;
}

static bool take_buffer(struct log *log, struct log_file *file) {
    struct log_buffer *buffer = log->spare;
    if (buffer != NULL) {
        log->spare = buffer->next;
        log->spare_count--;
    } else {
        buffer = malloc(sizeof *buffer);
        if (buffer == NULL) {
            return false;
        }
    }
    buffer->used = 0;
    file->buffer = buffer;
    return true;
}

static uint64_t read_clock(const struct log *log) {
    if (log->loop != NULL) {
        return log->loop->now;
    }
    struct timespec now;
    clock_gettime(CLOCK_MONOTONIC, &now);
    return (uint64_t)now.tv_sec * 1000 + (uint64_t)now.tv_nsec / 1000000;
}

/* The fallback's own losses cannot be told to anybody. What a syslog server does not get is told to
 * the other error logs, as files are not by their disk. */
static void report_loss(struct log *log, struct log_file *file, int error) {
    uint64_t now = read_clock(log);
    bool is_recent = file->reported_at != 0 && now - file->reported_at < LOSS_REPORT_INTERVAL;
    if (file->lost == 0 || is_recent || file == log->fallback) {
        return;
    }
    uint64_t lost = file->lost;
    file->lost = 0;
    file->reported_at = now;
    const struct log_file *except = file->server != NULL ? file : NULL;
    log_message_about(log, except, TABLE_LOG_ALERT, "%llu lines of log \"%s\" were lost%s%s",
                      (unsigned long long)lost, file->path, error != 0 ? ": " : "",
                      error != 0 ? strerror(error) : "");
}

uint64_t log_count_lines(struct slice text) {
    uint64_t count = 0;
    while (text.size > 0) {
        size_t end = slice_find_byte(text, '\n');
        count++;
        text = slice_skip(text, end + 1);
    }
    return count;
}

void log_file_lose(struct log *log, struct log_file *file, uint64_t count, int error) {
    file->lost += count;
    report_loss(log, file, error);
}

/* Whole lines out. A line that was cut by an error before is ended first, so that it does not
 * spoil the next. */
void log_file_write_lines(struct log *log, struct log_file *file, struct slice lines) {
    int error = 0;
    if (file->is_torn && write(file->descriptor, "\n", 1) == 1) {
        file->is_torn = false;
    }
    while (lines.size > 0) {
        ssize_t written = write(file->descriptor, lines.data, lines.size);
        if (written < 0 && errno == EINTR) {
            continue;
        }
        if (written < 0) {
            error = errno;
            file->lost += log_count_lines(lines);
            break;
        }
        lines = slice_skip(lines, (size_t)written);
        file->is_torn = written > 0 && lines.data[-1] != '\n';
    }
    report_loss(log, file, error);
}

static void write_buffer(struct log *log, struct log_file *file) {
    struct log_buffer *buffer = file->buffer;
    if (file->server != NULL) {
        log_server_flush(log, file);
    } else if (buffer != NULL && buffer->used > 0) {
        struct slice lines = {buffer->data, buffer->used};
        buffer->used = 0;
        log_file_write_lines(log, file, lines);
    }
}

void log_file_flush(struct log *log, struct log_file *file) {
    write_buffer(log, file);
    if (file->buffer != NULL && file->buffer->used == 0) {
        give_buffer(log, file);
    }
}

void log_flush(struct log *log) {
    while (log->pending != NULL) {
        struct log_file *file = log->pending;
        log->pending = file->next_pending;
        file->is_pending = false;
        log_file_flush(log, file);
    }
}

static void mark_pending(struct log *log, struct log_file *file) {
    if (!file->is_pending) {
        file->is_pending = true;
        file->next_pending = log->pending;
        log->pending = file;
    }
}

char *log_file_reserve(struct log *log, struct log_file *file, size_t size) {
    if (file->buffer != NULL && file->buffer->used + size > file->write_size) {
        write_buffer(log, file);
    }
    struct log_buffer *buffer = file->buffer;
    if (size > sizeof buffer->data || (buffer == NULL && !take_buffer(log, file)) ||
        size > sizeof buffer->data - file->buffer->used) {
        return NULL;
    }
    return file->buffer->data + file->buffer->used;
}

void log_file_commit(struct log *log, struct log_file *file, size_t size) {
    file->buffer->used += (uint32_t)size;
    mark_pending(log, file);
    if (log->loop != NULL) {
        loop_defer(log->loop, &log->flush);
    } else {
        log_flush(log);
    }
}

/* A line longer than any buffer, or for which there is no memory, is a write of its own. */
static void write_at_once(struct log *log, struct log_file *file, struct slice line) {
    struct iovec parts[2] = {
        {.iov_base = (void *)(uintptr_t)line.data, .iov_len = line.size},
        {.iov_base = (void *)(uintptr_t) "\n", .iov_len = 1},
    };
    log_file_write_lines(log, file, (struct slice){"", 0}); /* ends a line that was cut */
    ssize_t written;
    do {
        written = writev(file->descriptor, parts, 2);
    } while (written < 0 && errno == EINTR);
    file->is_torn = written > 0 && (size_t)written < line.size + 1;
    if (written < 0 || (size_t)written < line.size + 1) {
        int error = written < 0 ? errno : 0;
        file->lost++;
        report_loss(log, file, error);
    }
}

void log_write(struct log *log, struct log_file *file, struct slice line) {
    char *room = log_file_reserve(log, file, line.size + 1);
    if (room == NULL) {
        write_at_once(log, file, line);
        return;
    }
    if (line.size > 0) {
        memcpy(room, line.data, line.size);
    }
    room[line.size] = '\n';
    log_file_commit(log, file, line.size + 1);
}
