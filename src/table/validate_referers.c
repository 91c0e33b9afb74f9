/* Validation of valid_referers: hash slots that a search finds. */
#include "table/validate.h"

static bool check_slot(const struct table_validation *validation, uint32_t record) {
    const struct table *table = validation->table;
    struct slice key = table_text(table, table->referer_slot[record].key);
    for (size_t i = 0; i < key.size; i++) {
        if (byte_lower(key.data[i]) != key.data[i]) {
            return table_refuse(validation, TABLE_SECTION_referer_slot, record, "key",
                                "is not in lower case");
        }
    }
    return true;
}

static bool check_referers(const struct table_validation *validation, uint32_t record) {
    const struct table_referers *referers = &validation->table->referers[record];
    const struct table_slots_owner owner = {
        .section = TABLE_SECTION_referers,
        .record = record,
        .slot_section = TABLE_SECTION_referer_slot,
        .first_slot = referers->slots.first,
        .slots = table_referer_slots(validation->table, referers),
        .has_leading = referers->has_leading != 0,
        .has_trailing = referers->has_trailing != 0,
    };
    return table_validate_slots(validation, &owner);
}

bool table_validate_referers(const struct table_validation *validation) {
    static const struct table_rule rules[] = {
        {TABLE_SECTION_referers, check_referers},
        {TABLE_SECTION_referer_slot, check_slot},
    };
    return table_apply_rules(validation, rules, sizeof rules / sizeof rules[0]);
}
