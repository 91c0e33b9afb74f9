/* The first part of a dump: the site as it will serve, from the listeners down. */
#ifndef TABLE_DUMP_OVERVIEW_H
#define TABLE_DUMP_OVERVIEW_H

#include "table/dump_value.h"

void dump_overview(const struct dumper *dumper);

#endif
