/* A stream into memory, for those who need what the dump prints as a piece of text. For the
 * compiler: running out of memory ends the process. */
#ifndef TABLE_DUMP_MEMORY_H
#define TABLE_DUMP_MEMORY_H

#include "base/slice.h"

#include <stdio.h>

struct dump_memory {
    FILE *out; /* to be printed to */
    char *data;
    size_t size;
};

void dump_memory_open(struct dump_memory *memory);

/* What was printed; it lives until dump_memory_release. */
struct slice dump_memory_close(struct dump_memory *memory);

void dump_memory_release(struct dump_memory *memory);

#endif
