/* Log files as a worker sees them: descriptors that the supervisor opened, and lines collected
 * during a turn of the loop and written at its end, one write per file, never interleaved within a
 * line. What a line says is decided elsewhere. */
#ifndef LOG_LOG_H
#define LOG_LOG_H

#include "base/slice.h"
#include "loop/loop.h"
#include "table/layout.h"

#include <sys/types.h>

struct log_file; /* one open file; several logs of the configuration may share it */

struct log_buffer;

struct log_target;

enum { LOG_HOST_NAME_SIZE = 256 };

/* The files of one process. log/file.h has its beginning and end. */
struct log {
    struct loop *loop;       /* NULL in the supervisor: lines are written at once */
    struct log_file **slots; /* files by the hash of their path */
    size_t slot_count;       /* a power of two, or 0 */
    size_t file_count;
    struct log_file *fallback; /* for errors before and beside any configuration: standard error or
                                  rpcd -e FILE */
    const struct log_target *main_targets; /* the main level's error logs, borrowed */
    uint32_t main_count;
    struct loop_task flush;
    struct log_file *pending; /* files that have lines of this turn */
    struct log_buffer *spare; /* buffers for the next lines, a few */
    uint32_t spare_count;
    pid_t process;
    time_t second; /* whose text is time_text */
    char time_text[32];
    time_t syslog_second; /* whose text is syslog_time */
    char syslog_time[32];
    char host_name[LOG_HOST_NAME_SIZE]; /* in lower case, as nginx names itself to syslog servers */
};

/* Adds `line` (a newline is appended) to the file's lines of this turn. When memory or disk is
 * exhausted the line is dropped and the loss reported once a minute on the fallback. */
void log_write(struct log *log, struct log_file *file, struct slice line);

/* The same for a line of an access log: it goes to a syslog server with the target's level as its
 * severity, and may wait for others where the file holds lines back; see log_file_hold. */
void log_hold(struct log *log, const struct log_target *target, struct slice line);

/* Writes what was collected. */
void log_flush(struct log *log);

/* Who an error line is about; any part may be empty. */
struct log_subject {
    uint64_t connection; /* 0: none; printed as *N */
    struct slice client;
    struct slice server;
    struct slice request;
    struct slice subrequest; /* its path */
    struct slice upstream;
    struct slice host;
};

/* How a log introduces itself to a syslog server. */
struct log_sender {
    uint32_t facility;
    bool hides_host;
    struct slice tag; /* borrowed */
};

/* A place lines go to. */
struct log_target {
    struct log_file *file;
    enum table_log_level level; /* of an error log: less severe lines are dropped */
    struct log_sender sender;   /* where the file is a syslog server */
};

/* One line in nginx's format to every target that wants the level:
 *     2026/01/31 23:59:59 [error] 123#123: *7 message, client: …, server: …, request: "…", host:
 * "…" Control characters in the message and the subject are escaped as \xHH. */
__attribute__((format(printf, 6, 7))) void
log_error(struct log *log, const struct log_target *targets, uint32_t target_count,
          enum table_log_level level, const struct log_subject *subject, const char *format, ...);

/* The same about the process: to the main level's error logs, or to the fallback when there are
 * none. */
__attribute__((format(printf, 3, 4))) void log_message(struct log *log, enum table_log_level level,
                                                       const char *format, ...);

/* The same about a log: a syslog server `file` is told of to the others, or to the fallback when
 * there are none; a file, NULL, to the fallback only. */
__attribute__((format(printf, 4, 5))) void log_message_about(struct log *log,
                                                             const struct log_file *file,
                                                             enum table_log_level level,
                                                             const char *format, ...);

/* The main level's error logs from now on; they must stay until others, or NULL, are set. */
void log_set_main(struct log *log, const struct log_target *targets, uint32_t count);

/* "error", "warn", … */
const char *log_level_name(enum table_log_level level);

#endif
