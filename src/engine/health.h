/* Whether an answer to a health check is as its match block wants it. Pure functions over the
 * table. */
#ifndef ENGINE_HEALTH_H
#define ENGINE_HEALTH_H

#include "engine/engine.h"

/* What was looked at last: at fault when the answer is refused. */
enum engine_health_part { ENGINE_HEALTH_STATUS, ENGINE_HEALTH_HEADER, ENGINE_HEALTH_BODY };

/* How much of a body is looked at, as in nginx. */
enum { ENGINE_HEALTH_BODY_LIMIT = 256 * 1024 };

struct engine_health_answer {
    uint32_t status;
    const struct engine_header *headers;
    uint32_t header_count;
    struct slice body;
};

/* Status and header fields. */
bool engine_health_accepts_head(struct engine *engine, const struct table_health_check *check,
                                const struct engine_health_answer *answer,
                                enum engine_health_part *part);

/* Whether there is more to look at than the head. */
bool engine_health_needs_body(const struct engine *engine, const struct table_health_check *check);

bool engine_health_accepts_body(struct engine *engine, const struct table_health_check *check,
                                const struct engine_health_answer *answer,
                                enum engine_health_part *part);

#endif
