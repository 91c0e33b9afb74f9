/* Things of a table in the configuration's notation, as texts in an arena. */
#ifndef CLI_NOTATION_H
#define CLI_NOTATION_H

#include "table/table.h"

#include "base/arena.h"

/* "^~ /static/"; "(none)" for TABLE_NONE. */
struct slice notation_location(struct arena *arena, const struct table *table, uint32_t location);

/* The name of a slot of a server-name index: "*.example.com". */
struct slice notation_name(struct arena *arena, const struct table *table,
                           const struct table_name_slot *slot);

/* "~ \.php$" or "~* ...". */
struct slice notation_regex(struct arena *arena, const struct table *table, uint32_t regex);

/* A template, in quotes where the configuration would need them. */
struct slice notation_template(struct arena *arena, const struct table *table, uint32_t program);

/* The condition of an `if` whose test is this op, e.g. `$request_method !~ ^GET$`. */
struct slice notation_condition(struct arena *arena, const struct table *table, uint32_t op);

/* "deny 10.0.0.0/8" */
struct slice notation_access_rule(struct arena *arena, const struct table *table, uint32_t rule);
struct slice notation_trusted_network(struct arena *arena, const struct table *table,
                                      uint32_t network);

/* What the dump says of a record where another names it: "zone=api burst=20". */
struct slice notation_record(struct arena *arena, const struct table *table,
                             enum table_section section, uint32_t record);

/* A text in quotes, if a word of the configuration would need them. */
struct slice notation_word(struct arena *arena, struct slice text);

/* FILE:LINE; empty for what nobody wrote. */
struct slice notation_place(struct arena *arena, const struct table *table,
                            struct table_place place);

/* A setting as it would be written: "1m", "60s", "on". `record` is of the section. */
struct slice notation_setting(struct arena *arena, const struct table *table,
                              enum table_section section, const char *name, const void *record);

#endif
