/* An engine's life, and what a request needs before anything is decided about it. */
#include "engine/engine.h"

#include "engine/state.h"

#include <stdlib.h>

/* nginx tells variables apart by what defines them: one that a named group would have set has no
 * value before the match, one that `set` would have set is empty. Logs show the difference. */
static bool mark_capture_slots(struct engine *engine, const struct table *table) {
    if (table->capture_name_count == 0) {
        return true;
    }
    engine->capture_slots = calloc(table->slot_count, sizeof *engine->capture_slots);
    if (engine->capture_slots == NULL) {
        return false;
    }
    for (uint32_t i = 0; i < table->capture_name_count; i++) {
        engine->capture_slots[table->capture_name[i].slot] = true;
    }
    return true;
}

struct engine *engine_create(const struct table *table) {
    struct engine *engine = calloc(1, sizeof *engine);
    if (engine == NULL) {
        return NULL;
    }
    engine->table = table;
    if (!engine_regexes_init(&engine->regexes, table) || !mark_capture_slots(engine, table)) {
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
    free(engine->capture_slots);
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
