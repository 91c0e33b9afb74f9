/* map: the value that the text of the subject leads to. */
#include "engine/hash_slot.h"
#include "engine/program.h"
#include "engine/slot.h"
#include "engine/state.h"

/* Texts up to this size are made lower case without asking the arena. */
enum { SHORT_TEXT = 256 };

static bool is_lower_case(struct slice text) {
    size_t i = 0;
    while (i < text.size && byte_lower(text.data[i]) == text.data[i]) {
        i++;
    }
    return i == text.size;
}

/* The text in lower case: as it is if it has no upper-case letter, else a copy in `buffer` or the
 * arena. False without memory. */
static bool make_lower(struct engine_request *request, char buffer[SHORT_TEXT],
                       struct slice *text) {
    if (is_lower_case(*text)) {
        return true;
    }
    char *lower = buffer;
    if (text->size > SHORT_TEXT) {
        lower = arena_allocate_bytes(request->arena, text->size);
        if (lower == NULL) {
            return false;
        }
    }
    for (size_t i = 0; i < text->size; i++) {
        lower[i] = byte_lower(text->data[i]);
    }
    text->data = lower;
    return true;
}

static bool find_by_key(struct engine_request *request, const struct table_map *map,
                        struct slice subject, uint32_t *program) {
    const struct table *table = request->engine->table;
    const struct engine_keys keys = {.table = table,
                                     .slots = table_map_slots(table, map),
                                     .has_leading = map->has_leading != 0,
                                     .has_trailing = map->has_trailing != 0};
    char buffer[SHORT_TEXT];
    if (keys.slots.count == 0) {
        return true;
    }
    if (!make_lower(request, buffer, &subject)) {
        return false;
    }
    uint64_t effort = subject.size;
    *program = engine_find_key(&keys, subject, &effort);
    return engine_spend(request, effort);
}

/* In order; none is asked about an empty text. */
static bool find_by_regex(struct engine_request *request, const struct table_map *map,
                          struct slice subject, uint32_t *program) {
    struct engine *engine = request->engine;
    for (uint32_t i = 0; i < map->regexes.count && subject.size > 0; i++) {
        const struct table_map_regex *regex = &engine->table->map_regex[map->regexes.first + i];
        if (!engine_spend(request, ENGINE_REGEX_EFFORT + subject.size)) {
            return false;
        }
        switch (engine_regex_match(&engine->regexes, request, regex->regex, subject)) {
        case ENGINE_REGEX_MATCHED:
            *program = regex->value;
            return true;
        case ENGINE_REGEX_UNMATCHED:
            break;
        case ENGINE_REGEX_FAILED:
            return false;
        }
    }
    return true;
}

/* False without memory, or when a regex failed: like any other it ends the request then, and no
 * other value is taken for what it was to find. */
static bool find(struct engine_request *request, const struct table_map *map, struct slice subject,
                 uint32_t *program) {
    *program = TABLE_NONE;
    if (!find_by_key(request, map, subject, program)) {
        return false;
    }
    if (*program == TABLE_NONE && !find_by_regex(request, map, subject, program)) {
        return false;
    }
    if (*program == TABLE_NONE) {
        *program = map->otherwise;
    }
    return true;
}

enum engine_value engine_map_value(struct engine_request *request, const struct table_slot *slot,
                                   struct slice *value) {
    const struct table_map *map = &request->engine->table->map[slot->map];
    struct slice subject;
    uint32_t program;
    if (!engine_run_template(request, map->subject, &subject)) {
        return ENGINE_VALUE_NO_MEMORY;
    }
    if (map->hostnames && slice_ends_with(subject, SLICE("."))) {
        subject.size--;
    }
    if (!find(request, map, subject, &program) || !engine_run_template(request, program, value)) {
        return ENGINE_VALUE_NO_MEMORY;
    }
    engine_slot_tell(request, slot, subject, *value);
    return ENGINE_VALUE_FOUND;
}
