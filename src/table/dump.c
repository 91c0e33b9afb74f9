/* A table as text: an overview of the site, then every section record by record. What describes
 * only the file and changes with every build of the compiler is left out, so that dumps of equal
 * sites are equal. */
#include "table/dump.h"

#include "table/dump_overview.h"
#include "table/dump_value.h"

#include <string.h>

/* What numbers alone do not tell. */
static void print_remark(const struct dumper *dumper, enum table_section section, uint32_t index) {
    if (section == TABLE_SECTION_program) {
        fputs("  # ", dumper->out);
        dump_program(dumper, index);
    } else if (section == TABLE_SECTION_op) {
        fputs("  # ", dumper->out);
        dump_op(dumper, index);
    }
}

/* Settings one a line, other records on one line. */
static void print_record(const struct dumper *dumper, enum table_section section, uint32_t index) {
    const struct table_record *record = &table_records[section];
    const char *data = table_record_at(dumper->table, section, index);
    bool is_long = section == TABLE_SECTION_process || section == TABLE_SECTION_settings ||
                   section == TABLE_SECTION_server_settings;
    fprintf(dumper->out, "  %u%s", index, is_long ? "\n" : "");
    for (uint32_t i = 0; i < record->field_count; i++) {
        const char *before = is_long ? "    " : i > 0 ? "; " : ": ";
        fprintf(dumper->out, "%s%s ", before, record->fields[i].name);
        dump_field(dumper, section, &record->fields[i], data);
        fputs(is_long ? "\n" : "", dumper->out);
    }
    print_remark(dumper, section, index);
    fputs(is_long ? "" : "\n", dumper->out);
}

/* One string a line, with its offset; a validated section ends with a zero byte if it has any. */
static void print_strings(const struct dumper *dumper, uint32_t size) {
    uint32_t offset = 0;
    while (offset < size) {
        size_t length = strnlen(dumper->table->strings + offset, size - offset);
        fprintf(dumper->out, "  %u: ", offset);
        dump_string(dumper, (struct table_string){offset, (uint32_t)length});
        fputc('\n', dumper->out);
        offset += (uint32_t)length + 1;
    }
}

static void print_section(const struct dumper *dumper, enum table_section section) {
    uint32_t count = dumper->table->header->sections[section].count;
    if (section == TABLE_SECTION_strings) {
        fprintf(dumper->out, "section strings: %u bytes\n", count);
        print_strings(dumper, count);
        return;
    }
    fprintf(dumper->out, "section %s: %s, %u record%s\n", table_records[section].name,
            table_records[section].summary, count, count == 1 ? "" : "s");
    for (uint32_t i = 0; i < count; i++) {
        print_record(dumper, section, i);
    }
}

void table_dump(FILE *out, const struct table *table, enum table_section section) {
    const struct dumper dumper = {out, table};
    if (section != TABLE_SECTION_COUNT) {
        print_section(&dumper, section);
        return;
    }
    fprintf(out, "table, format version %u\n\n", table->header->version);
    dump_overview(&dumper);
    for (enum table_section i = 0; i < TABLE_SECTION_COUNT; i++) {
        fputc('\n', out);
        print_section(&dumper, i);
    }
}

enum table_section table_section_by_name(struct slice name) {
    for (enum table_section i = 0; i < TABLE_SECTION_COUNT; i++) {
        if (slice_equals(name, slice_from_string(table_records[i].name))) {
            return i;
        }
    }
    return TABLE_SECTION_COUNT;
}
