/* Slots: the variables that the configuration defines, and what gives them a value before anything
 * has set them. */
#include "emit/emitter.h"
#include "model/mapping.h"

static const enum table_slot_source sources[] = {
    [DEFINED_BY_SET] = TABLE_SLOT_SET,     [DEFINED_BY_CAPTURE] = TABLE_SLOT_CAPTURE,
    [DEFINED_BY_MAP] = TABLE_SLOT_MAP,     [DEFINED_BY_GEO] = TABLE_SLOT_GEO,
    [DEFINED_BY_SPLIT] = TABLE_SLOT_SPLIT, [DEFINED_ELSEWHERE] = TABLE_SLOT_SET,
    [DEFINED_BY_REPLY] = TABLE_SLOT_REPLY,
};

static bool is_weak(const struct variable_definition *definition) {
    enum table_slot_source source = sources[definition->kind];
    return source == TABLE_SLOT_SET || source == TABLE_SLOT_REPLY;
}

/* nginx lets the last one define what a variable is that nothing has set; `set` and
 * auth_request_set only if there is no other, and of these the first. */
static const struct variable_definition *choose(const struct config_variable *variable) {
    const struct variable_definition *chosen = NULL;
    for (size_t i = 0; i < variable->definitions.count; i++) {
        const struct variable_definition *next = &variable->definitions.items[i];
        if (chosen == NULL || !is_weak(next)) {
            chosen = next;
        }
    }
    return chosen;
}

/* nginx notes it at the variable: another definition does not take it back. */
static bool is_volatile(const struct config_variable *variable) {
    for (size_t i = 0; i < variable->definitions.count; i++) {
        const struct variable_definition *definition = &variable->definitions.items[i];
        if ((definition->map != NULL && definition->map->is_volatile) ||
            (definition->geo != NULL && definition->geo->is_volatile)) {
            return true;
        }
    }
    return false;
}

static void emit_slot(struct emitter *emitter, const struct config_variable *variable) {
    struct table_slot slot = {
        .name = emit_string(emitter, variable->name),
        .source = TABLE_SLOT_SET,
        .map = TABLE_NONE,
        .geo = TABLE_NONE,
        .split = TABLE_NONE,
    };
    const struct variable_definition *definition = choose(variable);
    if (definition != NULL) {
        slot.source = sources[definition->kind];
    }
    if (slot.source == TABLE_SLOT_MAP) {
        slot.map = emit_map(emitter, definition->map, is_volatile(variable));
    } else if (slot.source == TABLE_SLOT_GEO) {
        slot.geo = emit_geo(emitter, definition->geo, is_volatile(variable));
    } else if (slot.source == TABLE_SLOT_SPLIT) {
        slot.split = emit_split(emitter, definition->split);
    }
    emit_append(emitter, TABLE_SECTION_slot, &slot);
}

/* The record's number is the variable's slot. */
void emit_slots(struct emitter *emitter) {
    for (size_t i = 0; i < emitter->model->variables.count; i++) {
        emit_slot(emitter, emitter->model->variables.items[i]);
        arena_reset(&emitter->scratch);
    }
}
