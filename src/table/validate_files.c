/* Validation of what is served of files: types that a search finds, times that can be added to. */
#include "base/expiry.h"
#include "table/validate.h"

static bool check_types(const struct table_validation *validation, uint32_t record) {
    const struct table *table = validation->table;
    struct table_range types = table->settings[record].types;
    if (record > 0 && table->settings[record - 1].types.first == types.first &&
        table->settings[record - 1].types.count == types.count) {
        return true; /* as most have the same */
    }
    for (uint32_t i = types.first + 1; i < types.first + types.count; i++) {
        if (slice_compare(table_text(table, table->type[i - 1].ending),
                          table_text(table, table->type[i].ending)) >= 0) {
            return table_refuse(validation, TABLE_SECTION_type, i, "ending",
                                "is not behind the one before");
        }
    }
    return true;
}

static bool check_expires(const struct table_validation *validation, uint32_t record) {
    const struct table_expires *expires = &validation->table->expires[record];
    if (expires->seconds > EXPIRY_LIMIT) {
        return table_refuse(validation, TABLE_SECTION_expires, record, "seconds", "is too large");
    }
    return expires->value == TABLE_NONE || expires->kind == TABLE_EXPIRES_ACCESS ||
           expires->kind == TABLE_EXPIRES_MODIFIED ||
           table_refuse(validation, TABLE_SECTION_expires, record, "kind",
                        "is not one that goes with a value");
}

bool table_validate_files(const struct table_validation *validation) {
    static const struct table_rule rules[] = {
        {TABLE_SECTION_settings, check_types},
        {TABLE_SECTION_expires, check_expires},
    };
    return table_apply_rules(validation, rules, sizeof rules / sizeof rules[0]);
}
