/* Programs in the notation of the configuration. */
#include "table/dump_value.h"

#include <ctype.h>

/* What is shown of one program: enough to recognise it, however often it is referred to. */
enum { SHOWN_OPS = 64 };

static bool continues_name(const struct table *table, const struct table_op *next) {
    if (next->code != TABLE_OP_APPEND_TEXT || next->b == 0) {
        return false;
    }
    unsigned char byte = (unsigned char)table->strings[next->a];
    return isalnum(byte) != 0 || byte == '_';
}

static void print_variable(const struct dumper *dumper, const struct table_op *op) {
    const struct table_field *id = &table_records[TABLE_SECTION_variable].fields[0];
    const struct table_variable *variable = &dumper->table->variable[op->a];
    fputs(id->words[variable->id], dumper->out);
    dump_text(dumper, table_text(dumper->table, variable->suffix));
}

/* `braces`: what follows would be taken for a part of the name. */
static void print_append(const struct dumper *dumper, const struct table_op *op, bool braces) {
    FILE *out = dumper->out;
    if (op->code == TABLE_OP_APPEND_TEXT) {
        dump_text(dumper, (struct slice){dumper->table->strings + op->a, op->b});
        return;
    }
    fputs(braces ? "${" : "$", out);
    if (op->code == TABLE_OP_APPEND_VARIABLE) {
        print_variable(dumper, op);
    } else if (op->code == TABLE_OP_APPEND_SLOT) {
        dump_text(dumper, table_text(dumper->table, dumper->table->slot[op->a].name));
    } else {
        fprintf(out, "%u", op->a);
    }
    fputs(braces ? "}" : "", out);
}

static void print_template(const struct dumper *dumper, struct table_range ops) {
    const struct table_op *op = &dumper->table->op[ops.first];
    fputc('"', dumper->out);
    for (uint32_t i = 0; i < ops.count && i < SHOWN_OPS; i++) {
        bool braces = i + 1 < ops.count && continues_name(dumper->table, &op[i + 1]);
        print_append(dumper, &op[i], braces);
    }
    fputs(ops.count > SHOWN_OPS ? "...\"" : "\"", dumper->out);
}

static void print_statement(const struct dumper *dumper, const struct table_op *op) {
    FILE *out = dumper->out;
    if (op->code == TABLE_OP_SET) {
        fputs("set $", out);
        dump_text(dumper, table_text(dumper->table, dumper->table->slot[op->a].name));
    } else {
        fprintf(out, "return %u", op->a);
    }
    if (op->code != TABLE_OP_RETURN_STATUS) {
        fputc(' ', out);
        print_template(dumper, dumper->table->program[op->b].ops);
    }
    fputc(';', out);
}

void dump_op(const struct dumper *dumper, uint32_t op) {
    const struct table_op *shown = &dumper->table->op[op];
    if (shown->code == TABLE_OP_APPEND_TEXT) {
        dump_string(dumper, (struct table_string){shown->a, shown->b});
    } else if (shown->code <= TABLE_OP_APPEND_CAPTURE) {
        print_append(dumper, shown, false);
    } else {
        print_statement(dumper, shown);
    }
}

void dump_program(const struct dumper *dumper, uint32_t program) {
    struct table_range ops = dumper->table->program[program].ops;
    if (dumper->table->program[program].kind == TABLE_PROGRAM_TEMPLATE) {
        print_template(dumper, ops);
        return;
    }
    for (uint32_t i = 0; i < ops.count && i < SHOWN_OPS; i++) {
        fputs(i > 0 ? " " : "", dumper->out);
        print_statement(dumper, &dumper->table->op[ops.first + i]);
    }
    fputs(ops.count > SHOWN_OPS ? " ..." : "", dumper->out);
}
