/* Opening a table: the header, the checksum and the section directory; then the steps of
 * validate.h over what lies in the sections. */
#define XXH_STATIC_LINKING_ONLY /* the streaming state on the stack */
#include "table/signature.h"
#include "table/validate.h"

#include <stddef.h>
#include <stdio.h>
#include <string.h>
#include <xxhash.h>

static bool refuse_header(struct table_error *error, const char *field, const char *reason) {
    *error = (struct table_error){"header", 0, field, reason};
    return false;
}

bool table_refuse(const struct table_validation *validation, enum table_section section,
                  uint32_t record, const char *field, const char *reason) {
    *validation->error = (struct table_error){table_records[section].name, record, field, reason};
    return false;
}

bool table_apply_rules(const struct table_validation *validation, const struct table_rule *rules,
                       size_t count) {
    for (size_t i = 0; i < count; i++) {
        uint32_t records = validation->table->header->sections[rules[i].section].count;
        for (uint32_t record = 0; record < records; record++) {
            if (!rules[i].check(validation, record)) {
                return false;
            }
        }
    }
    return true;
}

static uint64_t compute_checksum(const char *data, size_t size) {
    static const char zero[sizeof(uint64_t)];
    size_t field = offsetof(struct table_header, checksum);
    size_t behind = field + sizeof zero;
    XXH3_state_t state;
    XXH3_64bits_reset(&state);
    XXH3_64bits_update(&state, data, field);
    XXH3_64bits_update(&state, zero, sizeof zero);
    XXH3_64bits_update(&state, data + behind, size - behind);
    return XXH3_64bits_digest(&state);
}

/* What the file is, before its size is trusted: a foreign or older file gets a reason of its own
 * rather than a failed checksum. */
static bool check_kind(const struct table_header *header, size_t size, struct table_error *error) {
    if (size < offsetof(struct table_header, sections) ||
        memcmp(header->magic, TABLE_MAGIC, sizeof header->magic) != 0) {
        return refuse_header(error, "magic", "is not that of a table");
    }
    if (header->byte_order != TABLE_BYTE_ORDER) {
        return refuse_header(error, "byte_order", "is that of another kind of machine");
    }
    if (header->version != TABLE_VERSION) {
        return refuse_header(error, "version", "is one that this program does not read");
    }
    if (header->layout != table_layout_hash()) {
        return refuse_header(error, "layout", "is that of a differently built compiler");
    }
    return true;
}

/* The table may be all there is, or be followed by its signature. */
static bool check_size(const struct table_header *header, size_t size, struct table_error *error) {
    if (header->size > size) {
        return refuse_header(error, "size", "is more than the file holds");
    }
    if (header->size != size && table_signature_find(header, size) == NULL) {
        *error = (struct table_error){NULL, 0, NULL, "is followed by what is no signature of it"};
        return false;
    }
    return true;
}

static bool check_header(const struct table_header *header, size_t size,
                         struct table_error *error) {
    if (!check_kind(header, size, error) || !check_size(header, size, error)) {
        return false;
    }
    size = header->size;
    if (header->section_count != TABLE_SECTION_COUNT) {
        return refuse_header(error, "section_count", "is not that of this format");
    }
    if (size < sizeof *header) {
        return refuse_header(error, "size", "is too small for the section directory");
    }
    if (header->reserved != 0) {
        return refuse_header(error, "reserved", "is not zero");
    }
    if (header->checksum != compute_checksum((const char *)header, size)) {
        return refuse_header(error, "checksum", "does not match: the file is damaged");
    }
    return true;
}

static bool refuse_section(struct table_error *error, enum table_section section,
                           const char *reason) {
    *error = (struct table_error){"header", (uint32_t)section, "sections", reason};
    return false;
}

/* The bytes between two sections, fewer than 8. */
static bool is_zero(const char *data, size_t begin, size_t end) {
    for (size_t i = begin; i < end; i++) {
        if (data[i] != 0) {
            return false;
        }
    }
    return true;
}

/* Sections follow one another in the directory's order, so that none overlaps another and every
 * byte of the file has one meaning. */
