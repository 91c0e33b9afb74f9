/* Validation of fields by their kinds, column by column, from the descriptions in records.c. After
 * it every string, index and range is within its section. */
#include "table/validate.h"

#include <string.h>

/* One column of a section while it is walked. */
struct column {
    const struct table *table;
    const struct table_field *field;
    uint32_t target_count; /* of records in the field's target section */
    uint32_t owned;        /* OWNED: records before this one belong to somebody */
};

/* The checks look at one value and return what is wrong with it, or NULL. */

static const char *check_number(struct column *column, const void *value) {
    (void)column;
    (void)value;
    return NULL;
}

static const char *check_flag(struct column *column, const void *value) {
    (void)column;
    return *(const uint32_t *)value <= 1 ? NULL : "is neither 0 nor 1";
}

static const char *check_enum(struct column *column, const void *value) {
    return *(const uint32_t *)value < column->field->enum_count ? NULL : "is no such value";
}

static const char *check_string(struct column *column, const void *value) {
    const struct table_string *string = value;
    uint64_t end = (uint64_t)string->offset + string->length;
    if (end >= column->table->header->sections[TABLE_SECTION_strings].count) {
        return "points beyond the strings";
    }
    return column->table->strings[end] == '\0' ? NULL : "has no terminating zero byte";
}

static const char *check_place(struct column *column, const void *value) {
    const struct table_place *place = value;
    if (place->source == TABLE_NONE) {
        return place->line == 0 ? NULL : "has a line without a source";
    }
    if (place->source >= column->table->source_count) {
        return "names no source";
    }
    return place->line > 0 ? NULL : "has no line";
}

static const char *check_index(struct column *column, const void *value) {
    return *(const uint32_t *)value < column->target_count ? NULL : "names no record";
}

static const char *check_optional(struct column *column, const void *value) {
    return *(const uint32_t *)value == TABLE_NONE ? NULL : check_index(column, value);
}

static const char *check_range(struct column *column, const void *value) {
    const struct table_range *range = value;
    if ((uint64_t)range->first + range->count > column->target_count) {
        return "reaches beyond the records";
    }
    return NULL;
}

static const char *check_owned(struct column *column, const void *value) {
    const struct table_range *range = value;
    const char *fault = check_range(column, value);
    if (fault != NULL || range->count == 0) {
        return fault;
    }
    if (range->first < column->owned) {
        return "holds records of another";
    }
    column->owned = range->first + range->count;
    return NULL;
}

static const char *(*const checks[TABLE_KIND_COUNT])(struct column *, const void *) = {
    [TABLE_KIND_U32] = check_number,    [TABLE_KIND_U64] = check_number,
    [TABLE_KIND_FLAG] = check_flag,     [TABLE_KIND_ENUM] = check_enum,
    [TABLE_KIND_STRING] = check_string, [TABLE_KIND_BYTES16] = check_number,
    [TABLE_KIND_PAIR] = check_number,   [TABLE_KIND_PLACE] = check_place,
    [TABLE_KIND_INDEX] = check_index,   [TABLE_KIND_OPTIONAL] = check_optional,
    [TABLE_KIND_RANGE] = check_range,   [TABLE_KIND_OWNED] = check_owned,
};

static bool check_column(const struct table_validation *validation, enum table_section section,
                         const struct table_field *field) {
    const struct table *table = validation->table;
    const struct table_section_entry *sections = table->header->sections;
    if (checks[field->kind] == check_number) {
        return true;
    }
    struct column column = {.table = table, .field = field};
    if (field->target != TABLE_SECTION_COUNT) {
        column.target_count = sections[field->target].count;
    }
    const char *value = table_record_at(table, section, 0) + field->offset;
    for (uint32_t i = 0; i < sections[section].count; i++) {
        const char *fault = checks[field->kind](&column, value);
        if (fault != NULL) {
            return table_refuse(validation, section, i, field->name, fault);
        }
        value += sections[section].record_size;
    }
    return true;
}

bool table_validate_fields(const struct table_validation *validation) {
    for (enum table_section section = 0; section < TABLE_SECTION_COUNT; section++) {
        const struct table_record *record = &table_records[section];
        for (uint32_t i = 0; i < record->field_count; i++) {
            if (!check_column(validation, section, &record->fields[i])) {
                return false;
            }
        }
    }
    return true;
}
