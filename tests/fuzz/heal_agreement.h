/* What a table says twice made to agree again after mutations: hashes of keys, names of locations
 * and the labels that lead to them, orders, numbers and their limits. */
#ifndef HEAL_AGREEMENT_H
#define HEAL_AGREEMENT_H

#include "draft.h"

#include "table/validate.h"

static bool is_inside(const struct draft *draft, enum table_section section,
                      struct table_range range) {
    return (uint64_t)range.first + range.count <= draft_count(draft, section);
}

/* --- keys --- */

/* The key in lower case, as maps want it. */
static struct table_string lower_key(struct draft *draft, struct table_string key) {
    char lower[256];
    struct slice text = slice_take(draft_text(draft, key), sizeof lower);
    for (size_t i = 0; i < text.size; i++) {
        lower[i] = byte_lower(text.data[i]);
    }
    struct slice made = {lower, text.size};
    return slice_equals(made, draft_text(draft, key)) ? key : draft_add_text(draft, made);
}

/* Puts the used slots of a name index or a map where the hashes of their keys lead, and finds out
 * which kinds there are. */
static void heal_slots(struct draft *draft, enum table_section section, struct table_range *range,
                       bool found[TABLE_name_kind_COUNT]) {
    enum { MOST = 64 };
    struct table_hash_slot old[MOST];
    if (range->count == 0 || range->count > MOST || !is_inside(draft, section, *range)) {
        *range = (struct table_range){0, 0};
        return;
    }
    memcpy(old, draft_record(draft, section, range->first), range->count * sizeof *old);
    for (uint32_t i = 0; section == TABLE_SECTION_map_slot && i < range->count; i++) {
        old[i].key = lower_key(draft, old[i].key);
    }
    struct table_hash_slot *slots = draft_record(draft, section, range->first);
    for (uint32_t i = 0; i < range->count; i++) {
        slots[i].target = TABLE_NONE;
    }
    for (uint32_t i = 0, used = 0; i < range->count && used + 1 < range->count; i++) {
        if (old[i].target == TABLE_NONE) {
            continue;
        }
        old[i].hash = slice_hash(draft_text(draft, old[i].key));
        uint32_t place = table_hash_home(old[i].hash, range->count);
        while (slots[place].target != TABLE_NONE) {
            place = table_hash_next(place, range->count);
        }
        slots[place] = old[i];
        found[old[i].kind % TABLE_name_kind_COUNT] = true;
        used++;
    }
}

static void heal_names(struct draft *draft) {
    for (uint32_t i = 0; i < draft_count(draft, TABLE_SECTION_name_index); i++) {
        bool found[TABLE_name_kind_COUNT] = {false};
        struct table_name_index *index = draft_record(draft, TABLE_SECTION_name_index, i);
        heal_slots(draft, TABLE_SECTION_name_slot, &index->slots, found);
        index->has_leading = found[TABLE_NAME_LEADING];
        index->has_trailing = found[TABLE_NAME_TRAILING];
    }
    for (uint32_t i = 0; i < draft_count(draft, TABLE_SECTION_map); i++) {
        bool found[TABLE_name_kind_COUNT] = {false};
        struct table_map *map = draft_record(draft, TABLE_SECTION_map, i);
        heal_slots(draft, TABLE_SECTION_map_slot, &map->slots, found);
        map->has_leading = found[TABLE_NAME_LEADING];
        map->has_trailing = found[TABLE_NAME_TRAILING];
        map->hostnames |= map->has_leading | map->has_trailing;
    }
}

/* --- orders --- */

