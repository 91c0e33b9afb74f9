/* Validation of the numbers among the settings, so that the runtime can use them as sizes, times
 * and positions without a look. */
#include "table/setting.h"
#include "table/validate.h"

static const char *check_limits(const struct table_setting *setting,
                                const struct table_setting_limits *limits, const void *record) {
    uint64_t first;
    uint64_t second = limits->second_minimum;
    if (setting->storage == TABLE_STORAGE_PAIR) {
        const struct table_pair *pair =
            (const struct table_pair *)(const void *)((const char *)record + setting->offset);
        first = pair->first;
        second = pair->second;
    } else {
        first = table_setting_number(setting, record);
    }
    if (first < limits->minimum || second < limits->second_minimum) {
        return "is too small";
    }
    if (first > limits->maximum || second > limits->second_maximum) {
        bool has_words =
            setting->storage == TABLE_STORAGE_ENUM || setting->storage == TABLE_STORAGE_WORDS;
        return has_words ? "is no such value" : "is too large";
    }
    return NULL;
}

static bool check_setting(const struct table_validation *validation,
                          const struct table_setting *setting) {
    struct table_setting_limits limits = table_setting_limits(setting);
    uint32_t count = validation->table->header->sections[setting->section].count;
    for (uint32_t i = 0; i < count; i++) {
        const char *record = table_record_at(validation->table, setting->section, i);
        const char *fault = check_limits(setting, &limits, record);
        if (fault != NULL) {
            return table_refuse(validation, setting->section, i, setting->name, fault);
        }
    }
    return true;
}

bool table_validate_settings(const struct table_validation *validation) {
    for (uint32_t i = 0; i < table_setting_count; i++) {
        if (table_setting_is_number(&table_settings[i]) ||
            table_settings[i].storage == TABLE_STORAGE_PAIR) {
            if (!check_setting(validation, &table_settings[i])) {
                return false;
            }
        }
    }
    return true;
}
