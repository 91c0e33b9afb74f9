/* Rewrite sequences, statement by statement. What is in a block of `if` is taken together with the
 * block's condition, so that the statements around a change stay what they are however many ops a
 * skip leaps over. */
#include "table/differ.h"

#include "table/dump_memory.h"
#include "table/dump_value.h"

enum { TAG_STATEMENT = 7000, TAG_OPENING };

/* A statement, or the opening of a block. */
struct statement {
    uint32_t op;
    uint32_t test;     /* the condition of the block it is in or opens, or TABLE_NONE */
    uint32_t location; /* that the block has for its settings, or TABLE_NONE */
    bool is_opening;
};

struct sequences {
    struct statement *statements[2];
};

static bool is_test(const struct table_op *op) {
    return op->code == TABLE_OP_TEST_TRUE || op->code == TABLE_OP_TEST_EQUAL ||
           op->code == TABLE_OP_TEST_REGEX || op->code == TABLE_OP_TEST_FILE;
}

static bool is_skip(const struct table_op *op) {
    return op->code == TABLE_OP_SKIP_IF || op->code == TABLE_OP_SKIP_UNLESS;
}

static uint32_t class_of_statement(struct differ *differ, enum diff_side side,
                                   const struct statement *statement) {
    const struct table *table = differ->sides[side].table;
    uint32_t test = 0;
    uint32_t skip = 0;
    if (statement->test != TABLE_NONE) {
        test = diff_class_of(differ, side, TABLE_SECTION_op, statement->test);
        skip = table->op[statement->test + 1].code;
    }
    uint32_t op =
        statement->is_opening ? 0 : diff_class_of(differ, side, TABLE_SECTION_op, statement->op);
    size_t begin = diff_class_begin(differ, statement->is_opening ? TAG_OPENING : TAG_STATEMENT);
    diff_class_add(differ, test);
    diff_class_add(differ, skip);
    diff_class_add(differ, op);
    return diff_class_end(differ, begin);
}

static void add(struct diff_list *list, struct sequences *sequences, enum diff_side side,
                struct statement statement) {
    struct diff_list_side *own = &list->sides[side];
    own->contents[own->count] = class_of_statement(list->differ, side, &statement);
    sequences->statements[side][own->count++] = statement;
}

/* In what a compiler makes blocks do not overlap. Where they do, what is in both counts for the one
 * that was opened last, and skips that no test precedes are statements. */
static void read_sequence(struct diff_list *list, struct sequences *sequences, enum diff_side side,
                          struct table_range ops) {
    const struct table_op *op = list->differ->sides[side].table->op;
    uint32_t behind = ops.first + ops.count;
    uint32_t test = TABLE_NONE;
    uint32_t end = 0;
    for (uint32_t i = ops.first; i < behind; i++) {
        test = i >= end ? TABLE_NONE : test;
        if (!is_test(&op[i]) || i + 1 == behind || !is_skip(&op[i + 1])) {
            add(list, sequences, side, (struct statement){i, test, TABLE_NONE, false});
            continue;
        }
        struct statement opening = {i, i, TABLE_NONE, true};
        test = i;
        end = i + 2 + op[i + 1].a;
        i++;
        if (i + 1 < end && op[i + 1].code == TABLE_OP_ENTER) {
            i++;
            opening.location = op[i].a;
        }
        add(list, sequences, side, opening);
    }
}

static struct slice take(struct differ *differ, struct dump_memory *memory) {
    struct slice text = arena_copy_slice(differ->arena, dump_memory_close(memory));
    dump_memory_release(memory);
    return text;
}

static struct slice render(const struct diff_list *list, enum diff_side side, uint32_t index) {
    const struct sequences *sequences = list->context;
    const struct statement *statement = &sequences->statements[side][index];
    struct dump_memory memory;
    dump_memory_open(&memory);
    const struct dumper dumper = {memory.out, list->differ->sides[side].table};
    if (statement->test != TABLE_NONE) {
        dump_condition(&dumper, statement->test);
        fputs(statement->is_opening ? "" : " { ", memory.out);
    }
    if (!statement->is_opening) {
        dump_op(&dumper, statement->op);
        fputs(statement->test != TABLE_NONE ? " }" : "", memory.out);
    }
    return take(list->differ, &memory);
}

static const struct slice if_word = SLICE_INIT("if ");

/* The condition alone, which is what comes behind the word. */
static struct slice render_condition(const struct diff_list *list, uint32_t index) {
    return slice_skip(render(list, DIFF_NEW, index), if_word.size);
}

/* Blocks may differ in the settings that they enter, too. */
static void compare(const struct diff_list *list, uint32_t old, uint32_t new) {
    const struct sequences *sequences = list->context;
    const struct statement *a = &sequences->statements[DIFF_OLD][old];
    const struct statement *b = &sequences->statements[DIFF_NEW][new];
    diff_list_report(list, old, new);
    if (a->is_opening && b->is_opening) {
        const uint32_t locations[2] = {a->location, b->location};
        diff_compare_block(list->differ, list->subject, "if", render_condition(list, new),
                           locations);
    }
}

static struct table_range ops_of(const struct table *table, uint32_t program) {
    return program == TABLE_NONE ? (struct table_range){0, 0} : table->program[program].ops;
}

void diff_compare_sequences(struct differ *differ, struct diff_subject *subject, struct slice what,
                            const uint32_t programs[2]) {
    struct sequences sequences;
    struct diff_list list = {
        .differ = differ,
        .subject = subject,
        .what = what,
        .is_replaceable = true,
        .context = &sequences,
        .render = render,
        .compare = compare,
    };
    for (enum diff_side side = DIFF_OLD; side <= DIFF_NEW; side++) {
        struct table_range ops = ops_of(differ->sides[side].table, programs[side]);
        if (!diff_spend(differ, ops.count)) {
            return;
        }
        diff_list_reserve(&list, side, ops.count);
        sequences.statements[side] = arena_require(
            &differ->scratch, ((size_t)ops.count + 1) * sizeof *sequences.statements[side]);
        read_sequence(&list, &sequences, side, ops);
    }
    diff_list_compare(&list);
}
