/* Validation of map, geo and split_clients, and that the slots of variables name what they say. */
#include "table/validate.h"

#include <string.h>

/* --- map --- */

static bool is_lower_case(struct slice key) {
    size_t i = 0;
    while (i < key.size && byte_lower(key.data[i]) == key.data[i]) {
        i++;
    }
    return i == key.size;
}

/* Subjects are made lower case before they are compared. */
static bool check_case(const struct table_validation *validation, struct table_range slots) {
    const struct table *table = validation->table;
    for (uint32_t i = slots.first; i < slots.first + slots.count; i++) {
        const struct table_map_slot *slot = &table->map_slot[i];
        if (slot->value != TABLE_NONE && !is_lower_case(table_text(table, slot->key))) {
            return table_refuse(validation, TABLE_SECTION_map_slot, i, "key",
                                "is not in lower case");
        }
    }
    return true;
}

static bool check_map(const struct table_validation *validation, uint32_t record) {
    const struct table_map *map = &validation->table->map[record];
    const struct table_slots_owner owner = {
        .section = TABLE_SECTION_map,
        .record = record,
        .slot_section = TABLE_SECTION_map_slot,
        .first_slot = map->slots.first,
        .slots = table_map_slots(validation->table, map),
        .has_leading = map->has_leading != 0,
        .has_trailing = map->has_trailing != 0,
    };
    if (!table_validate_slots(validation, &owner) || !check_case(validation, map->slots)) {
        return false;
    }
    return map->hostnames || !(map->has_leading || map->has_trailing) ||
           table_refuse(validation, TABLE_SECTION_map, record, "hostnames",
                        "is not set though keys are wildcards");
}

/* --- geo --- */

static const struct table_bytes16 lowest;

static int compare_ipv6(const struct table *table, uint32_t a, uint32_t b) {
    return memcmp(&table->geo_ipv6[a].first, &table->geo_ipv6[b].first, sizeof lowest);
}

static int compare_ipv4(const struct table *table, uint32_t a, uint32_t b) {
    uint32_t first = table->geo_ipv4[a].first;
    uint32_t second = table->geo_ipv4[b].first;
    return (first > second) - (first < second);
}

/* Both families: the first interval begins with the lowest address, the others ascend, so that
 * every address is in one. */
static bool check_intervals(const struct table_validation *validation, uint32_t geo,
                            enum table_section section, struct table_range range, bool is_whole,
                            int (*compare)(const struct table *, uint32_t, uint32_t)) {
    const char *field = section == TABLE_SECTION_geo_ipv4 ? "ipv4" : "ipv6";
    if (!is_whole) {
        return table_refuse(validation, TABLE_SECTION_geo, geo, field,
                            "do not begin with the lowest address");
    }
    for (uint32_t i = range.first + 1; i < range.first + range.count; i++) {
        if (compare(validation->table, i - 1, i) >= 0) {
            return table_refuse(validation, section, i, "first", "is not behind the one before");
        }
    }
    return true;
}

static bool check_geo(const struct table_validation *validation, uint32_t record) {
    const struct table *table = validation->table;
    const struct table_geo *geo = &table->geo[record];
    bool has_whole_ipv4 = geo->ipv4.count > 0 && table->geo_ipv4[geo->ipv4.first].first == 0;
    bool has_whole_ipv6 = geo->ipv6.count > 0 && memcmp(&table->geo_ipv6[geo->ipv6.first].first,
                                                        &lowest, sizeof lowest) == 0;
    return check_intervals(validation, record, TABLE_SECTION_geo_ipv4, geo->ipv4, has_whole_ipv4,
                           compare_ipv4) &&
           check_intervals(validation, record, TABLE_SECTION_geo_ipv6, geo->ipv6, has_whole_ipv6,
                           compare_ipv6);
}

static bool check_geo_proxy(const struct table_validation *validation, uint32_t record) {
    const struct table_geo_proxy *proxy = &validation->table->geo_proxy[record];
    const char *fault = table_check_network(proxy->match, proxy->prefix);
    return fault == NULL ||
           table_refuse(validation, TABLE_SECTION_geo_proxy, record, "prefix", fault);
}

/* --- split --- */

static bool check_split(const struct table_validation *validation, uint32_t record) {
    const struct table *table = validation->table;
    struct table_range parts = table->split[record].parts;
    uint32_t below = 0;
    for (uint32_t i = parts.first; i < parts.first + parts.count; i++) {
        uint32_t next = table->split_part[i].below;
        bool takes_all = next == 0 && i + 1 == parts.first + parts.count;
        if (next <= below && !takes_all) {
            return table_refuse(validation, TABLE_SECTION_split_part, i, "below",
                                "is not above the one before");
        }
        below = next;
    }
    return true;
}

/* --- slots --- */

static bool check_slot(const struct table_validation *validation, uint32_t record) {
    const struct table_slot *slot = &validation->table->slot[record];
    const struct {
        const char *field;
        uint32_t index;
        enum table_slot_source source;
    } rules[] = {
        {"map", slot->map, TABLE_SLOT_MAP},
        {"geo", slot->geo, TABLE_SLOT_GEO},
        {"split", slot->split, TABLE_SLOT_SPLIT},
    };
    for (size_t i = 0; i < sizeof rules / sizeof rules[0]; i++) {
        bool is_wanted = slot->source == (uint32_t)rules[i].source;
        if ((rules[i].index != TABLE_NONE) != is_wanted) {
            return table_refuse(validation, TABLE_SECTION_slot, record, rules[i].field,
                                "does not agree with the source");
        }
    }
    return true;
}

bool table_validate_maps(const struct table_validation *validation) {
    static const struct table_rule rules[] = {
        {TABLE_SECTION_map, check_map},
        {TABLE_SECTION_geo, check_geo},
        {TABLE_SECTION_geo_proxy, check_geo_proxy},
        {TABLE_SECTION_split, check_split},
        {TABLE_SECTION_slot, check_slot},
    };
    return table_apply_rules(validation, rules, sizeof rules / sizeof rules[0]);
}
