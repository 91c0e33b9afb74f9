/* Validation of programs: ops that fit the program's kind, operands that exist, templates that
 * only refer backwards (so that running one always ends), and users that name the right kind. */
#include "table/validate.h"

#include <stddef.h>

/* What an op says of one operand; `program` is the program the op is in, `behind` how many ops
 * follow it there. */
struct operand {
    const struct table *table;
    const struct table_op *op;
    uint32_t program;
    uint32_t behind;
    uint32_t value;
};

enum { HIGHEST_CAPTURE = 9, HIGHEST_STATUS = 999 };

static const char *check_string(const struct operand *operand) {
    uint64_t end = (uint64_t)operand->op->a + operand->op->b;
    if (end >= operand->table->header->sections[TABLE_SECTION_strings].count) {
        return "points beyond the strings";
    }
    return operand->table->strings[end] == '\0' ? NULL : "has no terminating zero byte";
}

/* Checked together with the offset, by check_string. */
static const char *check_length(const struct operand *operand) {
    (void)operand;
    return NULL;
}

static const char *check_variable(const struct operand *operand) {
    return operand->value < operand->table->variable_count ? NULL : "names no variable";
}

static const char *check_slot(const struct operand *operand) {
    return operand->value < operand->table->slot_count ? NULL : "names no slot";
}

static const char *check_capture(const struct operand *operand) {
    return operand->value <= HIGHEST_CAPTURE ? NULL : "is no capture";
}

static const char *check_status(const struct operand *operand) {
    return operand->value <= HIGHEST_STATUS ? NULL : "is no status";
}

static const char *check_program(const struct operand *operand) {
    if (operand->value >= operand->program) {
        return "names no earlier program";
    }
    return operand->table->program[operand->value].kind == TABLE_PROGRAM_TEMPLATE
               ? NULL
               : "names a program that is no template";
}

static const char *check_location(const struct operand *operand) {
    return operand->value < operand->table->location_count ? NULL : "names no location";
}

static const char *check_regex(const struct operand *operand) {
    return operand->value < operand->table->regex_count ? NULL : "names no regex";
}

static const char *check_rewrite(const struct operand *operand) {
    return operand->value < operand->table->rewrite_count ? NULL : "names no rewrite";
}

static const char *check_file_test(const struct operand *operand) {
    return operand->value < TABLE_file_test_COUNT ? NULL : "is no test of a file";
}

/* Ops are only skipped forward, so that running them always ends. */
static const char *check_count(const struct operand *operand) {
    return operand->value <= operand->behind ? NULL : "skips more than there is";
}

static const char *check_unused(const struct operand *operand) {
    return operand->value == 0 ? NULL : "is not zero";
}

static const struct {
    enum table_program_kind kind;
    const char *(*check_a)(const struct operand *);
    const char *(*check_b)(const struct operand *);
} op_rules[TABLE_op_code_COUNT] = {
#define OPERAND_STRING check_string
#define OPERAND_LENGTH check_length
#define OPERAND_VARIABLE check_variable
#define OPERAND_SLOT check_slot
#define OPERAND_CAPTURE check_capture
#define OPERAND_STATUS check_status
#define OPERAND_PROGRAM check_program
#define OPERAND_LOCATION check_location
#define OPERAND_REGEX check_regex
#define OPERAND_REWRITE check_rewrite
#define OPERAND_FILE_TEST check_file_test
#define OPERAND_COUNT check_count
#define OPERAND_UNUSED check_unused
#define OP(code, kind, a, b, summary) {TABLE_PROGRAM_##kind, OPERAND_##a, OPERAND_##b},
#include "table/ops.def"
#undef OP
};

static bool check_op(const struct table_validation *validation, uint32_t program, uint32_t index) {
    const struct table *table = validation->table;
    const struct table_op *op = &table->op[index];
    if (op_rules[op->code].kind != table->program[program].kind) {
        return table_refuse(validation, TABLE_SECTION_op, index, "code",
                            "does not belong into this kind of program");
    }
    struct table_range ops = table->program[program].ops;
    struct operand operand = {table, op, program, ops.first + ops.count - index - 1, op->a};
    const char *fault = op_rules[op->code].check_a(&operand);
    if (fault != NULL) {
        return table_refuse(validation, TABLE_SECTION_op, index, "a", fault);
    }
    operand.value = op->b;
    fault = op_rules[op->code].check_b(&operand);
    if (fault != NULL) {
        return table_refuse(validation, TABLE_SECTION_op, index, "b", fault);
    }
    return true;
}

/* Fields that name sequences; all others that name programs name templates. */
static bool names_sequence(enum table_section section, const struct table_field *field) {
    return (section == TABLE_SECTION_server &&
            field->offset == offsetof(struct table_server, rewrite)) ||
           (section == TABLE_SECTION_location &&
            field->offset == offsetof(struct table_location, rewrite));
}

static bool check_users(const struct table_validation *validation, enum table_section section,
                        const struct table_field *field) {
    const struct table *table = validation->table;
    enum table_program_kind kind =
        names_sequence(section, field) ? TABLE_PROGRAM_SEQUENCE : TABLE_PROGRAM_TEMPLATE;
    for (uint32_t i = 0; i < table->header->sections[section].count; i++) {
        const char *value = table_record_at(table, section, i) + field->offset;
        uint32_t program = *(const uint32_t *)(const void *)value;
        if (program != TABLE_NONE && table->program[program].kind != (uint32_t)kind) {
            return table_refuse(validation, section, i, field->name,
                                "names a program of the wrong kind");
        }
    }
    return true;
}

static bool check_record(const struct table_validation *validation, enum table_section section) {
    const struct table_record *record = &table_records[section];
    for (uint32_t i = 0; i < record->field_count; i++) {
        const struct table_field *field = &record->fields[i];
        if (field->target == TABLE_SECTION_program && !check_users(validation, section, field)) {
            return false;
        }
    }
    return true;
}

/* Every op is in a program, so that nobody comes upon one that was not looked at. */
static bool check_ops(const struct table_validation *validation) {
    const struct table *table = validation->table;
    uint32_t next = 0;
    for (uint32_t i = 0; i < table->program_count; i++) {
        struct table_range ops = table->program[i].ops;
        if (ops.count == 0) {
            continue;
        }
        if (ops.first != next) {
            break;
        }
        next += ops.count;
        for (uint32_t op = ops.first; op < next; op++) {
            if (!check_op(validation, i, op)) {
                return false;
            }
        }
    }
    return next == table->op_count ||
           table_refuse(validation, TABLE_SECTION_op, next, NULL, "is in no program");
}

bool table_validate_programs(const struct table_validation *validation) {
    if (!check_ops(validation)) {
        return false;
    }
    for (enum table_section section = 0; section < TABLE_SECTION_COUNT; section++) {
        if (!check_record(validation, section)) {
            return false;
        }
    }
    return true;
}
