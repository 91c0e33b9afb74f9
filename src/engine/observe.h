/* Telling an observer what happens, and the error log what went wrong. Inside the engine only. */
#ifndef ENGINE_OBSERVE_H
#define ENGINE_OBSERVE_H

#include "engine/engine.h"

/* Costs nothing but a look when nobody listens. */
static inline void engine_tell(const struct engine_request *request, struct engine_event event) {
    if (request->observer != NULL) {
        request->observer->event(request->observer_owner, &event);
    }
}

/* A line for the error log. */
__attribute__((format(printf, 3, 4))) void engine_note(const struct engine_request *request,
                                                       enum table_log_level level,
                                                       const char *format, ...);

#endif
