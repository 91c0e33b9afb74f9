/* An engine's life, and what a request needs before anything is decided about it. */
#include "engine/engine.h"

#include "engine/state.h"

#include <stdlib.h>

struct engine *engine_create(const struct table *table) {
    struct engine *engine = calloc(1, sizeof *engine);
    if (engine == NULL) {
        return NULL;
    }
    engine->table = table;
    if (!engine_regexes_init(&engine->regexes, table)) {
        engine_destroy(engine);
        return NULL;
    }
    return engine;
}

void engine_destroy(struct engine *engine) {
    if (engine == NULL) {
        return;
    }
    engine_regexes_release(&engine->regexes);
    free(engine);
}

const struct table *engine_table(const struct engine *engine) {
    return engine->table;
}

bool engine_request_prepare(struct engine_request *request) {
    uint32_t count = request->engine->table->slot_count;
    if (count == 0) {
        return true;
    }
    request->slots = arena_allocate(request->arena, count * sizeof *request->slots);
    return request->slots != NULL;
}
