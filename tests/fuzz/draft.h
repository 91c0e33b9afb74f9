/* A table taken apart into its sections, so that records can come and go, and put together again.
 * Knows the format by its descriptions alone; what lies in the sections need not be sound. */
#ifndef DRAFT_H
#define DRAFT_H

#include "../unit/table/sample.h"
#include "fuzz.h"

struct draft_section {
    uint8_t *records;
    uint32_t count;
    uint32_t capacity;
};

struct draft {
    struct draft_section sections[TABLE_SECTION_COUNT];
};

/* Mutations must depend on the seed alone. */
struct random {
    uint64_t state;
};

static uint32_t next_random(struct random *random) {
    random->state = random->state * 6364136223846793005u + 1442695040888963407u;
    return (uint32_t)(random->state >> 33);
}

static uint64_t clamp(uint64_t value, uint64_t low, uint64_t high) {
    return value < low ? low : value > high ? high : value;
}

static uint32_t random_below(struct random *random, uint32_t limit) {
    return limit == 0 ? 0 : next_random(random) % limit;
}

/* One time in `times`. */
static bool happens(struct random *random, uint32_t times) {
    return random_below(random, times) == 0;
}

static void *draft_record(struct draft *draft, enum table_section section, uint32_t index) {
    return draft->sections[section].records + (size_t)index * table_records[section].size;
}

static uint32_t draft_count(const struct draft *draft, enum table_section section) {
    return draft->sections[section].count;
}

static void draft_reserve(struct draft *draft, enum table_section section, uint32_t more) {
    struct draft_section *target = &draft->sections[section];
    if (target->records != NULL && target->capacity - target->count >= more) {
        return;
    }
    target->capacity = target->count + more + 4;
    target->records =
        realloc(target->records, (size_t)target->capacity * table_records[section].size);
    require(target->records != NULL);
}

/* Whether the section directory can be followed. */
static bool is_table(const void *data, size_t size) {
    const struct table_header *header = data;
    if (size < sizeof *header) {
        return false;
    }
    for (enum table_section i = 0; i < TABLE_SECTION_COUNT; i++) {
        const struct table_section_entry *entry = &header->sections[i];
        if (entry->record_size != table_records[i].size || entry->offset > size ||
            (uint64_t)entry->count * entry->record_size > size - entry->offset) {
            return false;
        }
    }
    return true;
}

static void draft_read(struct draft *draft, const void *data) {
    const struct table_header *header = data;
    memset(draft, 0, sizeof *draft);
    for (enum table_section i = 0; i < TABLE_SECTION_COUNT; i++) {
        const struct table_section_entry *entry = &header->sections[i];
        draft_reserve(draft, i, entry->count);
        draft->sections[i].count = entry->count;
        memcpy(draft->sections[i].records, (const char *)data + entry->offset,
               (size_t)entry->count * entry->record_size);
    }
}

static void draft_release(struct draft *draft) {
    for (enum table_section i = 0; i < TABLE_SECTION_COUNT; i++) {
        free(draft->sections[i].records);
    }
}

/* Lays the sections out one behind the other. Returns the size, or 0 when there is no room. */
static size_t draft_write(const struct draft *draft, void *data, size_t max_size) {
    struct table_header header = {.size = 0};
    size_t end = sizeof header;
    for (enum table_section i = 0; i < TABLE_SECTION_COUNT; i++) {
        uint32_t count = draft->sections[i].count;
        header.sections[i] = (struct table_section_entry){end, count, table_records[i].size};
        end = (end + (size_t)count * table_records[i].size + 7) & ~(size_t)7;
    }
    if (end > max_size) {
        return 0;
    }
    memset(data, 0, end);
    memcpy(data, &header, sizeof header);
    for (enum table_section i = 0; i < TABLE_SECTION_COUNT; i++) {
        memcpy((char *)data + header.sections[i].offset, draft->sections[i].records,
               (size_t)draft->sections[i].count * table_records[i].size);
    }
    sample_repair(data, end);
    return end;
}

/* --- strings --- */

static struct slice draft_text(const struct draft *draft, struct table_string string) {
    const struct draft_section *strings = &draft->sections[TABLE_SECTION_strings];
    if ((uint64_t)string.offset + string.length > strings->count) {
        return SLICE("");
    }
    return (struct slice){(const char *)strings->records + string.offset, string.length};
}

/* Whether there is such a string, ended as strings are. */
static bool draft_has_text(const struct draft *draft, struct table_string string) {
    const struct draft_section *strings = &draft->sections[TABLE_SECTION_strings];
    uint64_t end = (uint64_t)string.offset + string.length;
    return end < strings->count && strings->records[end] == '\0';
}

