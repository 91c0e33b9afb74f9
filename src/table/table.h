/* A table in memory: opening with validation, and access to its records. After table_open has
 * succeeded every offset, index, range, enum and program in it is known to be sound, and nobody
 * checks again. */
#ifndef TABLE_TABLE_H
#define TABLE_TABLE_H

#include "base/slice.h"
#include "table/layout.h"

struct table {
    /* For each section an array of its records and their number: table->server[i],
     * table->server_count. */
    const struct table_header *header;
    const char *strings;
#define RECORD_BEGIN(name, summary)                                                                \
    const struct table_##name *name;                                                               \
    uint32_t name##_count;
#include "table/layout.def"
};

/* Why a table was refused. */
struct table_error {
    const char *section; /* its name, "header", or NULL for the file as a whole */
    uint32_t record;     /* its number within the section */
    const char *field;   /* may be NULL */
    const char *reason;  /* a constant, e.g. "points beyond the strings" */
};

/* Validates `size` bytes at `data` (8-byte aligned) and fills in `table`, which borrows them. Any
 * bytes are safe to pass. */
bool table_open(struct table *table, const void *data, size_t size, struct table_error *error);

/* The same for bytes that table_open has accepted in another process and that nobody can have
 * changed since (a sealed memory file): nothing is validated, so this costs nothing. */
void table_attach(struct table *table, const void *data);

/* What table_error says in one line, e.g. `section "node", record 12, field "children": ...`. */
void table_error_format(const struct table_error *error, char *buffer, size_t size);

/* The hash of this build's layout; see struct table_header. */
uint64_t table_layout_hash(void);

static inline struct slice table_text(const struct table *table, struct table_string string) {
    return (struct slice){table->strings + string.offset, string.length};
}

/* The same as a zero-terminated string. */
static inline const char *table_chars(const struct table *table, struct table_string string) {
    return table->strings + string.offset;
}

/* What the location does with a request besides answering it. */
static inline const struct table_handling *
table_handling_of(const struct table *table, const struct table_location *location) {
    return &table->handling[location->handling];
}

/* Record `index` of any section, as bytes. */
static inline const char *table_record_at(const struct table *table, enum table_section section,
                                          uint32_t index) {
    const struct table_section_entry *entry = &table->header->sections[section];
    return (const char *)table->header + entry->offset + (size_t)index * entry->record_size;
}

/* Field descriptions, for validation, dump and diff. */
enum table_field_kind {
    TABLE_KIND_U32,
    TABLE_KIND_U64,
    TABLE_KIND_FLAG,
    TABLE_KIND_ENUM,
    TABLE_KIND_STRING,
    TABLE_KIND_BYTES16,
    TABLE_KIND_PAIR,
    TABLE_KIND_PLACE,
    TABLE_KIND_INDEX,
    TABLE_KIND_OPTIONAL,
    TABLE_KIND_RANGE,
    TABLE_KIND_OWNED,
};
#define TABLE_KIND_COUNT 12

struct table_field {
    const char *name;
    const char *const *words; /* of ENUM: what each value is called */
    uint32_t enum_count;      /* of ENUM */
    enum table_field_kind kind;
    enum table_section target; /* of INDEX, OPTIONAL, RANGE, OWNED; else TABLE_SECTION_COUNT */
    uint32_t offset;
};

struct table_record {
    const char *name;
    const char *summary;
    uint32_t size;
    uint32_t field_count;
    const struct table_field *fields;
};

/* Indexed by enum table_section; the strings section has no fields. */
extern const struct table_record table_records[TABLE_SECTION_COUNT];

/* A balancing method in words, e.g. "hash-consistent". */
const char *table_balance_method_word(uint32_t method);

#endif
