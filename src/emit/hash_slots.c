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

/* The slot that has the key, or the free one that would get it. Equal strings are stored once, so
 * their offsets tell. */
static struct table_hash_slot *find(const struct hash_slots *slots,
                                    const struct table_hash_slot *key) {
    uint32_t i = table_hash_home(key->hash, slots->count);
    while (slots->items[i].target != TABLE_NONE &&
           (slots->items[i].kind != key->kind || slots->items[i].key.offset != key->key.offset ||
            slots->items[i].key.length != key->key.length)) {
        i = table_hash_next(i, slots->count);
    }
    return &slots->items[i];
}

uint32_t hash_slots_find(const struct hash_slots *slots, struct slice key,
                         enum table_name_kind kind) {
    struct table_hash_slot wanted = {slice_hash(key), emit_string(slots->emitter, key), kind,
                                     TABLE_NONE};
    return find(slots, &wanted)->target;
}

void hash_slots_put(struct hash_slots *slots, struct slice key, enum table_name_kind kind,
                    uint32_t target) {
    struct table_hash_slot wanted = {slice_hash(key), emit_string(slots->emitter, key), kind,
                                     target};
    struct table_hash_slot *slot = find(slots, &wanted);
    if (slot->target == TABLE_NONE) {
        *slot = wanted;
        slots->has[kind] = true;
    }
}

struct table_range hash_slots_emit(const struct hash_slots *slots, enum table_section section) {
    struct table_range range = {emit_next(slots->emitter, section), slots->count};
    for (uint32_t i = 0; i < slots->count; i++) {
        emit_append(slots->emitter, section, &slots->items[i]);
    }
    return range;
}

struct table_range hash_slots_share(const struct hash_slots *slots, enum table_section section) {
    return slots->count == 0
               ? (struct table_range){0, 0}
               : table_writer_intern(&slots->emitter->writer, section, slots->items, slots->count);
}
