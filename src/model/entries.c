/* Lines of map, geo and split_clients, and the variable that they define. */
#include "model/entries.h"

struct entry_block entry_block_begin(const struct setter_call *call, enum definition_kind kind,
                                     const struct word *word) {
    struct entry_block block = {
        .model = call->model,
        .statement = call->statement,
        .definition = {.statement = call->statement, .kind = kind},
    };
    struct slice name;
    if (variable_name(call->model, word, &name)) {
        block.variable = variable_define(call->model, name, word->span, block.definition);
    }
    if (block.variable != NULL) {
        block.position = block.variable->definitions.count - 1;
    }
    return block;
}

void entry_block_end(const struct entry_block *block) {
    if (block->variable != NULL) {
        block->variable->definitions.items[block->position] = block->definition;
    }
}

size_t entry_find_flag(const struct statement *line, const struct slice *flags, size_t count) {
    size_t i = 0;
    while (i < count && !slice_equals(statement_name(line), flags[i])) {
        i++;
    }
    return line->word_count == 1 && line->block == NULL ? i : count;
}

static void report_word_count(const struct entry_block *block, const struct statement *line,
                              const struct slice *flags, size_t count) {
    struct model *model = block->model;
    struct slice kind = statement_name(block->statement);
    struct diagnostic *diagnostic = diagnostic_error(
        model->diagnostics, DIAGNOSTIC_WRONG_ARGUMENT_COUNT, line->span,
        "a line in \"%.*s\" has two words, not %u", SLICE_ARGS(kind), line->word_count);
    struct slice flag = {NULL, 0};
    if (line->word_count == 1) {
        flag = nearest_name(statement_name(line), flags, count);
    }
    if (flag.size > 0) {
        diagnostic_help(model->arena, diagnostic, "write \"%.*s;\"", SLICE_ARGS(flag));
    } else {
        diagnostic_help(model->arena, diagnostic,
                        "write \"KEY VALUE;\", with quotes around what holds spaces");
    }
}

bool entry_is_pair(const struct entry_block *block, const struct statement *line,
                   const struct slice *flags, size_t count) {
    struct slice kind = statement_name(block->statement);
    if (line->block != NULL) {
        diagnostic_error(block->model->diagnostics, DIAGNOSTIC_UNEXPECTED_BLOCK, line->block->open,
                         "a line in \"%.*s\" takes no block", SLICE_ARGS(kind));
        return false;
    }
    if (line->word_count != 2) {
        report_word_count(block, line, flags, count);
        return false;
    }
    return true;
}

struct template entry_add_template(struct entry_block *block, const struct word *word) {
    struct template value = template_parse(block->model, word, word->text, 0);
    VECTOR_PUSH(block->model->arena, &block->definition.results, value);
    return value;
}

void entry_add_literal(struct entry_block *block, const struct word *word) {
    struct arena *arena = block->model->arena;
    struct template literal = {.word = word};
    VECTOR_PUSH(arena, &literal.parts,
                (struct template_part){.kind = PART_TEXT, .span = word->span, .text = word->text});
    VECTOR_PUSH(arena, &block->definition.results, literal);
}

void entry_add_empty(struct entry_block *block) {
    VECTOR_PUSH(block->model->arena, &block->definition.results, (struct template){0});
}

void entry_reject(const struct entry_block *block, const struct word *word, const char *help) {
    struct model *model = block->model;
    struct slice kind = statement_name(block->statement);
    struct diagnostic *diagnostic = diagnostic_error(
        model->diagnostics, DIAGNOSTIC_INVALID_VALUE, word->span,
        "invalid line in \"%.*s\": \"%.*s\"", SLICE_ARGS(kind), SLICE_ARGS(word->text));
    diagnostic_help(model->arena, diagnostic, "%s", help);
}
