/* Open log files: opening them, which the supervisor does, and adopting their descriptors, which
 * every process does. What others need of lines is in log.h. */
#ifndef LOG_FILE_H
#define LOG_FILE_H

#include "log/log.h"

/* A buffer of lines; `next` while it is spare. */
struct log_buffer {
    struct log_buffer *next;
    uint32_t used;
    char data[32768 - 16];
};

/* Lines that wait for more of them. */
struct log_hold {
    size_t used;
    char data[]; /* of the rule's size */
};

/* How a file holds lines back. */
struct log_hold_rule {
    size_t size;          /* bytes of lines; 0: they are not held back */
    uint64_t flush_after; /* milliseconds; 0: they wait until there are enough */
    uint32_t gzip_level;  /* of what is written, 1 to 9; 0: as it is */
};

struct log_server; /* log/server.c */

struct log_file {
    struct log_file *next;         /* of those with the same slot */
    struct log_file *next_pending; /* in log->pending */
    char *path;                    /* as the configuration names it */
    uint64_t hash;                 /* of the path */
    int descriptor;                /* of a server: its socket, -1 until it is needed */
    struct log_server *server;     /* of syslog; NULL: a file */
    uint32_t references;
    uint32_t write_size; /* most bytes of several lines in one write */
    bool is_pending;
    bool is_torn;              /* the last line was cut short by an error */
    struct log_buffer *buffer; /* lines of this turn; NULL when there are none */
    uint64_t lost;             /* lines, since they were last reported */
    uint64_t reported_at;      /* monotonic milliseconds; 0: never */
    struct log *log;           /* set with hold_rule or server */
    struct log_hold_rule hold_rule;
    struct log_hold *hold;   /* NULL until there was something */
    struct timer hold_timer; /* of a server: for messages that it had no room for */
};

/* `loop` may be NULL; see struct log. There is no fallback yet. */
void log_init(struct log *log, struct loop *loop);

/* Writes what was collected and closes all files. */
void log_destroy(struct log *log);

/* The descriptor of this process that the path stands for ("stderr", /dev/stderr, /dev/stdout), or
 * -1. */
int log_own_descriptor(struct slice path);

/* Opens a file for appending, made if need be; for one of this process's own descriptors a
 * duplicate, whatever it is. Returns -1 with errno set on failure. */
int log_descriptor_open(const char *path);

/* The file of that path with a reference added; a file that is open already goes on with the new
 * descriptor. The descriptor passes to the log, also on failure: NULL without memory. */
struct log_file *log_file_adopt(struct log *log, struct slice path, int descriptor);

/* Goes on with the new descriptor, which passes to the log. */
void log_file_reopen(struct log *log, struct log_file *file, int descriptor);

/* From now on log_hold keeps lines back by the rule, or does not. */
void log_file_hold(struct log *log, struct log_file *file, const struct log_hold_rule *rule);

/* Writes what is held back. */
void log_file_flush_held(struct log *log, struct log_file *file);

/* The same before the file is closed. */
void log_file_release_held(struct log *log, struct log_file *file);

/* Whole lines out, at once; for lines that were collected. */
void log_file_write_lines(struct log *log, struct log_file *file, struct slice lines);

/* The same as a member of a gzip file (RFC 1952 2.2), whole by itself. The lines are lost when
 * there is no memory to compress them. */
void log_file_write_gzip(struct log *log, struct log_file *file, struct slice lines,
                         uint32_t level);

/* Counts lines as lost, and says so now and then. `error` is 0 when there is no reason. */
void log_file_lose(struct log *log, struct log_file *file, uint64_t count, int error);

uint64_t log_count_lines(struct slice text);

/* Room for `size` bytes behind what is collected for the file in this turn, which is written before
 * if need be; NULL where there is none. What is put there counts with log_file_commit. */
char *log_file_reserve(struct log *log, struct log_file *file, size_t size);
void log_file_commit(struct log *log, struct log_file *file, size_t size);

/* Writes the file's lines of this turn and gives their buffer back. */
void log_file_flush(struct log *log, struct log_file *file);

/* Gives a reference back; the last one closes the file. */
void log_file_release(struct log *log, struct log_file *file);

/* Makes the descriptor, which passes to the log, that of the fallback, which is created if need be.
 * False without memory. */
__attribute__((warn_unused_result)) bool log_adopt_fallback(struct log *log, int descriptor);

#endif
