/* Validation of server-name indexes. */
#include "table/validate.h"

static bool check_index(const struct table_validation *validation, uint32_t record) {
    const struct table_name_index *index = &validation->table->name_index[record];
    const struct table_slots_owner owner = {
        .section = TABLE_SECTION_name_index,
        .record = record,
        .slot_section = TABLE_SECTION_name_slot,
        .first_slot = index->slots.first,
        .slots = table_name_slots(validation->table, index),
        .has_leading = index->has_leading != 0,
        .has_trailing = index->has_trailing != 0,
    };
    return table_validate_slots(validation, &owner);
}

bool table_validate_names(const struct table_validation *validation) {
    for (uint32_t i = 0; i < validation->table->name_index_count; i++) {
        if (!check_index(validation, i)) {
            return false;
        }
    }
    return true;
}
