/* Messages of a process about itself. */
#include "reporter.h"

#include <stdarg.h>
#include <stdio.h>

void reporter_say(const struct reporter *reporter, enum table_log_level level, const char *format,
                  ...) {
    char message[2048];
    va_list arguments;
    va_start(arguments, format);
    vsnprintf(message, sizeof message, format, arguments);
    va_end(arguments);
    if (reporter->target_count > 0) {
        log_error(reporter->log, reporter->targets, reporter->target_count, level, NULL, "%s",
                  message);
    } else {
        log_message(reporter->log, level, "%s", message);
    }
}