/* Intervals of addresses begin with the lowest and ascend; so do the parts of splits. */
static void heal_geo(struct draft *draft) {
    for (uint32_t i = 0; i < draft_count(draft, TABLE_SECTION_geo); i++) {
        const struct table_geo *geo = draft_record(draft, TABLE_SECTION_geo, i);
        for (uint32_t j = 0;
             j < geo->ipv4.count && is_inside(draft, TABLE_SECTION_geo_ipv4, geo->ipv4); j++) {
            struct table_geo_ipv4 *interval =
                draft_record(draft, TABLE_SECTION_geo_ipv4, geo->ipv4.first + j);
            if (j == 0 || interval->first <= interval[-1].first) {
                interval->first = j == 0 ? 0 : interval[-1].first + 1;
            }
        }
        for (uint32_t j = 0;
             j < geo->ipv6.count && is_inside(draft, TABLE_SECTION_geo_ipv6, geo->ipv6); j++) {
            struct table_geo_ipv6 *interval =
                draft_record(draft, TABLE_SECTION_geo_ipv6, geo->ipv6.first + j);
            memset(interval->first.bytes, 0, j == 0 ? sizeof interval->first : 1);
            interval->first.bytes[0] = (uint8_t)j;
        }
    }
}

static void heal_splits(struct draft *draft) {
    for (uint32_t i = 0; i < draft_count(draft, TABLE_SECTION_split); i++) {
        const struct table_split *split = draft_record(draft, TABLE_SECTION_split, i);
        for (uint32_t j = 0;
             j < split->parts.count && is_inside(draft, TABLE_SECTION_split_part, split->parts);
             j++) {
            struct table_split_part *part =
                draft_record(draft, TABLE_SECTION_split_part, split->parts.first + j);
            uint32_t before = j == 0 ? 0 : part[-1].below;
            bool takes_all = part->below == 0 && j + 1 == split->parts.count;
            part->below = part->below <= before && !takes_all ? before + 1 : part->below;
        }
    }
}

/* --- locations --- */

/* A walk down the nodes of a set, which may go round in circles. */
struct walk {
    struct draft *draft;
    uint32_t left; /* nodes that are still looked at */
    char name[256];
};

static void heal_location(struct draft *draft, uint32_t index, struct slice name, bool is_exact) {
    if (index >= draft_count(draft, TABLE_SECTION_location)) {
        return;
    }
    struct table_location *location = draft_record(draft, TABLE_SECTION_location, index);
    if (!slice_equals(draft_text(draft, location->name), name)) {
        location->name = draft_add_text(draft, name);
    }
    bool is_prefix =
        location->kind == TABLE_LOCATION_PREFIX || location->kind == TABLE_LOCATION_PREFIX_NO_REGEX;
    if (is_exact) {
        location->kind = TABLE_LOCATION_EXACT;
    } else if (!is_prefix) {
        location->kind = TABLE_LOCATION_PREFIX;
    }
}

/* Gives the locations at a node the name that the labels spell, and goes down. `size` is how much
 * of the name the labels before have spelt. */
static void heal_node(struct walk *walk, uint32_t node, size_t size) {
    struct draft *draft = walk->draft;
    if (node >= draft_count(draft, TABLE_SECTION_node)) {
        return;
    }
    walk->left--;
    struct table_node record = *(struct table_node *)draft_record(draft, TABLE_SECTION_node, node);
    struct slice label = draft_text(draft, record.label);
    if (label.size > sizeof walk->name - size) {
        return;
    }
    if (label.size > 0) {
        memcpy(walk->name + size, label.data, label.size);
    }
    size += label.size;
    heal_location(draft, record.exact, (struct slice){walk->name, size}, true);
    heal_location(draft, record.prefix, (struct slice){walk->name, size}, false);
    for (uint32_t i = 0; i < record.children.count && walk->left > 0 &&
                         is_inside(draft, TABLE_SECTION_node, record.children);
         i++) {
        heal_node(walk, record.children.first + i, size);
    }
}

static void heal_locations(struct draft *draft) {
    struct walk walk = {.draft = draft, .left = 2 * draft_count(draft, TABLE_SECTION_node)};
    for (uint32_t i = 0; i < draft_count(draft, TABLE_SECTION_location_set) && walk.left > 0; i++) {
        const struct table_location_set *set = draft_record(draft, TABLE_SECTION_location_set, i);
        heal_node(&walk, set->nodes.first, 0);
    }
}

