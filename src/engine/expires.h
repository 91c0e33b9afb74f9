/* What `expires` adds to an answer. */
#ifndef ENGINE_EXPIRES_H
#define ENGINE_EXPIRES_H

#include "engine/engine.h"
#include "engine/http_date.h"

enum { ENGINE_NOT_MODIFIED = -1 /* an answer without a time of its own */ };

/* Values of Expires and Cache-Control; no data: neither is sent. */
struct engine_expires {
    struct slice expires;
    struct slice cache_control;
    char date[HTTP_DATE_SIZE];
    char control[48];
};

/* What the settings in effect say of an answer of that status, that is sent at `now` and whose
 * content is of `modified`, both in seconds since 1970. False without memory. */
__attribute__((warn_unused_result)) bool engine_make_expires(struct engine_request *request,
                                                             uint32_t status, int64_t now,
                                                             int64_t modified,
                                                             struct engine_expires *expires);

#endif
