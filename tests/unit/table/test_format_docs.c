/* docs/table-format.md against the format as it is compiled: every record with its number and size,
 * every field with its offset, every value, operation and variable. When this fails after a change
 * of the format, run scripts/table-format-docs.awk as it says. Runs in the repository's main
 * folder. */
#include "base/file.h"
#include "table/table.h"
#include "unit.h"

#include <ctype.h>
#include <string.h>

static const char *const kind_names[TABLE_KIND_COUNT] = {"U32",    "U64",      "FLAG",  "ENUM",
                                                         "STRING", "BYTES16",  "PAIR",  "PLACE",
                                                         "INDEX",  "OPTIONAL", "RANGE", "OWNED"};

/* The line that begins with `start`, from `text` on; fails the test when there is none. */
static const char *expect(const char *text, const char *start) {
    const char *found = strstr(text, start);
    if (found == NULL) {
        printf("docs/table-format.md lacks: %s\n", start);
        CU_FAIL("the document does not describe the format as it is");
        return text;
    }
    return found;
}

/* Behind what is said of a value in parentheses. */
static const char *skip_remark(const char *text) {
    if (*text == '(') {
        text += strcspn(text, ")") + 1;
    }
    return text + strspn(text, ", ");
}

/* Behind the value, which `text` begins with: a word of rpc dump in capitals. */
static const char *expect_value(const char *text, const char *word) {
    size_t size = strlen(word);
    for (size_t i = 0; i < size; i++) {
        char expected = word[i] == '-' ? '_' : (char)toupper((unsigned char)word[i]);
        if (text[i] != expected) {
            printf("docs/table-format.md lacks the value %s at: %.40s\n", word, text);
            CU_FAIL("the document does not list the values of an ENUM as they are");
            return text;
        }
    }
    return skip_remark(text + size + strspn(text + size, ", "));
}

/* The values of the enumeration that the row of a field names, which is at `row`. */
static void expect_values(const char *document, const char *row, const struct table_field *field) {
    const char *name = strstr(row, "ENUM | ");
    char start[64];
    if (name == NULL || strncmp(name, "ENUM | `op_code`", 16) == 0 ||
        strncmp(name, "ENUM | `variable_id`", 20) == 0) {
        return; /* rows of their own list them */
    }
    name += strlen("ENUM | ");
    snprintf(start, sizeof start, "\n| %.*s | ", (int)strcspn(name, " "), name);
    const char *text = expect(document, start);
    text += strlen(start);
    for (uint32_t i = 0; i < field->enum_count; i++) {
        text = expect_value(text, field->words[i]);
    }
    CU_ASSERT_EQUAL(*text, '|');
}

static const char *expect_field(const char *text, const struct table_field *field) {
    char start[256];
    int size = snprintf(start, sizeof start, "\n| %u | `%s` | %s | ", field->offset, field->name,
                        kind_names[field->kind]);
    if (field->target != TABLE_SECTION_COUNT) {
        snprintf(start + size, sizeof start - (size_t)size, "`%s` |",
                 table_records[field->target].name);
    }
    return expect(text, start);
}

/* Each is looked for behind the one before, so that their order is checked as well. */
static const char *expect_record(const char *document, const char *text,
                                 enum table_section section) {
    const struct table_record *record = &table_records[section];
    char start[256];
    snprintf(start, sizeof start, "\n### `%s`\n\nSection %u, records of %u byte", record->name,
             (unsigned)section, record->size);
    text = expect(text, start);
    for (uint32_t i = 0; i < record->field_count; i++) {
        text = expect_field(text, &record->fields[i]);
        if (record->fields[i].kind == TABLE_KIND_ENUM) {
            expect_values(document, text, &record->fields[i]);
        }
    }
    return text;
}

static void describes_the_format_as_it_is(void) {
    struct arena arena;
    arena_init(&arena, 1 << 16);
    struct slice document;
    CU_ASSERT_EQUAL_FATAL(file_read(&arena, "docs/table-format.md", 1 << 20, &document), 0);
    const char *text = document.data;
    for (enum table_section i = 0; i < TABLE_SECTION_COUNT; i++) {
        text = expect_record(document.data, text, i);
    }
    static const char *const starts[] = {
#define OP(code, kind, a, b, summary) " | " #code " | " #kind " | " #a " | " #b " |",
#include "table/ops.def"
#undef OP
#define VARIABLE(id, name, ...) " | `$" name "`",
#include "variables.def"
#undef VARIABLE
    };
    for (size_t i = 0; i < sizeof starts / sizeof starts[0]; i++) {
        char start[256];
        size_t number = i < TABLE_op_code_COUNT ? i : i - TABLE_op_code_COUNT;
        snprintf(start, sizeof start, "\n| %zu%s", number, starts[i]);
        text = expect(text, start);
    }
    arena_release(&arena);
}

UNIT_TESTS("table/format_docs", {"describes the format as it is", describes_the_format_as_it_is})
