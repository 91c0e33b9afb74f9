/* What the rows of ops.def say, as data: which kind of program an operation belongs to, and what
 * its operands mean. */
#ifndef TABLE_OPERATION_H
#define TABLE_OPERATION_H

#include "table/layout.h"

/* The words of ops.def. */
enum table_operand {
    TABLE_OPERAND_UNUSED,
    TABLE_OPERAND_STRING, /* offset in a, length in b */
    TABLE_OPERAND_LENGTH,
    TABLE_OPERAND_VARIABLE,
    TABLE_OPERAND_SLOT,
    TABLE_OPERAND_CAPTURE,
    TABLE_OPERAND_STATUS,
    TABLE_OPERAND_PROGRAM,
    TABLE_OPERAND_LOCATION,
    TABLE_OPERAND_REGEX,
    TABLE_OPERAND_REWRITE,
    TABLE_OPERAND_FILE_TEST,
    TABLE_OPERAND_COUNT, /* of ops that follow */
};

struct table_operation {
    enum table_program_kind kind;
    enum table_operand a;
    enum table_operand b;
};

/* Indexed by enum table_op_code. */
extern const struct table_operation table_operations[TABLE_op_code_COUNT];

/* The section that an operand's value is a record of, or TABLE_SECTION_COUNT. */
enum table_section table_operand_section(enum table_operand operand);

#endif
