/* Lines that a file holds back until its buffer is full or some time is over (buffer= and flush= of
 * access_log). Each process has a buffer of its own; what is in it is written when the file is
 * opened anew and when the process ends, and is lost with a process that is killed. */
#include "log/server.h"

#include "base/container.h"

#include <errno.h>
#include <limits.h>
#include <stdlib.h>
#include <string.h>

/* What compression may add to lines that it does not make shorter. */
enum { GZIP_EXCESS = 64 };

static void write_lines(struct log *log, struct log_file *file, struct slice lines) {
    if (file->hold_rule.gzip_level > 0) {
        log_file_write_gzip(log, file, lines, file->hold_rule.gzip_level);
    } else {
        log_file_write_lines(log, file, lines);
    }
}

/* The lines, of which several processes may write to the same pipe. */
static void write_in_pieces(struct log *log, struct log_file *file, struct slice lines) {
    size_t most = file->hold_rule.gzip_level > 0 ? PIPE_BUF - GZIP_EXCESS : PIPE_BUF;
    while (lines.size > most && file->write_size == PIPE_BUF) {
        const char *end = memrchr(lines.data, '\n', most);
        if (end == NULL) { /* a line that the kernel does not keep together anyway */
            end = memchr(lines.data, '\n', lines.size);
        }
        size_t size = (size_t)(end + 1 - lines.data);
        write_lines(log, file, slice_take(lines, size));
        lines = slice_skip(lines, size);
    }
    write_lines(log, file, lines);
}

void log_file_flush_held(struct log *log, struct log_file *file) {
    struct log_hold *hold = file->hold;
    timer_stop(&file->hold_timer);
    if (hold != NULL && hold->used > 0) {
        struct slice lines = {hold->data, hold->used};
        hold->used = 0;
        write_in_pieces(log, file, lines);
    }
}

static void expire(struct timer *timer) {
    struct log_file *file = CONTAINER_OF(timer, struct log_file, hold_timer);
    log_file_flush_held(file->log, file);
}

void log_file_hold(struct log *log, struct log_file *file, const struct log_hold_rule *rule) {
    if (file->server != NULL) {
        return; /* its timer has another purpose */
    }
    if (file->hold_rule.size != rule->size || file->hold_rule.gzip_level != rule->gzip_level) {
        log_file_flush_held(log, file);
        free(file->hold);
        file->hold = NULL;
    }
    file->hold_rule = *rule;
    file->hold_timer.on_expire = expire;
    file->log = log;
}

void log_file_release_held(struct log *log, struct log_file *file) {
    log_file_flush_held(log, file);
    if (log->loop != NULL) {
        timer_remove(&log->loop->timers, &file->hold_timer);
    }
    free(file->hold);
    file->hold = NULL;
}

static bool take_hold(struct log_file *file) {
    if (file->hold == NULL) {
        file->hold = malloc(sizeof *file->hold + file->hold_rule.size);
        if (file->hold == NULL) {
            return false;
        }
        file->hold->used = 0;
    }
    return true;
}

/* The time of lines in the buffer counts from the first one, as in nginx. */
static void start_timer(struct log *log, struct log_file *file) {
    if (file->hold_rule.flush_after > 0 && file->hold_timer.deadline == 0 && log->loop != NULL) {
        timer_start(&log->loop->timers, &file->hold_timer,
                    log->loop->now + file->hold_rule.flush_after);
    }
}

/* A line that no buffer holds, at once; one by itself where lines are compressed. */
static void write_single(struct log *log, struct log_file *file, struct slice line) {
    if (file->hold_rule.gzip_level == 0) {
        log_write(log, file, line);
        return;
    }
    char *copy = malloc(line.size + 1);
    if (copy == NULL) {
        log_file_lose(log, file, 1, ENOMEM);
        return;
    }
    if (line.size > 0) {
        memcpy(copy, line.data, line.size);
    }
    copy[line.size] = '\n';
    write_lines(log, file, (struct slice){copy, line.size + 1});
    free(copy);
}

static void hold_line(struct log *log, struct log_file *file, struct slice line) {
    size_t size = file->hold_rule.size;
    if (size == 0) {
        log_write(log, file, line);
        return;
    }
    if (file->hold != NULL && size - file->hold->used < line.size + 1) {
        log_file_flush_held(log, file);
    }
    if (line.size + 1 > size || !take_hold(file)) {
        write_single(log, file, line);
        return;
    }
    struct log_hold *hold = file->hold;
    if (line.size > 0) {
        memcpy(hold->data + hold->used, line.data, line.size);
    }
    hold->data[hold->used + line.size] = '\n';
    hold->used += line.size + 1;
    start_timer(log, file);
}

void log_hold(struct log *log, const struct log_target *target, struct slice line) {
    if (target->file->server != NULL) {
        log_server_send(log, target, target->level, line);
    } else {
        hold_line(log, target->file, line);
    }
}
