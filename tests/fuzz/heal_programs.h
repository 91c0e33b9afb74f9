/* Programs made sound again after mutations: ops that fit their program, operands that exist. */
#ifndef HEAL_PROGRAMS_H
#define HEAL_PROGRAMS_H

#include "draft.h"

/* What an operand of each meaning may be: a record of a section, or a number below a limit. */
enum operand {
    OPERAND_VARIABLE = TABLE_SECTION_variable,
    OPERAND_SLOT = TABLE_SECTION_slot,
    OPERAND_PROGRAM = TABLE_SECTION_program,
    OPERAND_LOCATION = TABLE_SECTION_location,
    OPERAND_REGEX = TABLE_SECTION_regex,
    OPERAND_REWRITE = TABLE_SECTION_rewrite,
    OPERAND_STRING = TABLE_SECTION_COUNT,
    OPERAND_LENGTH,
    OPERAND_CAPTURE,
    OPERAND_STATUS,
    OPERAND_FILE_TEST,
    OPERAND_COUNT,
    OPERAND_UNUSED,
};

static const struct {
    enum table_program_kind kind;
    enum operand a;
    enum operand b;
} op_shapes[TABLE_op_code_COUNT] = {
#define OP(code, kind, a, b, summary) {TABLE_PROGRAM_##kind, OPERAND_##a, OPERAND_##b},
#include "table/ops.def"
#undef OP
};

enum { LONGEST_TEXT = 4096 };

/* A program of that kind from `program` on, round, among those before `limit`; TABLE_NONE if there
 * is none. */
static uint32_t find_program(struct draft *draft, enum table_program_kind kind, uint32_t program,
                             uint32_t limit) {
    for (uint32_t tries = 0; tries < limit; tries++) {
        uint32_t other = (uint32_t)(((uint64_t)program + tries) % limit);
        const struct table_program *record = draft_record(draft, TABLE_SECTION_program, other);
        if (record->kind == (uint32_t)kind) {
            return other;
        }
    }
    return TABLE_NONE;
}

/* The value itself when it is sound, else another, TABLE_NONE if there is none. `program` is where
 * the op is, `behind` how many follow it there. */
static uint32_t heal_operand(struct draft *draft, enum operand operand, uint32_t value,
                             uint32_t program, uint32_t behind) {
    if (operand == OPERAND_PROGRAM) {
        return find_program(draft, TABLE_PROGRAM_TEMPLATE, value, program);
    }
    const uint32_t limits[] = {
        [OPERAND_CAPTURE] = 10,
        [OPERAND_STATUS] = 1000,
        [OPERAND_FILE_TEST] = TABLE_file_test_COUNT,
        [OPERAND_COUNT] = behind + 1,
        [OPERAND_UNUSED] = 1,
    };
    uint32_t limit = operand < OPERAND_STRING ? draft_count(draft, (enum table_section)operand)
                                              : limits[operand];
    return limit == 0 ? TABLE_NONE : value % limit;
}

static void heal_op(struct draft *draft, uint32_t program, uint32_t index) {
    const struct table_program *owner = draft_record(draft, TABLE_SECTION_program, program);
    struct table_op *op = draft_record(draft, TABLE_SECTION_op, index);
    uint32_t behind = owner->ops.first + owner->ops.count - index - 1;
    op->code %= TABLE_op_code_COUNT;
    for (int tries = 0; tries < TABLE_op_code_COUNT && op_shapes[op->code].kind != owner->kind;
         tries++) {
        op->code = (op->code + 1) % TABLE_op_code_COUNT;
    }
    if (op->code == TABLE_OP_APPEND_TEXT) {
        if (!draft_has_text(draft, (struct table_string){op->a, op->b}) || op->b > LONGEST_TEXT) {
            op->a = op->b = 0;
        }
        return;
    }
    op->a = heal_operand(draft, op_shapes[op->code].a, op->a, program, behind);
    op->b = heal_operand(draft, op_shapes[op->code].b, op->b, program, behind);
    if (op->a == TABLE_NONE || op->b == TABLE_NONE) {
        *op = owner->kind == TABLE_PROGRAM_TEMPLATE ? (struct table_op){TABLE_OP_APPEND_TEXT, 0, 0}
                                                    : (struct table_op){TABLE_OP_BREAK, 0, 0};
    }
}

/* Programs have all ops among them, one behind the other. */
static void heal_programs(struct draft *draft) {
    uint32_t next = 0;
    uint32_t count = draft_count(draft, TABLE_SECTION_op);
    for (uint32_t i = 0; i < draft_count(draft, TABLE_SECTION_program); i++) {
        struct table_program *program = draft_record(draft, TABLE_SECTION_program, i);
        program->kind %= TABLE_program_kind_COUNT;
        program->ops.first = next;
        program->ops.count = (uint32_t)clamp(program->ops.count, 0, count - next);
        next += program->ops.count;
        for (uint32_t op = program->ops.first; op < next; op++) {
            heal_op(draft, i, op);
        }
    }
    draft->sections[TABLE_SECTION_op].count = next;
}

#endif
