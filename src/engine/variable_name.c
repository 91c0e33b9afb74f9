/* Variables by name, for those who ask about a finished decision. Programs refer to them by number.
 */
#include "engine/slot.h"
#include "engine/state.h"

/* The forms of grammar/variables.def. */
enum name_form { PLAIN, PREFIX };

static const struct {
    struct slice name;
    enum name_form form;
} names[TABLE_variable_id_COUNT] = {
#define VARIABLE(id, name, form, provider, control, characters, help)                              \
    [VARIABLE_##id] = {SLICE_INIT(name), form},
#include "variables.def"
#undef VARIABLE
};

static uint32_t find_slot(const struct table *table, struct slice name) {
    for (uint32_t i = 0; i < table->slot_count; i++) {
        if (slice_equals_nocase(table_text(table, table->slot[i].name), name)) {
            return i;
        }
    }
    return TABLE_NONE;
}

/* TABLE_variable_id_COUNT when there is none. A plain name goes before a prefix of it. */
static enum variable_id find_builtin(struct slice name, struct slice *suffix) {
    enum variable_id found = TABLE_variable_id_COUNT;
    for (enum variable_id id = 0; id < TABLE_variable_id_COUNT; id++) {
        struct slice own = names[id].name;
        if (names[id].form == PLAIN && slice_equals_nocase(own, name)) {
            *suffix = SLICE("");
            return id;
        }
        if (names[id].form == PREFIX && name.size > own.size &&
            slice_starts_with_nocase(name, own)) {
            *suffix = slice_skip(name, own.size);
            found = id;
        }
    }
    return found;
}

bool engine_variable_exists(const struct table *table, struct slice name) {
    struct slice suffix;
    return find_slot(table, name) != TABLE_NONE ||
           find_builtin(name, &suffix) != TABLE_variable_id_COUNT;
}

bool engine_variable_by_name(struct engine_request *request, struct slice name,
                             struct slice *value) {
    struct slice suffix;
    uint32_t slot = find_slot(request->engine->table, name);
    if (slot != TABLE_NONE) {
        return engine_slot_value(request, slot, value) == ENGINE_VALUE_FOUND;
    }
    enum variable_id id = find_builtin(name, &suffix);
    return id != TABLE_variable_id_COUNT &&
           engine_variable_find(request, id, suffix, value) == ENGINE_VALUE_FOUND;
}
