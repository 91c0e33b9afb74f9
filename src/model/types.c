/* types: which Content-Type files have by the ends of their names. */
#include "model/reading.h"

/* What nginx knows without a `types`. */
static const struct type_setting built_in[] = {
    {NULL, SLICE_INIT("gif"), SLICE_INIT("image/gif")},
    {NULL, SLICE_INIT("html"), SLICE_INIT("text/html")},
    {NULL, SLICE_INIT("jpg"), SLICE_INIT("image/jpeg")},
};

/* Where the ending is in the sorted list, or would be. */
static size_t find_place(const struct type_list *types, struct slice ending) {
    size_t low = 0;
    size_t high = types->list.count;
    while (low < high) {
        size_t middle = low + (high - low) / 2;
        if (slice_compare(types->list.items[middle].ending, ending) < 0) {
            low = middle + 1;
        } else {
            high = middle;
        }
    }
    return low;
}

/* As in nginx the later line counts. */
static void warn_twice(const struct setter_call *call, const struct word *word,
                       const struct type_setting *first, struct slice type) {
    struct model *model = call->model;
    bool is_same = slice_equals(first->type, type);
    struct diagnostic *diagnostic =
        diagnostic_add(model->diagnostics, SEVERITY_WARNING, DIAGNOSTIC_DUPLICATE_KEY, word->span,
                       "files that end in \".%.*s\" have a type already", SLICE_ARGS(word->text));
    diagnostic_note(model->arena, diagnostic, first->word->span, "it is \"%.*s\" here",
                    SLICE_ARGS(first->type));
    diagnostic_help(model->arena, diagnostic, "remove one of them%s",
                    is_same ? "" : "; this one counts");
}

static void add_ending(const struct setter_call *call, const struct word *word, struct slice type) {
    struct model *model = call->model;
    MODEL_TYPE_TYPES *types = call->field;
    struct slice ending = text_lower(model, word->text);
    size_t place = find_place(types, ending);
    const struct type_setting new = {word, ending, type};
    if (place < types->list.count && slice_equals(types->list.items[place].ending, ending)) {
        warn_twice(call, word, &types->list.items[place], type);
        types->list.items[place] = new;
        return;
    }
    VECTOR_PUSH(model->arena, &types->list, new);
    for (size_t i = types->list.count - 1; i > place; i--) {
        types->list.items[i] = types->list.items[i - 1];
    }
    types->list.items[place] = new;
}

/* A type among the endings is the beginning of the next line. */
static void warn_of_type(const struct setter_call *call, const struct word *previous,
                         const struct word *word) {
    struct model *model = call->model;
    struct diagnostic *diagnostic = diagnostic_add(
        model->diagnostics, SEVERITY_WARNING, DIAGNOSTIC_MISSING_SEMICOLON, word->span,
        "\"%.*s\" is read as the end of a name here", SLICE_ARGS(word->text));
    diagnostic_help(model->arena, diagnostic, "write \"%.*s;\" before it",
                    SLICE_ARGS(previous->text));
}

static void read_line(const struct setter_call *call, const struct statement *line) {
    struct model *model = call->model;
    if (line->block != NULL) {
        struct diagnostic *diagnostic =
            diagnostic_error(model->diagnostics, DIAGNOSTIC_UNEXPECTED_BLOCK, line->block->open,
                             "a line in \"types\" takes no block");
        diagnostic_help(model->arena, diagnostic, "write \"TYPE ENDING ...;\"");
        return;
    }
    for (uint32_t i = 1; i < line->word_count; i++) {
        if (slice_find_byte(line->words[i].text, '/') < line->words[i].text.size) {
            warn_of_type(call, &line->words[i - 1], &line->words[i]);
        }
        add_ending(call, &line->words[i], statement_name(line));
    }
}

bool model_set_types(const struct setter_call *call) {
    MODEL_TYPE_TYPES *types = call->field;
    if (call->scope == NULL) {
        for (size_t i = 0; i < sizeof built_in / sizeof built_in[0]; i++) {
            VECTOR_PUSH(call->model->arena, &types->list, built_in[i]);
        }
        return true;
    }
    struct tree_walk walk = tree_walk_begin(call->statement->block);
    for (struct statement *line; (line = tree_walk_next(&walk)) != NULL;) {
        read_line(call, line);
    }
    return true;
}
