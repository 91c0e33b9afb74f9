/* Hash slots over keys: those of name indexes and of maps. */
#include "emit/emitter.h"

/* Half as many slots again as there are keys: a key is on average in the second slot looked at.
 * Zero when there are none. */
static uint32_t choose_slot_count(uint64_t keys) {
    uint64_t count = keys + (keys + 1) / 2;
    return count < TABLE_NONE ? (uint32_t)count : TABLE_NONE;
}

void hash_slots_begin(struct hash_slots *slots, struct emitter *emitter, uint64_t keys) {
    *slots = (struct hash_slots){.emitter = emitter, .count = choose_slot_count(keys)};
    size_t size = (slots->count + (size_t)1) * sizeof *slots->items;
    slots->items = arena_require(&emitter->scratch, size);
    for (uint32_t i = 0; i < slots->count; i++) {
        slots->items[i].target = TABLE_NONE;
    }
}

void hash_slots_put(struct hash_slots *slots, struct slice key, enum table_name_kind kind,
                    uint32_t target) {
    uint64_t hash = slice_hash(key);
    struct table_string text = emit_string(slots->emitter, key);
    uint32_t i = table_hash_home(hash, slots->count);
    while (slots->items[i].target != TABLE_NONE) {
        /* Equal strings are stored once, so their offsets tell. */
        if (slots->items[i].kind == (uint32_t)kind && slots->items[i].key.offset == text.offset &&
            slots->items[i].key.length == text.length) {
            return;
        }
        i = table_hash_next(i, slots->count);
    }
    slots->items[i] = (struct table_hash_slot){hash, text, kind, target};
    slots->has[kind] = true;
}

struct table_range hash_slots_emit(const struct hash_slots *slots, enum table_section section) {
    struct table_range range = {emit_next(slots->emitter, section), slots->count};
    for (uint32_t i = 0; i < slots->count; i++) {
        emit_append(slots->emitter, section, &slots->items[i]);
    }
    return range;
}
