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

static void print_program(const struct dumper *dumper, uint32_t program) {
    print_template(dumper, dumper->table->program[program].ops);
}

static void print_set(const struct dumper *dumper, const struct table_op *op) {
    fputs("set $", dumper->out);
    dump_text(dumper, table_text(dumper->table, dumper->table->slot[op->a].name));
    fputc(' ', dumper->out);
    print_program(dumper, op->b);
}

static void print_set_args(const struct dumper *dumper, const struct table_op *op) {
    fputs("set $args ", dumper->out);
    print_program(dumper, op->a);
}

static void print_set_rate(const struct dumper *dumper, const struct table_op *op) {
    fputs("set $limit_rate ", dumper->out);
    print_program(dumper, op->a);
}

static void print_test_true(const struct dumper *dumper, const struct table_op *op) {
    print_program(dumper, op->a);
}

static void print_test_equal(const struct dumper *dumper, const struct table_op *op) {
    print_program(dumper, op->a);
    fputs(" = ", dumper->out);
    print_program(dumper, op->b);
}

static void print_regex(const struct dumper *dumper, uint32_t index) {
    const struct table_regex *regex = &dumper->table->regex[index];
    fputs(regex->ignore_case ? "~* " : "~ ", dumper->out);
    dump_string(dumper, regex->pattern);
}

static void print_test_regex(const struct dumper *dumper, const struct table_op *op) {
    print_program(dumper, op->a);
    fputc(' ', dumper->out);
    print_regex(dumper, op->b);
}

static void print_test_file(const struct dumper *dumper, const struct table_op *op) {
    static const char letters[TABLE_file_test_COUNT] = {
        [TABLE_FILE_REGULAR] = 'f',
        [TABLE_FILE_DIRECTORY] = 'd',
        [TABLE_FILE_EXISTS] = 'e',
        [TABLE_FILE_EXECUTABLE] = 'x',
    };
    fprintf(dumper->out, "-%c ", letters[op->b]);
    print_program(dumper, op->a);
}

static void print_skip_if(const struct dumper *dumper, const struct table_op *op) {
    fprintf(dumper->out, "skip %u if so", op->a);
}

static void print_skip_unless(const struct dumper *dumper, const struct table_op *op) {
    fprintf(dumper->out, "skip %u unless so", op->a);
}

static void print_enter(const struct dumper *dumper, const struct table_op *op) {
    fprintf(dumper->out, "enter location %u", op->a);
}

static void print_rewrite(const struct dumper *dumper, const struct table_op *op) {
    static const char *const flags[TABLE_rewrite_flag_COUNT] = {"", " last", " break"};
    const struct table_rewrite *rewrite = &dumper->table->rewrite[op->a];
    fputs("rewrite ", dumper->out);
    dump_string(dumper, dumper->table->regex[rewrite->regex].pattern);
    fputc(' ', dumper->out);
    print_program(dumper, rewrite->path);
    if (rewrite->args != TABLE_NONE) {
        fputs(" ? ", dumper->out);
        print_program(dumper, rewrite->args);
    }
    if (!rewrite->keep_args) {
        fputs(" ?", dumper->out);
    }
    fputs(flags[rewrite->flag], dumper->out);
    if (rewrite->redirect != 0) {
        fprintf(dumper->out, " redirect=%u", rewrite->redirect);
    }
}

static void print_break(const struct dumper *dumper, const struct table_op *op) {
    (void)op;
    fputs("break", dumper->out);
}

static void print_return_status(const struct dumper *dumper, const struct table_op *op) {
    fprintf(dumper->out, "return %u", op->a);
}

static void print_return_text(const struct dumper *dumper, const struct table_op *op) {
    fprintf(dumper->out, "return %u ", op->a);
    print_program(dumper, op->b);
}

/* By op code; those of sequences. */
static void (*const statements[TABLE_op_code_COUNT])(const struct dumper *,
                                                     const struct table_op *) = {
    [TABLE_OP_SET] = print_set,
    [TABLE_OP_SET_ARGS] = print_set_args,
    [TABLE_OP_SET_RATE] = print_set_rate,
    [TABLE_OP_TEST_TRUE] = print_test_true,
    [TABLE_OP_TEST_EQUAL] = print_test_equal,
    [TABLE_OP_TEST_REGEX] = print_test_regex,
    [TABLE_OP_TEST_FILE] = print_test_file,
    [TABLE_OP_SKIP_IF] = print_skip_if,
    [TABLE_OP_SKIP_UNLESS] = print_skip_unless,
    [TABLE_OP_ENTER] = print_enter,
    [TABLE_OP_REWRITE] = print_rewrite,
    [TABLE_OP_BREAK] = print_break,
    [TABLE_OP_RETURN_STATUS] = print_return_status,
    [TABLE_OP_RETURN_TEXT] = print_return_text,
    [TABLE_OP_RETURN_REDIRECT] = print_return_text,
};

static bool is_skip(const struct table_op *op) {
    return op->code == TABLE_OP_SKIP_IF || op->code == TABLE_OP_SKIP_UNLESS;
}

static bool is_test(const struct table_op *op) {
    return op->code == TABLE_OP_TEST_TRUE || op->code == TABLE_OP_TEST_EQUAL ||
           op->code == TABLE_OP_TEST_REGEX || op->code == TABLE_OP_TEST_FILE;
}

void dump_condition(const struct dumper *dumper, uint32_t test) {
    const struct table_op *op = &dumper->table->op[test];
    fputs(op[1].code == TABLE_OP_SKIP_IF ? "if not (" : "if (", dumper->out);
    statements[op->code](dumper, op);
    fputc(')', dumper->out);
}

/* Blocks do not overlap and are not nested in what a compiler makes of a configuration; in what
 * else validates, only the innermost end is shown. */
static void print_sequence(const struct dumper *dumper, struct table_range ops) {
    FILE *out = dumper->out;
    const struct table_op *op = &dumper->table->op[ops.first];
    uint32_t end = TABLE_NONE; /* of the block that is open */
    for (uint32_t i = 0; i < ops.count && i < SHOWN_OPS; i++) {
        fputs(i > 0 ? " " : "", out);
        if (i == end) {
            fputs("} ", out);
            end = TABLE_NONE;
        }
        if (is_test(&op[i]) && i + 1 < ops.count && is_skip(&op[i + 1])) {
            dump_condition(dumper, ops.first + i);
            fputs(" {", out);
            end = i + 2 + op[i + 1].a;
            i++;
        } else {
            statements[op[i].code](dumper, &op[i]);
            fputc(';', out);
        }
    }
    fputs(end != TABLE_NONE && ops.count <= SHOWN_OPS ? " }" : "", out);
    fputs(ops.count > SHOWN_OPS ? " ..." : "", out);
}

void dump_op(const struct dumper *dumper, uint32_t op) {
    const struct table_op *shown = &dumper->table->op[op];
    if (shown->code == TABLE_OP_APPEND_TEXT) {
        dump_string(dumper, (struct table_string){shown->a, shown->b});
    } else if (shown->code <= TABLE_OP_APPEND_CAPTURE) {
        print_append(dumper, shown, false);
    } else {
        statements[shown->code](dumper, shown);
        fputc(';', dumper->out);
    }
}

void dump_program(const struct dumper *dumper, uint32_t program) {
    struct table_range ops = dumper->table->program[program].ops;
    if (dumper->table->program[program].kind == TABLE_PROGRAM_TEMPLATE) {
        print_template(dumper, ops);
    } else {
        print_sequence(dumper, ops);
    }
}
