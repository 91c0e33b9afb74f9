/* ops.def made into data. */
#include "table/operation.h"

#include <stddef.h>

const struct table_operation table_operations[TABLE_op_code_COUNT] = {
#define OP(code, kind, a, b, summary) {TABLE_PROGRAM_##kind, TABLE_OPERAND_##a, TABLE_OPERAND_##b},
#include "table/ops.def"
#undef OP
};

enum table_section table_operand_section(enum table_operand operand) {
    static const struct {
        enum table_operand operand;
        enum table_section section;
    } rows[] = {
        {TABLE_OPERAND_VARIABLE, TABLE_SECTION_variable},
        {TABLE_OPERAND_SLOT, TABLE_SECTION_slot},
        {TABLE_OPERAND_PROGRAM, TABLE_SECTION_program},
        {TABLE_OPERAND_LOCATION, TABLE_SECTION_location},
        {TABLE_OPERAND_REGEX, TABLE_SECTION_regex},
        {TABLE_OPERAND_REWRITE, TABLE_SECTION_rewrite},
    };
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        if (rows[i].operand == operand) {
            return rows[i].section;
        }
    }
    return TABLE_SECTION_COUNT;
}