static bool check_directory(const struct table_header *header, struct table_error *error) {
    uint64_t end = sizeof *header;
    for (enum table_section i = 0; i < TABLE_SECTION_COUNT; i++) {
        const struct table_section_entry *entry = &header->sections[i];
        uint64_t aligned = (end + 7) & ~(uint64_t)7;
        if (entry->offset != aligned) {
            return refuse_section(error, i, "does not follow the section before");
        }
        if (entry->record_size != table_records[i].size) {
            return refuse_section(error, i, "has records of another size");
        }
        if (aligned > header->size ||
            (uint64_t)entry->count * entry->record_size > header->size - aligned) {
            return refuse_section(error, i, "reaches beyond the end of the file");
        }
        if (!is_zero((const char *)header, end, aligned)) {
            return refuse_section(error, i, "has non-zero bytes before it");
        }
        end = aligned + (uint64_t)entry->count * entry->record_size;
    }
    if (((end + 7) & ~(uint64_t)7) != header->size ||
        !is_zero((const char *)header, end, header->size)) {
        return refuse_header(error, "size", "goes beyond the last section");
    }
    return true;
}

/* Sections are aligned to 8 within data that is aligned to 8. */
static const void *section_data(const struct table_header *header, enum table_section section) {
    return (const char *)header + header->sections[section].offset;
}

/* Where struct table has the records of a section and their number. */
static const struct {
    size_t records;
    size_t count;
} members[] = {
#define RECORD_BEGIN(name, summary)                                                                \
    [TABLE_SECTION_##name] = {offsetof(struct table, name), offsetof(struct table, name##_count)},
#include "table/layout.def"
};

static void fill_in(struct table *table, const struct table_header *header) {
    table->header = header;
    table->strings = section_data(header, TABLE_SECTION_strings);
    for (enum table_section i = 0; i < TABLE_SECTION_strings; i++) {
        const void *records = section_data(header, i);
        memcpy((char *)table + members[i].records, &records, sizeof records);
        memcpy((char *)table + members[i].count, &header->sections[i].count, sizeof(uint32_t));
    }
}

static bool check_contents(const struct table_validation *validation) {
    if (validation->table->process_count != 1) {
        *validation->error = (struct table_error){"process", 0, NULL, "must be exactly one record"};
        return false;
    }
    static bool (*const steps[])(const struct table_validation *) = {
        table_validate_fields,    table_validate_settings,  table_validate_programs,
        table_validate_names,     table_validate_locations, table_validate_routing,
        table_validate_balancing, table_validate_maps,      table_validate_files,
        table_validate_limits,    table_validate_referers,
    };
    for (size_t i = 0; i < sizeof steps / sizeof steps[0]; i++) {
        if (!steps[i](validation)) {
            return false;
        }
    }
    return true;
}

bool table_open(struct table *table, const void *data, size_t size, struct table_error *error) {
    if ((uintptr_t)data % 8 != 0) {
        *error = (struct table_error){NULL, 0, NULL, "is not aligned in memory"};
        return false;
    }
    const struct table_header *header = data;
    if (!check_header(header, size, error) || !check_directory(header, error)) {
        return false;
    }
    struct table opened;
    fill_in(&opened, header);
    struct table_validation validation = {&opened, error};
    if (!check_contents(&validation)) {
        return false;
    }
    *table = opened;
    return true;
}

void table_attach(struct table *table, const void *data) {
    fill_in(table, data);
}

void table_error_format(const struct table_error *error, char *buffer, size_t size) {
    if (error->section == NULL) {
        snprintf(buffer, size, "the table %s", error->reason);
    } else if (error->field == NULL) {
        snprintf(buffer, size, "section \"%s\", record %u: %s", error->section, error->record,
                 error->reason);
    } else if (strcmp(error->section, "header") != 0) {
        snprintf(buffer, size, "section \"%s\", record %u, field \"%s\": %s", error->section,
                 error->record, error->field, error->reason);
    } else if (strcmp(error->field, "sections") == 0) {
        snprintf(buffer, size, "header: section \"%s\" %s", table_records[error->record].name,
                 error->reason);
    } else {
        snprintf(buffer, size, "header: its %s %s", error->field, error->reason);
    }
}
