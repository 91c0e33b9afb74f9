/* Validation of hash slots over keys: that every key is found by the search the engine makes, and
 * that the search for any other ends. */
#include "table/validate.h"

static bool is_free(const struct table_hash_slot *slot) {
    return slot->target == TABLE_NONE;
}

/* The form that the key of a wildcard has; an empty exact one is that of an empty text. */
static bool has_form(struct slice key, uint32_t kind) {
    if (kind == TABLE_NAME_EXACT) {
        return true;
    }
    return key.size >= 2 &&
           (kind == TABLE_NAME_LEADING ? key.data[0] == '.' : key.data[key.size - 1] == '.');
}

static const char *check_key(const struct table *table, const struct table_hash_slot *slot) {
    struct slice key = table_text(table, slot->key);
    if (key.size > TABLE_NAME_LIMIT) {
        return "is too long";
    }
    return has_form(key, slot->kind) ? NULL : "is not of its kind";
}

/* How many used slots lie directly before slot 0, wrapping around; all of them when none is
 * free. */
static uint32_t count_run_before_first(struct table_hash_slots slots) {
    uint32_t run = 0;
    while (run < slots.count && !is_free(&slots.items[slots.count - 1 - run])) {
        run++;
    }
    return run;
}

/* How far slot `i` is from the one at which the search for its key begins. */
static uint32_t distance_from_home(struct table_hash_slots slots, uint32_t i) {
    uint32_t home = table_hash_home(slots.items[i].hash, slots.count);
    return i >= home ? i - home : i + (slots.count - home);
}

/* Keys lie in the strings in another order than slots do, so that each would be waited for. */
static void fetch_key_ahead(const struct table *table, struct table_hash_slots slots, uint32_t i) {
    enum { AHEAD = 8 };
    if (slots.count - i > AHEAD) {
        __builtin_prefetch(table_chars(table, slots.items[i + AHEAD].key));
    }
}

/* Walks the slots. `run` is how many used slots lie directly before the current one: a key must not
 * be further from its first choice than that, or the search would stop early. */
static bool check_slots(const struct table_validation *validation,
                        const struct table_slots_owner *owner, bool found[]) {
    const struct table *table = validation->table;
    struct table_hash_slots slots = owner->slots;
    uint32_t run = count_run_before_first(slots);
    for (uint32_t i = 0; i < slots.count; i++) {
        const struct table_hash_slot *slot = &slots.items[i];
        fetch_key_ahead(table, slots, i);
        if (is_free(slot)) {
            run = 0;
            continue;
        }
        uint32_t record = owner->first_slot + i;
        const char *fault = check_key(table, slot);
        if (fault != NULL) {
            return table_refuse(validation, owner->slot_section, record, "key", fault);
        }
        if (slot->hash != slice_hash(table_text(table, slot->key))) {
            return table_refuse(validation, owner->slot_section, record, "hash",
                                "is not that of the key");
        }
        if (distance_from_home(slots, i) > run) {
            return table_refuse(validation, owner->slot_section, record, NULL,
                                "is not where its hash leads");
        }
        found[slot->kind] = true;
        run++;
    }
    return true;
}

bool table_validate_slots(const struct table_validation *validation,
                          const struct table_slots_owner *owner) {
    bool found[TABLE_name_kind_COUNT] = {false};
    const char *field = NULL;
    const char *fault = NULL;
    if (owner->slots.count > 0 && count_run_before_first(owner->slots) == owner->slots.count) {
        field = "slots", fault = "have none free";
    } else if (!check_slots(validation, owner, found)) {
        return false;
    } else if (owner->has_leading != found[TABLE_NAME_LEADING]) {
        field = "has_leading", fault = "does not agree with the slots";
    } else if (owner->has_trailing != found[TABLE_NAME_TRAILING]) {
        field = "has_trailing", fault = "does not agree with the slots";
    }
    return fault == NULL || table_refuse(validation, owner->section, owner->record, field, fault);
}
