/* Error lines in nginx's format (ngx_log_error_core, ngx_http_log_error_handler). */
#include "log/server.h"

#include <stdarg.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

/* Longer lines are cut: a line must go to a pipe in one piece (PIPE_BUF). */
enum { LINE_SIZE = 4095, MESSAGE_SIZE = 2048 };

/* What a syslog server gets of one: as much as nginx has (NGX_MAX_ERROR_STR, less the newline). */
enum { SYSLOG_LINE_SIZE = 2047 };

struct error_line {
    char data[LINE_SIZE];
    size_t used;
};

const char *log_level_name(enum table_log_level level) {
    static const char *const names[] = {
        [TABLE_LOG_EMERG] = "emerg", [TABLE_LOG_ALERT] = "alert", [TABLE_LOG_CRIT] = "crit",
        [TABLE_LOG_ERROR] = "error", [TABLE_LOG_WARN] = "warn",   [TABLE_LOG_NOTICE] = "notice",
        [TABLE_LOG_INFO] = "info",   [TABLE_LOG_DEBUG] = "debug",
    };
    return names[level];
}

static void add_bytes(struct error_line *line, const char *data, size_t size) {
    size_t room = sizeof line->data - line->used;
    size_t taken = size < room ? size : room;
    memcpy(line->data + line->used, data, taken);
    line->used += taken;
}

static void add_string(struct error_line *line, const char *string) {
    add_bytes(line, string, strlen(string));
}

/* What a peer sent may not end the line, nor move a terminal's cursor. */
static void add_escaped(struct error_line *line, struct slice text) {
    static const char digits[] = "0123456789ABCDEF";
    for (size_t i = 0; i < text.size && line->used < sizeof line->data; i++) {
        unsigned char c = (unsigned char)text.data[i];
        if (c >= 0x20 && c != 0x7f) {
            line->data[line->used++] = (char)c;
        } else {
            const char escape[4] = {'\\', 'x', digits[c >> 4], digits[c & 15]};
            add_bytes(line, escape, sizeof escape);
        }
    }
}

static void add_part(struct error_line *line, const char *before, struct slice text,
                     const char *after) {
    if (text.size > 0) {
        add_string(line, before);
        add_escaped(line, text);
        add_string(line, after);
    }
}

/* Local time, made once a second. */
static const char *time_text(struct log *log) {
    time_t second = log->loop != NULL ? log->loop->clock.tv_sec : time(NULL);
    if (second != log->second || log->time_text[0] == '\0') {
        struct tm parts;
        if (localtime_r(&second, &parts) == NULL ||
            strftime(log->time_text, sizeof log->time_text, "%Y/%m/%d %H:%M:%S", &parts) == 0) {
            memcpy(log->time_text, "-", sizeof "-");
        }
        log->second = second;
    }
    return log->time_text;
}

static void begin_line(struct error_line *line, struct log *log, enum table_log_level level,
                       uint64_t connection) {
    if (log->process == 0) {
        log->process = getpid();
    }
    char head[128];
    int size = snprintf(head, sizeof head, "%s [%s] %d#%d: ", time_text(log), log_level_name(level),
                        (int)log->process, (int)log->process);
    line->used = 0;
    add_bytes(line, head, (size_t)size);
    if (connection != 0) {
        size = snprintf(head, sizeof head, "*%llu ", (unsigned long long)connection);
        add_bytes(line, head, (size_t)size);
    }
}

static void add_subject(struct error_line *line, const struct log_subject *subject) {
    add_part(line, ", client: ", subject->client, "");
    add_part(line, ", server: ", subject->server, "");
    add_part(line, ", request: \"", subject->request, "\"");
    add_part(line, ", subrequest: \"", subject->subrequest, "\"");
    add_part(line, ", upstream: \"", subject->upstream, "\"");
    add_part(line, ", host: \"", subject->host, "\"");
}

static bool is_wanted(const struct log_target *targets, uint32_t count,
                      enum table_log_level level) {
    for (uint32_t i = 0; i < count; i++) {
        if (level <= targets[i].level) {
            return true;
        }
    }
    return false;
}

/* Formats the message behind the line's beginning. */
__attribute__((format(printf, 2, 0))) static void
add_message(struct error_line *line, const char *format, va_list arguments) {
    char message[MESSAGE_SIZE];
    int size = vsnprintf(message, sizeof message, format, arguments);
    if (size < 0) {
        size = 0;
    }
    size_t taken = (size_t)size < sizeof message ? (size_t)size : sizeof message - 1;
    add_escaped(line, (struct slice){message, taken});
}

static void write_to(struct log *log, const struct log_target *target, enum table_log_level level,
                     const struct error_line *line) {
    struct slice text = {line->data, line->used};
    if (target->file->server != NULL) {
        log_server_send(log, target, level, slice_take(text, SYSLOG_LINE_SIZE));
    } else {
        log_write(log, target->file, text);
    }
}

static void write_line(struct log *log, const struct log_target *targets, uint32_t count,
                       enum table_log_level level, const struct error_line *line) {
    for (uint32_t i = 0; i < count; i++) {
        if (level <= targets[i].level) {
            write_to(log, &targets[i], level, line);
        }
    }
}

void log_error(struct log *log, const struct log_target *targets, uint32_t target_count,
               enum table_log_level level, const struct log_subject *subject, const char *format,
               ...) {
    if (!is_wanted(targets, target_count, level)) {
        return;
    }
    struct error_line line;
    begin_line(&line, log, level, subject != NULL ? subject->connection : 0);
    va_list arguments;
    va_start(arguments, format);
    add_message(&line, format, arguments);
    va_end(arguments);
    if (subject != NULL) {
        add_subject(&line, subject);
    }
    write_line(log, targets, target_count, level, &line);
}

void log_set_main(struct log *log, const struct log_target *targets, uint32_t count) {
    log->main_targets = targets;
    log->main_count = count;
}

/* To the fallback when there are no targets. */
__attribute__((format(printf, 5, 0))) static void
write_message(struct log *log, const struct log_target *targets, uint32_t count,
              enum table_log_level level, const char *format, va_list arguments) {
    const struct log_target fallback = {.file = log->fallback, .level = level};
    struct error_line line;
    if (count == 0 && log->fallback != NULL) {
        targets = &fallback;
        count = 1;
    }
    begin_line(&line, log, level, 0);
    add_message(&line, format, arguments);
    write_line(log, targets, count, level, &line);
}

void log_message(struct log *log, enum table_log_level level, const char *format, ...) {
    va_list arguments;
    va_start(arguments, format);
    write_message(log, log->main_targets, log->main_count, level, format, arguments);
    va_end(arguments);
}

/* The last of the main level's targets that is not to be told may be the only one. */
static bool has_other(const struct log *log, const struct log_file *file) {
    for (uint32_t i = 0; i < log->main_count; i++) {
        if (log->main_targets[i].file != file) {
            return true;
        }
    }
    return false;
}

void log_message_about(struct log *log, const struct log_file *file, enum table_log_level level,
                       const char *format, ...) {
    bool is_told_to_main = file != NULL && has_other(log, file);
    va_list arguments;
    for (uint32_t i = 0; is_told_to_main && i < log->main_count; i++) {
        if (log->main_targets[i].file != file) {
            va_start(arguments, format);
            write_message(log, &log->main_targets[i], 1, level, format, arguments);
            va_end(arguments);
        }
    }
    if (!is_told_to_main) {
        va_start(arguments, format);
        write_message(log, NULL, 0, level, format, arguments);
        va_end(arguments);
    }
}
