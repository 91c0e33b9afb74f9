/* Hash slots over keys: exact ones and wildcards. */
#include "engine/hash_slot.h"

/* No key is longer (see TABLE_NAME_LIMIT), so no longer part of a text is looked for: the work for
 * one that is all dots stays small. */
enum { LONGEST_KEY = 4096 };

enum { SLOT_EFFORT = 16, HASHED_AT_A_TIME = 16 };

static uint32_t find_kind(const struct engine_keys *keys, struct slice key,
                          enum table_name_kind kind, uint64_t *effort) {
    const struct table_hash_slot *slots = keys->slots.items;
    uint32_t count = keys->slots.count;
    uint64_t hash = slice_hash(key);
    *effort += SLOT_EFFORT + key.size / HASHED_AT_A_TIME;
    for (uint32_t i = table_hash_home(hash, count); slots[i].target != TABLE_NONE;
         i = table_hash_next(i, count)) {
        *effort += SLOT_EFFORT;
        if (slots[i].hash == hash && slots[i].kind == (uint32_t)kind &&
            slice_equals(table_text(keys->table, slots[i].key), key)) {
            return i;
        }
    }
    return TABLE_NONE;
}

/* *.example.com, whose key is ".example.com": the parts of the text from each dot on. */
static uint32_t find_leading(const struct engine_keys *keys, struct slice text, uint64_t *effort) {
    uint32_t slot = TABLE_NONE;
    size_t begin = text.size > LONGEST_KEY ? text.size - LONGEST_KEY : 0;
    for (size_t dot = begin + slice_find_byte(slice_skip(text, begin), '.');
         dot < text.size && slot == TABLE_NONE;
         dot += 1 + slice_find_byte(slice_skip(text, dot + 1), '.')) {
        slot = find_kind(keys, slice_skip(text, dot), TABLE_NAME_LEADING, effort);
    }
    return slot;
}

/* www.*, whose key is "www.": the parts of the text up to each dot. */
static uint32_t find_trailing(const struct engine_keys *keys, struct slice text, uint64_t *effort) {
    for (size_t end = slice_take(text, LONGEST_KEY).size; end > 0; end--) {
        if (text.data[end - 1] == '.') {
            uint32_t slot = find_kind(keys, slice_take(text, end), TABLE_NAME_TRAILING, effort);
            if (slot != TABLE_NONE) {
                return slot;
            }
        }
    }
    return TABLE_NONE;
}

uint32_t engine_find_slot(const struct engine_keys *keys, struct slice text, uint64_t *effort) {
    if (keys->slots.count == 0) {
        return TABLE_NONE;
    }
    uint32_t slot = find_kind(keys, text, TABLE_NAME_EXACT, effort);
    if (slot == TABLE_NONE && keys->has_leading) {
        slot = find_leading(keys, text, effort);
    }
    if (slot == TABLE_NONE && keys->has_trailing) {
        slot = find_trailing(keys, text, effort);
    }
    return slot;
}

uint32_t engine_find_key(const struct engine_keys *keys, struct slice text, uint64_t *effort) {
    uint32_t slot = engine_find_slot(keys, text, effort);
    return slot == TABLE_NONE ? TABLE_NONE : keys->slots.items[slot].target;
}
