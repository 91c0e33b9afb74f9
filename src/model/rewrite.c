/* The rewrite directive: understood for the checks, not run yet. */
#include "model/reading.h"

static const struct slice rewrite_flags[] = {
    SLICE_INIT("last"),
    SLICE_INIT("break"),
    SLICE_INIT("redirect"),
    SLICE_INIT("permanent"),
};

#define FLAG_COUNT (sizeof rewrite_flags / sizeof rewrite_flags[0])

static bool check_flag(const struct setter_call *call, const struct word *word) {
    for (size_t i = 0; i < FLAG_COUNT; i++) {
        if (slice_equals(word->text, rewrite_flags[i])) {
            return true;
        }
    }
    struct diagnostic *diagnostic =
        diagnostic_error(call->model->diagnostics, DIAGNOSTIC_UNKNOWN_PARAMETER, word->span,
                         "rewrite has no flag \"%.*s\"", SLICE_ARGS(word->text));
    diagnostic_help(call->model->arena, diagnostic,
                    "the flags are last, break, redirect and permanent");
    return false;
}

bool model_set_rewrite(const struct setter_call *call) {
    struct model *model = call->model;
    const struct word *pattern = statement_argument(call->statement, 0);
    const struct word *replacement = statement_argument(call->statement, 1);
    refuse(model, call->statement, call->statement->words[0].span, "directive \"rewrite\"");
    bool is_right = regex_create(model, call->statement, pattern, 0, false, NULL) != NULL;
    (void)template_parse(model, replacement, replacement->text, 0);
    if (statement_argument_count(call->statement) == 3) {
        is_right &= check_flag(call, statement_argument(call->statement, 2));
    }
    return is_right;
}
