/* Builds a table: sections as growing arrays, equal runs found by their bytes, one file at the
 * end. A large site has sections of many megabytes, so they lie outside the arena, where growing
 * leaves nothing behind. */
#include "table/writer.h"

#include "table/table.h"

#include <stdlib.h>
#include <string.h>
#include <xxhash.h>

enum { FIRST_CAPACITY = 64 };

/* TABLE_NONE must not be the index of a record. */
static const uint32_t count_limit = TABLE_NONE - 1;

static const uint32_t kind_sizes[TABLE_KIND_COUNT] = {
    [TABLE_KIND_U32] = 4,      [TABLE_KIND_U64] = 8,    [TABLE_KIND_FLAG] = 4,
    [TABLE_KIND_ENUM] = 4,     [TABLE_KIND_STRING] = 8, [TABLE_KIND_BYTES16] = 16,
    [TABLE_KIND_PAIR] = 16,    [TABLE_KIND_PLACE] = 8,  [TABLE_KIND_INDEX] = 4,
    [TABLE_KIND_OPTIONAL] = 4, [TABLE_KIND_RANGE] = 8,  [TABLE_KIND_OWNED] = 8,
};

static void add_gap(struct table_writer_section *section, uint32_t begin, uint32_t end) {
    if (begin < end) {
        section->gaps[section->gap_count++] = (struct table_writer_gap){begin, end - begin};
    }
}

/* The fields are in the order of their offsets. */
static void find_gaps(struct table_writer_section *section, const struct table_record *record) {
    uint32_t end = 0;
    for (uint32_t i = 0; i < record->field_count; i++) {
        const struct table_field *field = &record->fields[i];
        add_gap(section, end, field->offset);
        end = field->offset + kind_sizes[field->kind];
    }
    add_gap(section, record->field_count == 0 ? record->size : end, record->size);
}

/* What lies between fields is not defined in C; in a table it is zero. */
static void clear_gaps(const struct table_writer_section *section, size_t record_size,
                       char *records, uint32_t count) {
    for (uint32_t i = 0; section->gap_count > 0 && i < count; i++) {
        for (uint32_t gap = 0; gap < section->gap_count; gap++) {
            memset(records + i * record_size + section->gaps[gap].offset, 0,
                   section->gaps[gap].size);
        }
    }
}

static void release_section(struct table_writer_section *section) {
    free(section->records);
    section->records = NULL;
    interner_release(&section->interned);
}

static void release_sections(void *data) {
    struct table_writer_section *sections = data;
    for (enum table_section i = 0; i < TABLE_SECTION_COUNT; i++) {
        release_section(&sections[i]);
    }
}

static void own(struct arena *arena, void (*release)(void *), void *data) {
    if (!arena_add_cleanup(arena, release, data)) {
        memory_exhausted();
    }
}

void table_writer_init(struct table_writer *writer, struct arena *arena) {
    *writer = (struct table_writer){.arena = arena};
    writer->sections = arena_require(arena, TABLE_SECTION_COUNT * sizeof *writer->sections);
    own(arena, release_sections, writer->sections);
    for (enum table_section i = 0; i < TABLE_SECTION_COUNT; i++) {
        find_gaps(&writer->sections[i], &table_records[i]);
    }
    /* The empty string is at offset 0, where a zeroed record looks for it. */
    table_writer_string(writer, SLICE(""));
}

static void grow(struct table_writer_section *section, size_t record_size, uint32_t needed) {
    size_t capacity = section->capacity == 0 ? FIRST_CAPACITY : section->capacity;
    while (capacity < needed) {
        capacity *= 2;
    }
    if (capacity > count_limit) {
        capacity = count_limit;
    }
    char *records = realloc(section->records, capacity * record_size);
    if (records == NULL) {
        memory_exhausted();
    }
    section->records = records;
    section->capacity = (uint32_t)capacity;
}

/* Room for `count` more records at the end of the section, not yet counted; NULL beyond the
 * format's limits. What lies there may be left over from a run that was found elsewhere. */
static char *reserve(struct table_writer *writer, enum table_section id, size_t count) {
    struct table_writer_section *section = &writer->sections[id];
    size_t record_size = table_records[id].size;
    if (count > count_limit - section->count) {
        writer->overflow = true;
        return NULL;
    }
    uint32_t needed = section->count + (uint32_t)count;
    if (needed > section->capacity) {
        grow(section, record_size, needed);
    }
    return section->records + section->count * record_size;
}

