/* What is printed, kept in memory. */
#include "table/dump_memory.h"

#include "base/arena.h"

#include <stdlib.h>

void dump_memory_open(struct dump_memory *memory) {
    *memory = (struct dump_memory){0};
    memory->out = open_memstream(&memory->data, &memory->size);
    if (memory->out == NULL) {
        memory_exhausted();
    }
}

struct slice dump_memory_close(struct dump_memory *memory) {
    if (fclose(memory->out) != 0) {
        memory_exhausted();
    }
    memory->out = NULL;
    return (struct slice){memory->data, memory->size};
}

void dump_memory_release(struct dump_memory *memory) {
    free(memory->data);
    memory->data = NULL;
}
