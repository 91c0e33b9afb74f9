/* One replacement of a part of a backend's field, as proxy_redirect and proxy_cookie_... have them.
 * Inside the engine only. */
#ifndef ENGINE_REPLACEMENT_H
#define ENGINE_REPLACEMENT_H

#include "engine/engine.h"

enum engine_replaced {
    ENGINE_REPLACED_NOT, /* it does not fit */
    ENGINE_REPLACED,
    ENGINE_REPLACED_FAILED, /* no memory, or a regex beyond its limits */
};

/* Which part of `subject` a pattern that is no regex stands for; false when it does not fit. */
typedef bool engine_replacement_fit(struct slice subject, struct slice pattern, struct slice *part);

/* The subject begins with the pattern. */
engine_replacement_fit engine_replacement_begins;

/* Applies one that is not "default". What a regex matches is replaced as a whole. */
enum engine_replaced engine_replace(struct engine_request *request,
                                    const struct table_replacement *replacement,
                                    engine_replacement_fit *fit, struct slice *subject);

/* As for rewrites: the captures, and the slots of named groups, are the request's from then on. */
enum engine_replaced engine_replacement_match(struct engine_request *request, uint32_t regex,
                                              struct slice subject);

#endif
