/* Where a process tells what happens to it: the main level's error logs, or the fallback when there
 * are none. */
#ifndef REPORTER_H
#define REPORTER_H

#include "log/log.h"

struct reporter {
    struct log *log;
    const struct log_target *targets;
    uint32_t target_count;
};

__attribute__((format(printf, 3, 4))) void
reporter_say(const struct reporter *reporter, enum table_log_level level, const char *format, ...);

#endif
