/* What others in the engine need of request targets. */
#ifndef ENGINE_PATH_H
#define ENGINE_PATH_H

#include "engine/engine.h"

/* -1: no hexadecimal digit. */
static inline int engine_hex_value(char c) {
    if (c >= '0' && c <= '9') {
        return c - '0';
    }
    c = byte_lower(c);
    return c >= 'a' && c <= 'f' ? c - 'a' + 10 : -1;
}

/* Splits an absolute-form target behind its scheme: `authority`, which is not empty, and `rest`,
 * empty or beginning with '/' or '?'. False when the target has another form. */
bool engine_split_absolute(struct slice target, struct slice *authority, struct slice *rest);

#endif
