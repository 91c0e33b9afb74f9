/* The steps of table_open. Each looks at one aspect of a table whose earlier aspects have been
 * found sound, returns false at the first fault and says in `error` where it is. None needs memory
 * of its own, and none takes longer than in proportion to the table's size. */
#ifndef TABLE_VALIDATE_H
#define TABLE_VALIDATE_H

#include "table/hash_slot.h"

/* No word of a configuration is longer (nginx's limit for one token is 4096 bytes), so neither is
 * a name that validation reads to the end. */
enum { TABLE_NAME_LIMIT = 4096 };

/* What a step needs. `error` is filled in only on failure. */
struct table_validation {
    const struct table *table;
    struct table_error *error;
};

/* Every field of every record, by its kind. */
bool table_validate_fields(const struct table_validation *validation);

/* Numbers of settings within what the runtime can use. */
bool table_validate_settings(const struct table_validation *validation);

/* Code and operands of every op; kinds of all programs that records refer to. */
bool table_validate_programs(const struct table_validation *validation);

/* Hash tables of server names. */
bool table_validate_names(const struct table_validation *validation);

/* Radix trees of locations, and that every location is found under its own name. */
bool table_validate_locations(const struct table_validation *validation);

/* Listeners, peers, upstream groups, proxies, header fields and logs. */
bool table_validate_routing(const struct table_validation *validation);

/* How upstream groups choose their peers. */
bool table_validate_balancing(const struct table_validation *validation);

/* Types of files, and until when answers may be kept. */
bool table_validate_files(const struct table_validation *validation);

/* Zones of limits, and the limits that name them. */
bool table_validate_limits(const struct table_validation *validation);

/* Hosts of valid_referers. */
bool table_validate_referers(const struct table_validation *validation);

/* Maps, geos and splits, and the slots that name them. */
bool table_validate_maps(const struct table_validation *validation);

/* --- what the steps share --- */

/* A check of each record of a section. */
struct table_rule {
    enum table_section section;
    bool (*check)(const struct table_validation *, uint32_t record);
};

bool table_apply_rules(const struct table_validation *validation, const struct table_rule *rules,
                       size_t count);

/* Hash slots and what their owner, record `record` of `section`, says of them. */
struct table_slots_owner {
    enum table_section section;
    uint32_t record;
    enum table_section slot_section;
    uint32_t first_slot;
    struct table_hash_slots slots;
    bool has_leading;
    bool has_trailing;
};

bool table_validate_slots(const struct table_validation *validation,
                          const struct table_slots_owner *owner);

/* Whether it can be the name of a header field or a cookie. */
bool table_is_token(struct slice name);

/* What is wrong with the prefix of a network; NULL: nothing. */
const char *table_check_network(uint32_t match, uint32_t prefix);

/* Fills in the error and returns false. `field` may be NULL. */
bool table_refuse(const struct table_validation *validation, enum table_section section,
                  uint32_t record, const char *field, const char *reason);

#endif