struct table_string table_writer_string(struct table_writer *writer, struct slice text) {
    struct table_writer_section *strings = &writer->sections[TABLE_SECTION_strings];
    if (text.size > count_limit) {
        writer->overflow = true;
        return (struct table_string){0, 0};
    }
    uint32_t size = (uint32_t)text.size;
    uint32_t hash = interner_hash(text.data, text.size);
    uint32_t offset = interner_find(&strings->interned, hash, strings->records, 1, text.data, size);
    if (offset == TABLE_NONE) {
        char *copy = reserve(writer, TABLE_SECTION_strings, text.size + 1);
        if (copy == NULL) {
            return (struct table_string){0, 0};
        }
        if (text.size > 0) {
            memcpy(copy, text.data, text.size);
        }
        copy[text.size] = '\0';
        offset = strings->count;
        strings->count += size + 1;
        interner_add(&strings->interned, hash, offset, size);
    }
    return (struct table_string){offset, size};
}

uint32_t table_writer_add(struct table_writer *writer, enum table_section section) {
    char *record = reserve(writer, section, 1);
    if (record == NULL) {
        return 0;
    }
    memset(record, 0, table_records[section].size);
    return writer->sections[section].count++;
}

void *table_writer_record(struct table_writer *writer, enum table_section section, uint32_t index) {
    return writer->sections[section].records + (size_t)index * table_records[section].size;
}

uint32_t table_writer_append(struct table_writer *writer, enum table_section section,
                             const void *record) {
    struct table_writer_section *target = &writer->sections[section];
    char *copy = reserve(writer, section, 1);
    if (copy == NULL) {
        return 0;
    }
    memcpy(copy, record, table_records[section].size);
    clear_gaps(target, table_records[section].size, copy, 1);
    return target->count++;
}

struct table_range table_writer_intern(struct table_writer *writer, enum table_section section,
                                       const void *records, uint32_t count) {
    struct table_writer_section *target = &writer->sections[section];
    size_t record_size = table_records[section].size;
    if (count == 0) {
        return (struct table_range){0, 0};
    }
    char *copy = reserve(writer, section, count);
    if (copy == NULL) {
        return (struct table_range){0, 0};
    }
    memcpy(copy, records, count * record_size);
    clear_gaps(target, record_size, copy, count);
    uint32_t hash = interner_hash(copy, count * record_size);
    uint32_t first =
        interner_find(&target->interned, hash, target->records, record_size, copy, count);
    if (first == TABLE_NONE) {
        first = target->count;
        target->count += count;
        interner_add(&target->interned, hash, first, count);
    }
    return (struct table_range){first, count};
}

static size_t align(size_t size) {
    return (size + 7) & ~(size_t)7;
}

/* Fills in the section directory and returns the size of the whole file. */
static size_t place_sections(const struct table_writer *writer, struct table_header *header) {
    size_t end = sizeof *header;
    for (enum table_section i = 0; i < TABLE_SECTION_COUNT; i++) {
        uint32_t count = writer->sections[i].count;
        header->sections[i] = (struct table_section_entry){end, count, table_records[i].size};
        end = align(end + (size_t)count * table_records[i].size);
    }
    return end;
}

/* Sections one after the other, with zeros up to the next or to the end of the file. Each is given
 * up once it is copied, so that a large site is never in memory twice. */
static void fill_in(struct table_writer *writer, const struct table_header *header, char *file) {
    memcpy(file, header, sizeof *header);
    size_t end = sizeof *header;
    for (enum table_section i = 0; i < TABLE_SECTION_COUNT; i++) {
        const struct table_section_entry *entry = &header->sections[i];
        memset(file + end, 0, entry->offset - end);
        size_t size = (size_t)entry->count * entry->record_size;
        if (size > 0) {
            memcpy(file + entry->offset, writer->sections[i].records, size);
        }
        end = entry->offset + size;
        release_section(&writer->sections[i]);
    }
    memset(file + end, 0, header->size - end);
}

struct slice table_writer_finish(struct table_writer *writer) {
    if (writer->overflow) {
        return (struct slice){NULL, 0};
    }
    struct table_header header = {
        .byte_order = TABLE_BYTE_ORDER,
        .version = TABLE_VERSION,
        .layout = table_layout_hash(),
        .section_count = TABLE_SECTION_COUNT,
    };
    memcpy(header.magic, TABLE_MAGIC, sizeof header.magic);
    header.size = place_sections(writer, &header);
    char *file = malloc(header.size);
    if (file == NULL) {
        memory_exhausted();
    }
    own(writer->arena, free, file);
    fill_in(writer, &header, file);
    ((struct table_header *)(void *)file)->checksum = XXH3_64bits(file, header.size);
    return (struct slice){file, header.size};
}
