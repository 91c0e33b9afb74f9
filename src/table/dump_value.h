/* Values of a table as text: what the overview and the sections of a dump have in common. */
#ifndef TABLE_DUMP_VALUE_H
#define TABLE_DUMP_VALUE_H

#include "table/table.h"

#include <stdio.h>

struct dumper {
    FILE *out;
    const struct table *table;
};

/* Text with quotes and what is not printable escaped; cut when very long. */
void dump_text(const struct dumper *dumper, struct slice text);

/* The same in quotes. */
void dump_string(const struct dumper *dumper, struct table_string string);

/* Whether a field of 64 bits is a time in milliseconds, or a size or rate; what else is that wide
 * are hashes. */
bool dump_is_time(enum table_section section, const struct table_field *field);
bool dump_is_amount(enum table_section section, const struct table_field *field);

/* One field of a record, by its kind. */
void dump_field(const struct dumper *dumper, enum table_section section,
                const struct table_field *field, const void *record);

/* An IPv4 address when all but the first four bytes are zero, else an IPv6 one. */
void dump_address(const struct dumper *dumper, const struct table_bytes16 *address);

/* An address of a family, AF_INET or AF_INET6. */
void dump_network_address(const struct dumper *dumper, int family, const void *address);

/* What a record says or is called, in few words; false, and nothing printed, when there is no
 * short way to say it. */
bool dump_description(const struct dumper *dumper, enum table_section section, uint32_t index);

/* The number of a record and its description, for those who refer to it. */
void dump_reference(const struct dumper *dumper, enum table_section section, uint32_t index);

/* The same for all of a range, separated by commas. */
void dump_references(const struct dumper *dumper, enum table_section section,
                     struct table_range range);

/* A program in the notation of the configuration: "$host$uri", or set and return statements. */
void dump_program(const struct dumper *dumper, uint32_t program);

/* One op in the same notation. */
void dump_op(const struct dumper *dumper, uint32_t op);

/* The condition of an `if`: a test and the skip behind it, as in if ("$host" = "x"). */
void dump_condition(const struct dumper *dumper, uint32_t test);

/* --- dump_health.c: what these records say --- */

void dump_health_check(const struct dumper *dumper, uint32_t index);
void dump_health_match(const struct dumper *dumper, uint32_t index);
void dump_status_range(const struct dumper *dumper, uint32_t index);
void dump_header_test(const struct dumper *dumper, uint32_t index);
void dump_body_test(const struct dumper *dumper, uint32_t index);

/* FILE:LINE, or "nowhere". */
void dump_place(const struct dumper *dumper, struct table_place place);

#endif
