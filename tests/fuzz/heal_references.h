/* References of records made sound again after mutations: strings, places, indexes and ranges that
 * lead somewhere, to records of the kind that is wanted; and those that a record must have. */
#ifndef HEAL_REFERENCES_H
#define HEAL_REFERENCES_H

#include "base/expiry.h"
#include "heal_programs.h"

static void heal_index(struct draft *draft, const struct table_field *field, char *value) {
    uint32_t count = draft_count(draft, field->target);
    uint32_t index;
    memcpy(&index, value, sizeof index);
    if (index == TABLE_NONE && field->kind == TABLE_KIND_OPTIONAL) {
        return;
    }
    index = count == 0 ? TABLE_NONE : index % count;
    if (field->target == TABLE_SECTION_program) { /* of the kind that is wanted */
        bool is_sequence = strcmp(field->name, "rewrite") == 0;
        index = find_program(draft, is_sequence ? TABLE_PROGRAM_SEQUENCE : TABLE_PROGRAM_TEMPLATE,
                             index, count);
    }
    memcpy(value, &index, sizeof index);
}

static void heal_range(struct draft *draft, const struct table_field *field, char *value,
                       uint32_t *owned) {
    uint32_t count = draft_count(draft, field->target);
    struct table_range range;
    memcpy(&range, value, sizeof range);
    if (range.first > count || (field->kind == TABLE_KIND_OWNED && range.first < *owned)) {
        range = (struct table_range){0, 0};
    } else if (range.count > count - range.first) {
        range.count = count - range.first;
    }
    *owned = range.count > 0 ? range.first + range.count : *owned;
    memcpy(value, &range, sizeof range);
}

static void heal_string(struct draft *draft, char *value) {
    struct table_string string;
    memcpy(&string, value, sizeof string);
    if (!draft_has_text(draft, string)) {
        string = (struct table_string){0, 0};
        memcpy(value, &string, sizeof string);
    }
}

static void heal_place(struct draft *draft, char *value) {
    struct table_place place;
    memcpy(&place, value, sizeof place);
    if (place.source >= draft_count(draft, TABLE_SECTION_source) || place.line == 0) {
        place = (struct table_place){TABLE_NONE, 0};
        memcpy(value, &place, sizeof place);
    }
}

static void heal_column(struct draft *draft, enum table_section section,
                        const struct table_field *field) {
    uint32_t owned = 0;
    for (uint32_t i = 0; i < draft_count(draft, section); i++) {
        char *value = (char *)draft_record(draft, section, i) + field->offset;
        if (field->kind == TABLE_KIND_INDEX || field->kind == TABLE_KIND_OPTIONAL) {
            heal_index(draft, field, value);
        } else if (field->kind == TABLE_KIND_STRING) {
            heal_string(draft, value);
        } else if (field->kind == TABLE_KIND_PLACE) {
            heal_place(draft, value);
        } else if (field->target != TABLE_SECTION_COUNT) {
            heal_range(draft, field, value, &owned);
        }
    }
}

static void heal_references(struct draft *draft) {
    for (enum table_section section = 0; section < TABLE_SECTION_COUNT; section++) {
        for (uint32_t i = 0; i < table_records[section].field_count; i++) {
            heal_column(draft, section, &table_records[section].fields[i]);
        }
    }
}

/* --- records that need others --- */

/* Each record owns at least one; those for which none is left go. */
static void heal_owners(struct draft *draft, enum table_section section, enum table_section owned,
                        uint32_t offset) {
    uint32_t next = 0;
    for (uint32_t i = 0; i < draft_count(draft, section); i++) {
        char *place = (char *)draft_record(draft, section, i) + offset;
        uint32_t left = draft_count(draft, owned) - next;
        struct table_range range;
        memcpy(&range, place, sizeof range);
        if (left == 0) {
            draft->sections[section].count = i;
            return;
        }
        range = (struct table_range){next, (uint32_t)clamp(range.count, 1, left)};
        memcpy(place, &range, sizeof range);
        next += range.count;
    }
}

static void heal_kind(struct draft *draft, uint32_t location, uint32_t kind) {
    if (location < draft_count(draft, TABLE_SECTION_location)) {
        ((struct table_location *)draft_record(draft, TABLE_SECTION_location, location))->kind =
            kind;
    }
}

