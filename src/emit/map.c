/* Maps: hash slots over their keys, then their regexes in order. */
#include "emit/emitter.h"
#include "model/mapping.h"

static void put_keys(struct hash_slots *slots, const struct map_definition *map) {
    for (size_t i = 0; i < map->keys.count; i++) {
        const struct map_key *key = &map->keys.items[i];
        hash_slots_put(slots, key->text, key->kind, emit_template(slots->emitter, &key->value));
    }
}

static struct table_range emit_expressions(struct emitter *emitter,
                                           const struct map_definition *map) {
    struct table_range range = {emit_next(emitter, TABLE_SECTION_map_regex),
                                (uint32_t)map->expressions.count};
    for (size_t i = 0; i < map->expressions.count; i++) {
        const struct map_expression *expression = &map->expressions.items[i];
        struct table_map_regex record = {
            .regex = emit_regex(emitter, expression->regex),
            .value = emit_template(emitter, &expression->value),
        };
        emit_append(emitter, TABLE_SECTION_map_regex, &record);
    }
    return range;
}

uint32_t emit_map(struct emitter *emitter, const struct map_definition *map, bool is_volatile) {
    struct hash_slots slots;
    hash_slots_begin(&slots, emitter, map->keys.count);
    put_keys(&slots, map);
    struct table_map record = {
        .subject = emit_template(emitter, &map->subject),
        .hostnames = map->hostnames,
        .is_volatile = is_volatile,
        .slots = hash_slots_emit(&slots, TABLE_SECTION_map_slot),
        .has_leading = slots.has[TABLE_NAME_LEADING],
        .has_trailing = slots.has[TABLE_NAME_TRAILING],
        .regexes = emit_expressions(emitter, map),
        .otherwise = emit_template(emitter, &map->otherwise),
        .place = emit_place(emitter, map->statement),
    };
    return emit_append(emitter, TABLE_SECTION_map, &record);
}
