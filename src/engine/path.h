/* What others in the engine need of request targets. */
#ifndef ENGINE_PATH_H
#define ENGINE_PATH_H

#include "engine/engine.h"

/* Splits an absolute-form target behind its scheme: `authority`, which is not empty, and `rest`,
 * empty or beginning with '/' or '?'. False when the target has another form. */
bool engine_split_absolute(struct slice target, struct slice *authority, struct slice *rest);

#endif
