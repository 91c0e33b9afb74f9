/* rewrite and break: what they make of a request's path. */
#include "base/text.h"
#include "model/reading.h"

static const struct {
    struct slice name;
    enum table_rewrite_flag flag;
    uint32_t redirect;
} rewrite_flags[] = {
    {SLICE_INIT("last"), TABLE_REWRITE_LAST, 0},
    {SLICE_INIT("break"), TABLE_REWRITE_BREAK, 0},
    {SLICE_INIT("redirect"), TABLE_REWRITE_GO_ON, 302},
    {SLICE_INIT("permanent"), TABLE_REWRITE_GO_ON, 301},
};

#define FLAG_COUNT (sizeof rewrite_flags / sizeof rewrite_flags[0])

static bool read_flag(const struct setter_call *call, const struct word *word,
                      struct rewriting *rewriting) {
    for (size_t i = 0; i < FLAG_COUNT; i++) {
        if (slice_equals(word->text, rewrite_flags[i].name)) {
            rewriting->flag = rewrite_flags[i].flag;
            if (rewrite_flags[i].redirect != 0) {
                rewriting->redirect = rewrite_flags[i].redirect;
            }
            return true;
        }
    }
    struct diagnostic *diagnostic =
        diagnostic_error(call->model->diagnostics, DIAGNOSTIC_UNKNOWN_PARAMETER, word->span,
                         "rewrite has no flag \"%.*s\"", SLICE_ARGS(word->text));
    diagnostic_help(call->model->arena, diagnostic,
                    "the flags are last, break, redirect (302) and permanent (301)");
    return false;
}

static bool is_url(struct slice text) {
    return slice_starts_with(text, SLICE("http://")) ||
           slice_starts_with(text, SLICE("https://")) || slice_starts_with(text, SLICE("$scheme"));
}

/* Position of the first '?' that is no part of a variable's reference: any, since no reference
 * holds one. */
static void read_replacement(const struct setter_call *call, const struct word *word,
                             struct rewriting *rewriting) {
    struct slice text = word->text;
    rewriting->keeps_args = !slice_ends_with(text, SLICE("?"));
    text = slice_take(text, rewriting->keeps_args ? text.size : text.size - 1);
    size_t question = slice_find_byte(text, '?');
    if (rewriting->redirect != 0) {
        rewriting->has_args = question < text.size;
        question = text.size;
    }
    rewriting->path = template_parse(call->model, word, slice_take(text, question), 0);
    if (question < text.size) {
        rewriting->sets_args = true;
        rewriting->args = template_parse(call->model, word, slice_skip(text, question + 1),
                                         (uint32_t)question + 1);
    }
}

/* The replacement is read after the flag, which decides how. */
bool model_set_rewrite(const struct setter_call *call) {
    struct model *model = call->model;
    const struct word *pattern = statement_argument(call->statement, 0);
    const struct word *replacement = statement_argument(call->statement, 1);
    struct rewriting *rewriting = arena_require(model->arena, sizeof *rewriting);
    if (replacement->text.size == 0) {
        struct diagnostic *diagnostic =
            diagnostic_error(model->diagnostics, DIAGNOSTIC_INVALID_VALUE, replacement->span,
                             "rewrite needs a replacement");
        diagnostic_help(model->arena, diagnostic, "write a path such as /new/$1, or a URL");
        return false;
    }
    rewriting->regex = regex_create(model, call->statement, pattern, 0, false, NULL);
    rewriting->redirect = is_url(replacement->text) ? 302 : 0;
    bool is_right = rewriting->regex != NULL;
    if (statement_argument_count(call->statement) == 3) {
        is_right &= read_flag(call, statement_argument(call->statement, 2), rewriting);
    }
    read_replacement(call, replacement, rewriting);
    if (is_right) {
        VECTOR_PUSH(model->arena, &call->scope->rewrite->steps,
                    (struct rewrite_step){
                        .statement = call->statement,
                        .kind = REWRITE_PATH,
                        .rewriting = rewriting,
                    });
    }
    return is_right;
}

bool model_set_break(const struct setter_call *call) {
    VECTOR_PUSH(call->model->arena, &call->scope->rewrite->steps,
                (struct rewrite_step){.statement = call->statement, .kind = REWRITE_BREAK});
    return true;
}
