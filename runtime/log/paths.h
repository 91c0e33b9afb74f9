/* The distinct log files and syslog servers that a table names, in the order of their first
 * mention. Supervisor and worker both derive this list from the table, so descriptors travel
 * between them by position. */
#ifndef LOG_PATHS_H
#define LOG_PATHS_H

#include "log/log.h"
#include "table/table.h"

struct log_paths {
    struct slice *paths; /* borrowed from the table */
    uint32_t count;
    uint32_t *error_logs;  /* by record of section error_log: position in `paths` */
    uint32_t *access_logs; /* by record of section access_log; TABLE_NONE for access_log off, and
                              where only a request makes the path */
};

/* False when there is no memory. */
__attribute__((warn_unused_result)) bool log_paths_collect(struct log_paths *paths,
                                                           const struct table *table);

void log_paths_release(struct log_paths *paths);

/* What a record of section syslog says, or TABLE_NONE; its tag is the table's. */
struct log_sender log_sender_of(const struct table *table, uint32_t syslog);

#endif
