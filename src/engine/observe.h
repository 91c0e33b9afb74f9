/* Telling an observer what happens, and the error log what went wrong. Inside the engine only. */
#ifndef ENGINE_OBSERVE_H
#define ENGINE_OBSERVE_H

#include "engine/engine.h"

/* ENGINE_TELL(request, (struct engine_event){...}): nothing of it is evaluated, and it costs but a
 * look, when nobody listens. A macro, since a function's argument would be made in any case. */
#define ENGINE_TELL(request, ...)                                                                  \
    ((request)->observer != NULL                                                                   \
         ? (request)->observer->event((request)->observer_owner, &__VA_ARGS__)                     \
         : (void)0)

/* A line for the error log. */
__attribute__((format(printf, 3, 4))) void engine_note(const struct engine_request *request,
                                                       enum table_log_level level,
                                                       const char *format, ...);

#endif
