/* What an engine is made of. Inside the engine only. */
#ifndef ENGINE_STATE_H
#define ENGINE_STATE_H

#include "engine/engine.h"
#include "engine/regex.h"

struct engine {
    const struct table *table;
    struct engine_regexes regexes;
};

#endif
