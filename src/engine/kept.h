/* Values of built-in variables that are worked out once for a request, as in nginx, whatever
 * becomes of the request afterwards. Inside the engine only. */
#ifndef ENGINE_KEPT_H
#define ENGINE_KEPT_H

#include "engine/variable.h"

enum engine_kept_id {
    ENGINE_KEPT_INVALID_REFERER,
    ENGINE_KEPT_SECURE_LINK,
    ENGINE_KEPT_SECURE_LINK_EXPIRES,
    ENGINE_KEPT_COUNT,
};

struct engine_kept_value {
    bool is_known;
    enum engine_value result;
    struct slice value;
};

/* Of one request, in its arena. */
struct engine_kept {
    struct engine_kept_value values[ENGINE_KEPT_COUNT];
    struct slice expires; /* of the link that was looked at last; no data: there was none */
};

/* The value that is kept, or else that of `getter`, which is kept from now on. */
enum engine_value engine_keep(struct engine_request *request, enum engine_kept_id id,
                              engine_getter *getter, struct slice *value);

/* An internal redirect: as in nginx values of variables are kept, but no more. */
static inline void engine_kept_redirect(struct engine_request *request) {
    if (request->kept != NULL) {
        request->kept->expires = (struct slice){NULL, 0};
    }
}

#endif
