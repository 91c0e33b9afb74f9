/* Variables that the configuration defines: what they hold, and what they are worth before anything
 * has set them. */
#include "engine/slot.h"

#include "engine/observe.h"
#include "engine/program.h"
#include "engine/state.h"

static enum engine_value empty_value(struct engine_request *request, const struct table_slot *slot,
                                     struct slice *value) {
    (void)request;
    (void)slot;
    *value = SLICE("");
    return ENGINE_VALUE_FOUND;
}

static enum engine_value no_value(struct engine_request *request, const struct table_slot *slot,
                                  struct slice *value) {
    (void)request;
    (void)slot;
    (void)value;
    return ENGINE_VALUE_NONE;
}

/* By enum table_slot_source. nginx tells variables apart by what defines them: one that a named
 * group or an auth_request_set would have set has no value before that, one that `set` would have
 * set is empty. Logs show the difference. */
static engine_source *const sources[TABLE_slot_source_COUNT] = {
    [TABLE_SLOT_SET] = empty_value,          [TABLE_SLOT_CAPTURE] = no_value,
    [TABLE_SLOT_MAP] = engine_map_value,     [TABLE_SLOT_GEO] = engine_geo_value,
    [TABLE_SLOT_SPLIT] = engine_split_value, [TABLE_SLOT_REPLY] = no_value,
};

void engine_slot_tell(const struct engine_request *request, const struct table_slot *slot,
                      struct slice subject, struct slice value) {
    ENGINE_TELL(request, (struct engine_event){
                             .kind = ENGINE_EVENT_VARIABLE,
                             .record = (uint32_t)(slot - request->engine->table->slot),
                             .subject = subject,
                             .value = value,
                         });
}

static bool is_volatile(const struct table *table, const struct table_slot *slot) {
    switch ((enum table_slot_source)slot->source) {
    case TABLE_SLOT_MAP:
        return table->map[slot->map].is_volatile != 0;
    case TABLE_SLOT_GEO:
        return table->geo[slot->geo].is_volatile != 0;
    case TABLE_SLOT_SET:
    case TABLE_SLOT_CAPTURE:
    case TABLE_SLOT_SPLIT:
    case TABLE_SLOT_REPLY:
        break;
    }
    return false;
}

/* As in nginx there is no value then. Volatile variables that need each other more than once would
 * come here without end, so that a request may come here some times only. */
static enum engine_value end_cycle(struct engine_request *request, const struct table_slot *slot) {
    enum { CYCLES = 100 };
    struct slice name = table_text(request->engine->table, slot->name);
    engine_note(request, TABLE_LOG_ERROR, "cycle while evaluating variable \"%.*s\"",
                SLICE_ARGS(name));
    return engine_spend(request, ENGINE_EFFORT_LIMIT / CYCLES) ? ENGINE_VALUE_NONE
                                                               : ENGINE_VALUE_NO_MEMORY;
}

/* A value that is worked out once stays for the exchange, unless it is volatile. */
static enum engine_value compute(struct engine_request *request, const struct table_slot *slot,
                                 struct slice *value) {
    const struct table *table = request->engine->table;
    if (request->depth >= ENGINE_DEPTH_LIMIT) {
        return end_cycle(request, slot);
    }
    request->depth++;
    enum engine_value result = sources[slot->source](request, slot, value);
    request->depth--;
    if (result == ENGINE_VALUE_FOUND && !is_volatile(table, slot)) {
        if (value->data == NULL) {
            value->data = "";
        }
        request->slots[slot - table->slot] = *value;
    }
    return result;
}

enum engine_value engine_slot_value(struct engine_request *request, uint32_t index,
                                    struct slice *value) {
    const struct table_slot *slot = &request->engine->table->slot[index];
    if (request->slots == NULL) {
        return ENGINE_VALUE_NO_MEMORY; /* as engine_request_prepare has said */
    }
    *value = request->slots[index];
    if (value->data != NULL) {
        return ENGINE_VALUE_FOUND;
    }
    if (slot->source == TABLE_SLOT_SET || slot->source == TABLE_SLOT_CAPTURE ||
        slot->source == TABLE_SLOT_REPLY) {
        return sources[slot->source](request, slot, value);
    }
    return compute(request, slot, value);
}