/* A string of its own at the end of the section. */
static struct table_string draft_add_text(struct draft *draft, struct slice text) {
    draft_reserve(draft, TABLE_SECTION_strings, (uint32_t)text.size + 1);
    struct draft_section *strings = &draft->sections[TABLE_SECTION_strings];
    struct table_string string = {strings->count, (uint32_t)text.size};
    if (text.size > 0) {
        memcpy(strings->records + strings->count, text.data, text.size);
    }
    strings->records[strings->count + text.size] = '\0';
    strings->count += (uint32_t)text.size + 1;
    return string;
}

static struct table_string keep_text(struct table_writer *writer, const struct draft *draft,
                                     struct table_string string) {
    return table_writer_string(writer, draft_text(draft, string));
}

/* Drops strings that nothing refers to, and all but one of equal ones. */
static void draft_compact(struct draft *draft) {
    struct arena arena;
    struct table_writer writer;
    arena_init(&arena, 1 << 14);
    table_writer_init(&writer, &arena);
    for (enum table_section section = 0; section < TABLE_SECTION_COUNT; section++) {
        for (uint32_t i = 0; i < table_records[section].field_count; i++) {
            const struct table_field *field = &table_records[section].fields[i];
            for (uint32_t j = 0;
                 field->kind == TABLE_KIND_STRING && j < draft_count(draft, section); j++) {
                struct table_string string;
                char *place = (char *)draft_record(draft, section, j) + field->offset;
                memcpy(&string, place, sizeof string);
                string = keep_text(&writer, draft, string);
                memcpy(place, &string, sizeof string);
            }
        }
    }
    for (uint32_t i = 0; i < draft_count(draft, TABLE_SECTION_op); i++) {
        struct table_op *op = draft_record(draft, TABLE_SECTION_op, i);
        if (op->code == TABLE_OP_APPEND_TEXT) {
            struct table_string kept =
                keep_text(&writer, draft, (struct table_string){op->a, op->b});
            op->a = kept.offset;
            op->b = kept.length;
        }
    }
    const struct table_writer_section *kept = &writer.sections[TABLE_SECTION_strings];
    draft->sections[TABLE_SECTION_strings].count = 0;
    draft_reserve(draft, TABLE_SECTION_strings, kept->count);
    memcpy(draft->sections[TABLE_SECTION_strings].records, kept->records, kept->count);
    draft->sections[TABLE_SECTION_strings].count = kept->count;
    arena_release(&arena);
}

/* --- records that come and go --- */

/* What happens to a reference to record `index` of a section where `delta` (1 or -1) records were
 * put in or taken out at `at`. */
static uint32_t moved_index(uint32_t index, uint32_t at, int delta) {
    return index != TABLE_NONE && index >= at + (delta < 0) ? index + (uint32_t)delta : index;
}

static struct table_range moved_range(struct table_range range, uint32_t at, int delta) {
    if (at < range.first || (delta > 0 && at == range.first)) {
        range.first += (uint32_t)delta;
    } else if (at - range.first < range.count) {
        range.count += (uint32_t)delta;
    }
    return range;
}

static void move_field(void *value, enum table_field_kind kind, uint32_t at, int delta) {
    if (kind == TABLE_KIND_INDEX || kind == TABLE_KIND_OPTIONAL) {
        uint32_t index;
        memcpy(&index, value, sizeof index);
        index = moved_index(index, at, delta);
        memcpy(value, &index, sizeof index);
    } else {
        struct table_range range;
        memcpy(&range, value, sizeof range);
        range = moved_range(range, at, delta);
        memcpy(value, &range, sizeof range);
    }
}

/* References in records; those in ops are for whoever changes programs. */
static void draft_move_references(struct draft *draft, enum table_section moved, uint32_t at,
                                  int delta) {
    for (enum table_section section = 0; section < TABLE_SECTION_COUNT; section++) {
        for (uint32_t i = 0; i < table_records[section].field_count; i++) {
            const struct table_field *field = &table_records[section].fields[i];
            for (uint32_t j = 0; field->target == moved && j < draft_count(draft, section); j++) {
                char *record = draft_record(draft, section, j);
                move_field(record + field->offset, field->kind, at, delta);
            }
        }
    }
}

/* Makes room for one record at `at`, a copy of what was there or before. */
static void draft_insert(struct draft *draft, enum table_section section, uint32_t at) {
    size_t size = table_records[section].size;
    draft_reserve(draft, section, 1);
    uint8_t *place = draft_record(draft, section, at);
    memmove(place + size, place, (draft_count(draft, section) - at) * size);
    if (at == draft_count(draft, section) && at > 0) {
        memcpy(place, place - size, size);
    } else if (at == draft_count(draft, section)) {
        memset(place, 0, size);
    }
    draft->sections[section].count++;
}

static void draft_remove(struct draft *draft, enum table_section section, uint32_t at) {
    size_t size = table_records[section].size;
    uint8_t *place = draft_record(draft, section, at);
    memmove(place, place + size, (draft_count(draft, section) - at - 1) * size);
    draft->sections[section].count--;
}

#endif