/* Named locations of each server, in order. */
static void heal_named(struct draft *draft) {
    for (uint32_t i = 0; i < draft_count(draft, TABLE_SECTION_server); i++) {
        struct table_range named =
            ((struct table_server *)draft_record(draft, TABLE_SECTION_server, i))->named;
        if (named.count == 0 || named.count > 64 ||
            !is_inside(draft, TABLE_SECTION_named_location, named)) {
            continue;
        }
        struct table_named_location *records =
            draft_record(draft, TABLE_SECTION_named_location, named.first);
        for (uint32_t j = 1; j < named.count; j++) {
            struct table_named_location moved = records[j];
            uint32_t place = j;
            for (; place > 0 && slice_compare(draft_text(draft, records[place - 1].name),
                                              draft_text(draft, moved.name)) > 0;
                 place--) {
                records[place] = records[place - 1];
            }
            records[place] = moved;
        }
    }
}

/* --- balancing --- */

static bool is_hash(uint32_t method) {
    return method == TABLE_BALANCE_HASH || method == TABLE_BALANCE_HASH_CONSISTENT;
}

/* Methods have keys as they need them; what clients are told is left as it is, or nothing. */
static void heal_balancing(struct draft *draft) {
    for (uint32_t i = 0; i < draft_count(draft, TABLE_SECTION_upstream); i++) {
        struct table_upstream *upstream = draft_record(draft, TABLE_SECTION_upstream, i);
        upstream->method %= TABLE_balance_method_COUNT;
        if (!is_hash(upstream->method)) {
            upstream->hash_key = TABLE_NONE;
        } else if (upstream->hash_key == TABLE_NONE) {
            upstream->method = TABLE_BALANCE_LEAST_CONN;
        }
    }
    for (uint32_t i = 0; i < draft_count(draft, TABLE_SECTION_peer); i++) {
        struct table_peer *peer = draft_record(draft, TABLE_SECTION_peer, i);
        peer->route.length %= TABLE_ROUTE_LIMIT + 1;
    }
    for (uint32_t i = 0; i < draft_count(draft, TABLE_SECTION_sticky); i++) {
        struct table_sticky *sticky = draft_record(draft, TABLE_SECTION_sticky, i);
        sticky->max_age = (uint32_t)clamp(sticky->max_age, 0, TABLE_COOKIE_AGE_LIMIT);
        if (!table_is_token(draft_text(draft, sticky->cookie))) {
            sticky->cookie = (struct table_string){0, 0};
        }
    }
}

/* --- settings --- */

static void heal_setting(const struct table_setting *setting, char *record) {
    struct table_setting_limits limits = table_setting_limits(setting);
    char *place = record + setting->offset;
    struct table_pair pair;
    uint64_t large;
    uint32_t small;
    switch (setting->storage) {
    case TABLE_STORAGE_PAIR:
        memcpy(&pair, place, sizeof pair);
        pair.first = clamp(pair.first, limits.minimum, limits.maximum);
        pair.second = clamp(pair.second, limits.second_minimum, limits.second_maximum);
        memcpy(place, &pair, sizeof pair);
        break;
    case TABLE_STORAGE_SIZE:
    case TABLE_STORAGE_TIME:
        memcpy(&large, place, sizeof large);
        large = clamp(large, limits.minimum, limits.maximum);
        memcpy(place, &large, sizeof large);
        break;
    case TABLE_STORAGE_FLAG:
    case TABLE_STORAGE_NUMBER:
    case TABLE_STORAGE_ENUM:
    case TABLE_STORAGE_WORDS:
        memcpy(&small, place, sizeof small);
        small = (uint32_t)clamp(small, limits.minimum, limits.maximum);
        memcpy(place, &small, sizeof small);
        break;
    default:
        break;
    }
}

static void heal_settings(struct draft *draft) {
    for (uint32_t i = 0; i < table_setting_count; i++) {
        enum table_section section = table_settings[i].section;
        for (uint32_t j = 0; j < draft_count(draft, section); j++) {
            heal_setting(&table_settings[i], draft_record(draft, section, j));
        }
    }
}

#endif
