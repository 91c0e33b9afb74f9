/* A table as JSON, for programs. */
#ifndef CLI_DUMP_JSON_H
#define CLI_DUMP_JSON_H

#include "table/table.h"

#include <stdio.h>

/* Prints one document with every section, or with `section` alone when it is not
 * TABLE_SECTION_COUNT. Running out of memory ends the process. */
void dump_json_print(FILE *out, const struct table *table, enum table_section section);

#endif
