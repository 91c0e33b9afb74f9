/* Where bodies are buffered. Which sizes fit together is checked here, too. */
#include "model/reading.h"

/* nginx limits the digits of all levels together so that a file's name can hold them. */
enum { LEVEL_DIGITS_MOST = 10 };

static bool reject_level(const struct setter_call *call, const struct word *word,
                         const char *help) {
    struct diagnostic *diagnostic = diagnostic_error(
        call->model->diagnostics, DIAGNOSTIC_INVALID_NUMBER, word->span,
        "\"%.*s\" is not a valid level for \"%s\"", SLICE_ARGS(word->text), call->directive->name);
    diagnostic_help(call->model->arena, diagnostic, "%s", help);
    return false;
}

/* The levels spread files over folders by digits of their names. Files without names need none, so
 * that only nginx's rules about them are left. */
static bool check_levels(const struct setter_call *call) {
    uint64_t digits = 0;
    for (uint32_t i = 1; i < statement_argument_count(call->statement); i++) {
        const struct word *word = statement_argument(call->statement, i);
        uint64_t level;
        if (!slice_parse_u64(word->text, INT32_MAX, &level) || level == 0) {
            return reject_level(call, word, "write a number of digits, such as 1 or 2");
        }
        digits += level;
        if (digits > LEVEL_DIGITS_MOST) {
            return reject_level(call, word, "all levels together have 10 digits at most");
        }
    }
    return true;
}

bool model_set_temp_path(const struct setter_call *call) {
    return check_levels(call) && model_set_path(call);
}
