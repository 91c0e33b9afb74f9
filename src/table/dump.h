/* A table as text, for people. */
#ifndef TABLE_DUMP_H
#define TABLE_DUMP_H

#include "table/table.h"

#include <stdio.h>

/* Prints every section, or only `section` when it is not TABLE_SECTION_COUNT. */
void table_dump(FILE *out, const struct table *table, enum table_section section);

/* The parameters of a peer that are not nginx's defaults, a space before each. */
void table_dump_peer_parameters(FILE *out, const struct table_peer *peer);

/* TABLE_SECTION_COUNT when no section has that name. */
enum table_section table_section_by_name(struct slice name);

#endif