static void heal_kinds(struct draft *draft) {
    for (uint32_t i = 0; i < draft_count(draft, TABLE_SECTION_location_regex); i++) {
        const struct table_location_regex *regex =
            draft_record(draft, TABLE_SECTION_location_regex, i);
        heal_kind(draft, regex->location, TABLE_LOCATION_REGEX);
    }
    for (uint32_t i = 0; i < draft_count(draft, TABLE_SECTION_named_location); i++) {
        const struct table_named_location *named =
            draft_record(draft, TABLE_SECTION_named_location, i);
        heal_kind(draft, named->location, TABLE_LOCATION_NAMED);
    }
}

static void heal_proxies(struct draft *draft) {
    for (uint32_t i = 0; i < draft_count(draft, TABLE_SECTION_proxy); i++) {
        struct table_proxy *proxy = draft_record(draft, TABLE_SECTION_proxy, i);
        if (proxy->target != TABLE_NONE) {
            proxy->upstream = TABLE_NONE;
            proxy->has_uri = 0;
        } else if (proxy->upstream == TABLE_NONE) {
            proxy->upstream = 0;
        }
        proxy->prefix_length %= 4;
    }
}

/* What is replaced is a regex or a text, or all is as by default. */
/* Types are sorted: an ending that is not behind the one before begins a range of its own. */
static void heal_files(struct draft *draft) {
    for (uint32_t i = 0; i < draft_count(draft, TABLE_SECTION_expires); i++) {
        struct table_expires *expires = draft_record(draft, TABLE_SECTION_expires, i);
        expires->seconds %= EXPIRY_LIMIT + 1;
        if (expires->kind != TABLE_EXPIRES_ACCESS && expires->kind != TABLE_EXPIRES_MODIFIED) {
            expires->value = TABLE_NONE;
        }
    }
    for (uint32_t i = 0; i < draft_count(draft, TABLE_SECTION_settings); i++) {
        struct table_settings *settings = draft_record(draft, TABLE_SECTION_settings, i);
        settings->types.count = settings->types.count > 1 && i % 2 == 0 ? 1 : settings->types.count;
    }
}

static void heal_replacements(struct draft *draft) {
    for (uint32_t i = 0; i < draft_count(draft, TABLE_SECTION_replacement); i++) {
        struct table_replacement *replacement = draft_record(draft, TABLE_SECTION_replacement, i);
        if (replacement->text == TABLE_NONE) {
            replacement->regex = replacement->pattern = TABLE_NONE;
        } else if (replacement->regex != TABLE_NONE) {
            replacement->pattern = TABLE_NONE;
        } else if (replacement->pattern == TABLE_NONE) {
            replacement->pattern = replacement->text;
        }
    }
    for (uint32_t i = 0; i < draft_count(draft, TABLE_SECTION_cookie_rule); i++) {
        struct table_cookie_rule *flags = draft_record(draft, TABLE_SECTION_cookie_rule, i);
        if (flags->regex != TABLE_NONE) {
            flags->name = TABLE_NONE;
        } else if (flags->name == TABLE_NONE) {
            flags->name = find_program(draft, TABLE_PROGRAM_TEMPLATE, 0,
                                       draft_count(draft, TABLE_SECTION_program));
        }
    }
}

/* Slots name what their sources say. */
static void heal_sources(struct draft *draft) {
    for (uint32_t i = 0; i < draft_count(draft, TABLE_SECTION_slot); i++) {
        struct table_slot *slot = draft_record(draft, TABLE_SECTION_slot, i);
        uint32_t *const indexes[TABLE_slot_source_COUNT] = {[TABLE_SLOT_MAP] = &slot->map,
                                                            [TABLE_SLOT_GEO] = &slot->geo,
                                                            [TABLE_SLOT_SPLIT] = &slot->split};
        slot->source %= TABLE_slot_source_COUNT;
        for (uint32_t source = 0; source < TABLE_slot_source_COUNT; source++) {
            if (indexes[source] != NULL && source != slot->source) {
                *indexes[source] = TABLE_NONE;
            } else if (indexes[source] != NULL && *indexes[source] == TABLE_NONE) {
                *indexes[source] = 0;
            }
        }
    }
}

