/* Lines for the error log, worded by the engine, written by its caller. */
#include "engine/observe.h"

#include <stdarg.h>
#include <stdio.h>

void engine_note(const struct engine_request *request, enum table_log_level level,
                 const char *format, ...) {
    if (request->live == NULL || request->live->note == NULL) {
        return;
    }
    char message[512];
    va_list arguments;
    va_start(arguments, format);
    vsnprintf(message, sizeof message, format, arguments);
    va_end(arguments);
    request->live->note(request->live_owner, level, message);
}
