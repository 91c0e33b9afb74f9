/* The steps of table_open. Each looks at one aspect of a table whose earlier aspects have been
 * found sound, returns false at the first fault and says in `error` where it is. None needs memory
 * of its own, and none takes longer than in proportion to the table's size. */
#ifndef TABLE_VALIDATE_H
#define TABLE_VALIDATE_H

#include "table/table.h"

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

/* Fills in the error and returns false. `field` may be NULL. */
bool table_refuse(const struct table_validation *validation, enum table_section section,
                  uint32_t record, const char *field, const char *reason);

#endif
