/* Validation of server-name indexes: that every name is found by the search the engine makes, and
 * that the search for any other name ends. */
#include "table/validate.h"

static bool is_free(const struct table_name_slot *slot) {
    return slot->server == TABLE_NONE;
}

/* The form that the key of a wildcard has; an empty exact name is that of requests without a
 * host. */
static bool has_form(struct slice key, uint32_t kind) {
    if (kind == TABLE_NAME_EXACT) {
        return true;
    }
    return key.size >= 2 &&
           (kind == TABLE_NAME_LEADING ? key.data[0] == '.' : key.data[key.size - 1] == '.');
}

static const char *check_key(const struct table *table, const struct table_name_slot *slot) {
    struct slice key = table_text(table, slot->key);
    if (key.size > TABLE_NAME_LIMIT) {
        return "is too long";
    }
    return has_form(key, slot->kind) ? NULL : "is not of its kind";
}

/* How many used slots lie directly before slot 0, wrapping around; all of them when none is
 * free. */
static uint32_t count_run_before_first(const struct table_name_slot *slots, uint32_t count) {
    uint32_t run = 0;
    while (run < count && !is_free(&slots[count - 1 - run])) {
        run++;
    }
    return run;
}

/* How far slot `i` is from the slot at which the search for its name begins. */
static uint32_t distance_from_home(const struct table_name_slot *slots, uint32_t count,
                                   uint32_t i) {
    uint32_t home = table_name_home(slots[i].hash, count);
    return i >= home ? i - home : i + (count - home);
}

/* Keys lie in the strings in another order than slots do, so that each would be waited for. */
static void fetch_key_ahead(const struct table *table, const struct table_name_slot *slots,
                            uint32_t count, uint32_t i) {
    enum { AHEAD = 8 };
    if (count - i > AHEAD) {
        __builtin_prefetch(table_chars(table, slots[i + AHEAD].key));
    }
}

/* Walks the slots of one index. `run` is how many used slots lie directly before the current one:
 * a name must not be further from its first choice than that, or the search would stop early. */
static bool check_slots(const struct table_validation *validation,
                        const struct table_name_index *index, bool found[]) {
    const struct table *table = validation->table;
    const struct table_name_slot *slots = &table->name_slot[index->slots.first];
    uint32_t count = index->slots.count;
    uint32_t run = count_run_before_first(slots, count);
    for (uint32_t i = 0; i < count; i++) {
        fetch_key_ahead(table, slots, count, i);
        if (is_free(&slots[i])) {
            run = 0;
            continue;
        }
        uint32_t record = index->slots.first + i;
        const char *fault = check_key(table, &slots[i]);
        if (fault != NULL) {
            return table_refuse(validation, TABLE_SECTION_name_slot, record, "key", fault);
        }
        if (slots[i].hash != slice_hash(table_text(table, slots[i].key))) {
            return table_refuse(validation, TABLE_SECTION_name_slot, record, "hash",
                                "is not that of the key");
        }
        if (distance_from_home(slots, count, i) > run) {
            return table_refuse(validation, TABLE_SECTION_name_slot, record, NULL,
                                "is not where its hash leads");
        }
        found[slots[i].kind] = true;
        run++;
    }
    return true;
}

static bool check_index(const struct table_validation *validation, uint32_t record) {
    const struct table *table = validation->table;
    const struct table_name_index *index = &table->name_index[record];
    uint32_t count = index->slots.count;
    bool found[TABLE_name_kind_COUNT] = {false};
    if (count > 0) {
        if (count_run_before_first(&table->name_slot[index->slots.first], count) == count) {
            return table_refuse(validation, TABLE_SECTION_name_index, record, "slots",
                                "have none free");
        }
        if (!check_slots(validation, index, found)) {
            return false;
        }
    }
    if (index->has_leading != found[TABLE_NAME_LEADING]) {
        return table_refuse(validation, TABLE_SECTION_name_index, record, "has_leading",
                            "does not agree with the slots");
    }
    if (index->has_trailing != found[TABLE_NAME_TRAILING]) {
        return table_refuse(validation, TABLE_SECTION_name_index, record, "has_trailing",
                            "does not agree with the slots");
    }
    return true;
}

bool table_validate_names(const struct table_validation *validation) {
    for (uint32_t i = 0; i < validation->table->name_index_count; i++) {
        if (!check_index(validation, i)) {
            return false;
        }
    }
    return true;
}
