/* Builds a table: collects records section by section, stores equal things once, and lays out the
 * file. Knows the format, not where the records come from. For the compiler: running out of memory
 * ends the process. */
#ifndef TABLE_WRITER_H
#define TABLE_WRITER_H

#include "base/arena.h"
#include "table/interner.h"

/* Bytes between two fields of a record, or behind the last. */
struct table_writer_gap {
    uint32_t offset;
    uint32_t size;
};
enum { TABLE_WRITER_GAPS = 32 }; /* more than any record has */

struct table_writer_section {
    char *records;
    uint32_t count;
    uint32_t capacity;
    struct interner interned;
    struct table_writer_gap gaps[TABLE_WRITER_GAPS];
    uint32_t gap_count;
};

struct table_writer {
    struct arena *arena;                   /* with it all memory of the writer is released */
    struct table_writer_section *sections; /* indexed by enum table_section */
    bool overflow; /* some section grew beyond what the format can address */
};

void table_writer_init(struct table_writer *writer, struct arena *arena);

/* The string's place; equal strings share one. */
struct table_string table_writer_string(struct table_writer *writer, struct slice text);

/* Appends one zeroed record and returns its index. */
uint32_t table_writer_add(struct table_writer *writer, enum table_section section);

/* The record, to be filled in; valid until the next addition to the same section. */
void *table_writer_record(struct table_writer *writer, enum table_section section, uint32_t index);

/* Appends a copy of one record and returns its index; what lies between its fields is not copied.
 */
uint32_t table_writer_append(struct table_writer *writer, enum table_section section,
                             const void *record);

/* Appends `count` records, or finds an equal run added by this function before. */
struct table_range table_writer_intern(struct table_writer *writer, enum table_section section,
                                       const void *records, uint32_t count);

/* The finished file, which lives as long as the arena: the same input gives the same bytes. An
 * empty slice when the site is too large for the format. The sections are gone afterwards. */
struct slice table_writer_finish(struct table_writer *writer);

#endif