/* Resolvers have name servers, and groups that need a resolver have one. */
static void heal_resolvers(struct draft *draft) {
    uint32_t servers = draft_count(draft, TABLE_SECTION_name_server);
    for (uint32_t i = 0; i < servers; i++) {
        struct table_name_server *server = draft_record(draft, TABLE_SECTION_name_server, i);
        server->family %= 2;
        server->port = (uint32_t)clamp(server->port, 1, UINT16_MAX);
    }
    for (uint32_t i = 0; i < draft_count(draft, TABLE_SECTION_resolver); i++) {
        struct table_resolver *resolver = draft_record(draft, TABLE_SECTION_resolver, i);
        if (servers == 0) {
            draft->sections[TABLE_SECTION_resolver].count = i;
            break;
        }
        if (resolver->servers.count == 0) {
            resolver->servers = (struct table_range){0, 1};
        }
        resolver->valid %= INT32_MAX;
        resolver->ipv4 |= !resolver->ipv6;
    }
    for (uint32_t i = 0; i < draft_count(draft, TABLE_SECTION_peer); i++) {
        struct table_peer *peer = draft_record(draft, TABLE_SECTION_peer, i);
        peer->resolve &= peer->family == TABLE_FAMILY_NAME;
    }
    for (uint32_t i = 0; i < draft_count(draft, TABLE_SECTION_upstream); i++) {
        struct table_upstream *upstream = draft_record(draft, TABLE_SECTION_upstream, i);
        if (upstream->resolver == TABLE_NONE && draft_count(draft, TABLE_SECTION_resolver) > 0) {
            upstream->resolver = 0;
        }
    }
}

static bool has_upstream(struct draft *draft, const struct table_location *location) {
    return location->proxy < draft_count(draft, TABLE_SECTION_proxy) &&
           ((struct table_proxy *)draft_record(draft, TABLE_SECTION_proxy, location->proxy))
                   ->upstream != TABLE_NONE;
}

/* Only what is passed on to a group is checked; its conditions make sense. */
static void heal_health(struct draft *draft) {
    for (uint32_t i = 0; i < draft_count(draft, TABLE_SECTION_location); i++) {
        const struct table_location *location = draft_record(draft, TABLE_SECTION_location, i);
        if (location->handling < draft_count(draft, TABLE_SECTION_handling) &&
            !has_upstream(draft, location)) {
            struct table_handling *handling =
                draft_record(draft, TABLE_SECTION_handling, location->handling);
            handling->health_check = TABLE_NONE;
        }
    }
    for (uint32_t i = 0; i < draft_count(draft, TABLE_SECTION_health_check); i++) {
        struct table_health_check *check = draft_record(draft, TABLE_SECTION_health_check, i);
        if (draft_text(draft, check->uri).size == 0 ||
            draft_text(draft, check->uri).data[0] != '/') {
            check->uri = draft_add_text(draft, SLICE("/"));
            check = draft_record(draft, TABLE_SECTION_health_check, i);
        }
        check->interval = clamp(check->interval, 1, 1000000);
        check->jitter %= 1000000;
        check->keepalive_time %= 1000000;
        check->fails += check->fails == 0;
        check->passes += check->passes == 0;
        check->port %= 65536;
    }
    for (uint32_t i = 0; i < draft_count(draft, TABLE_SECTION_status_range); i++) {
        struct table_status_range *range = draft_record(draft, TABLE_SECTION_status_range, i);
        range->last = (uint32_t)clamp(range->last, 0, 999);
        range->first = range->first > range->last ? range->last : range->first;
    }
    for (uint32_t i = 0; i < draft_count(draft, TABLE_SECTION_header_test); i++) {
        struct table_header_test *test = draft_record(draft, TABLE_SECTION_header_test, i);
        test->test %= TABLE_match_test_COUNT;
        if (test->regex != TABLE_NONE && test->test < TABLE_MATCH_MATCHING) {
            test->test = TABLE_MATCH_MATCHING;
        } else if (test->regex == TABLE_NONE && test->test >= TABLE_MATCH_MATCHING) {
            test->test = TABLE_MATCH_EQUAL;
        }
    }
}

static void heal_owned(struct draft *draft) {
    heal_owners(draft, TABLE_SECTION_listener, TABLE_SECTION_endpoint,
                offsetof(struct table_listener, endpoints));
    heal_owners(draft, TABLE_SECTION_upstream, TABLE_SECTION_peer,
                offsetof(struct table_upstream, peers));
    heal_owners(draft, TABLE_SECTION_sticky, TABLE_SECTION_sticky_lookup,
                offsetof(struct table_sticky, lookups));
    heal_owners(draft, TABLE_SECTION_location_set, TABLE_SECTION_node,
                offsetof(struct table_location_set, nodes));
    heal_owners(draft, TABLE_SECTION_geo, TABLE_SECTION_geo_ipv4, offsetof(struct table_geo, ipv4));
    heal_owners(draft, TABLE_SECTION_geo, TABLE_SECTION_geo_ipv6, offsetof(struct table_geo, ipv6));
    heal_kinds(draft);
    heal_proxies(draft);
    heal_replacements(draft);
    heal_files(draft);
    heal_sources(draft);
    heal_resolvers(draft);
    heal_health(draft);
}

#endif
