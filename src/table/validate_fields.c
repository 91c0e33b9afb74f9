/* Validation of fields by their kinds, from the descriptions in records.c. After it every string,
 * index and range is within its section. */
#include "table/validate.h"

#include <string.h>

/* One column of a section while it is walked. */
struct column {
    const struct table *table;
    const struct table_field *field;
    uint32_t target_count; /* of records in the field's target section */
    uint32_t owned;        /* OWNED: records before this one belong to somebody */
};

/* Some records of a section, of which one column is walked. */
struct rows {
    const char *first;
    size_t size; /* of a record */
    uint32_t count;
};

/* The checks look at one value and return what is wrong with it, or NULL. */

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

/* A loop for each kind, so that millions of values are checked without a call for each. Returns the
 * number of the first row with a fault, or of all rows. */
#define WALK(kind)                                                                                 \
    static uint32_t walk_##kind(struct column *column, const struct rows *rows,                    \
                                const char **fault) {                                              \
        const char *value = rows->first + column->field->offset;                                   \
        for (uint32_t i = 0; i < rows->count; i++) {                                               \
            *fault = check_##kind(column, value);                                                  \
            if (*fault != NULL) {                                                                  \
                return i;                                                                          \
            }                                                                                      \
            value += rows->size;                                                                   \
        }                                                                                          \
        return rows->count;                                                                        \
    }
WALK(flag)
WALK(enum)
WALK(string)
WALK(place)
WALK(index)
WALK(optional)
WALK(range)
WALK(owned)
#undef WALK

/* Of the other kinds every value is sound. */
static uint32_t (*const walks[TABLE_KIND_COUNT])(struct column *, const struct rows *,
                                                 const char **) = {
    [TABLE_KIND_FLAG] = walk_flag,     [TABLE_KIND_ENUM] = walk_enum,
    [TABLE_KIND_STRING] = walk_string, [TABLE_KIND_PLACE] = walk_place,
    [TABLE_KIND_INDEX] = walk_index,   [TABLE_KIND_OPTIONAL] = walk_optional,
    [TABLE_KIND_RANGE] = walk_range,   [TABLE_KIND_OWNED] = walk_owned,
};

static bool check_column(const struct table_validation *validation, enum table_section section,
                         const struct table_field *field, uint32_t first, uint32_t count) {
    const struct table *table = validation->table;
    if (walks[field->kind] == NULL) {
        return true;
    }
    struct column column = {.table = table, .field = field};
    if (field->target != TABLE_SECTION_COUNT) {
        column.target_count = table->header->sections[field->target].count;
    }
    const struct rows rows = {table_record_at(table, section, first), table_records[section].size,
                              count};
    const char *fault = NULL;
    uint32_t row = walks[field->kind](&column, &rows, &fault);
    return row == count || table_refuse(validation, section, first + row, field->name, fault);
}

static bool check_columns(const struct table_validation *validation, enum table_section section,
                          bool is_owned, uint32_t first, uint32_t count) {
    const struct table_record *record = &table_records[section];
    for (uint32_t i = 0; i < record->field_count; i++) {
        const struct table_field *field = &record->fields[i];
        if ((field->kind == TABLE_KIND_OWNED) == is_owned &&
            !check_column(validation, section, field, first, count)) {
            return false;
        }
    }
    return true;
}

/* What stays in the processor's nearest cache while one column after the other is walked. */
enum { BLOCK_SIZE = 16 * 1024 };

/* Whether ranges share records can only be said of all of them. */
static bool check_section(const struct table_validation *validation, enum table_section section) {
    uint32_t count = validation->table->header->sections[section].count;
    uint32_t block = BLOCK_SIZE / table_records[section].size;
    for (uint32_t first = 0; first < count; first += block) {
        uint32_t rest = count - first;
        if (!check_columns(validation, section, false, first, rest < block ? rest : block)) {
            return false;
        }
    }
    return check_columns(validation, section, true, 0, count);
}

bool table_validate_fields(const struct table_validation *validation) {
    for (enum table_section section = 0; section < TABLE_SECTION_strings; section++) {
        if (!check_section(validation, section)) {
            return false;
        }
    }
    return true;
}
