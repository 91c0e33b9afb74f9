/* What setters say of a word that they cannot use. All of it returns false, for them to return. */
#include "base/text.h"
#include "model/reading.h"

__attribute__((format(printf, 2, 0))) static struct slice
format(const struct setter_call *call, const char *form, va_list arguments) {
    struct text text;
    text_init(&text, call->model->arena);
    text_format_list(&text, form, arguments);
    return text_slice(&text);
}

bool reject_word(const struct setter_call *call, enum diagnostic_code code, const struct word *word,
                 const char *help, const char *message, ...) {
    va_list arguments;
    va_start(arguments, message);
    struct slice text = format(call, message, arguments);
    va_end(arguments);
    struct diagnostic *diagnostic =
        diagnostic_error(call->model->diagnostics, code, word->span, "%.*s", SLICE_ARGS(text));
    diagnostic_help(call->model->arena, diagnostic, "%s", help);
    return false;
}

bool reject_invalid(const struct setter_call *call, enum diagnostic_code code,
                    const struct word *word, const char *kind, const char *help) {
    return reject_word(call, code, word, help, "invalid %s \"%.*s\"", kind, SLICE_ARGS(word->text));
}

bool reject_value(const struct setter_call *call, enum diagnostic_code code,
                  const struct word *word, const char *kind, const char *help, ...) {
    struct diagnostic *diagnostic = diagnostic_error(
        call->model->diagnostics, code, word->span, "\"%.*s\" is not a valid %s for \"%s\"",
        SLICE_ARGS(word->text), kind, call->directive->name);
    va_list arguments;
    va_start(arguments, help);
    struct slice text = format(call, help, arguments);
    va_end(arguments);
    diagnostic_help(call->model->arena, diagnostic, "%.*s", SLICE_ARGS(text));
    return false;
}

void reject_hint_parameter(const struct setter_call *call, struct diagnostic *diagnostic,
                           const struct word *word, const struct slice *names, size_t count) {
    struct slice nearest = nearest_name(word->text, names, count);
    if (nearest.size == 0) {
        size_t end = slice_find_byte(word->text, '=');
        nearest = nearest_name(slice_take(word->text, end + 1), names, count);
    }
    if (nearest.size > 0) {
        diagnostic_help(call->model->arena, diagnostic, "write \"%.*s\"", SLICE_ARGS(nearest));
    }
}

bool reject_parameter(const struct setter_call *call, const struct word *word,
                      const struct slice *names, size_t count) {
    struct diagnostic *diagnostic = diagnostic_error(
        call->model->diagnostics, DIAGNOSTIC_UNKNOWN_PARAMETER, word->span,
        "%s has no parameter \"%.*s\"", call->directive->name, SLICE_ARGS(word->text));
    reject_hint_parameter(call, diagnostic, word, names, count);
    return false;
}

bool reject_beside(const struct setter_call *call, enum setting_id other, enum diagnostic_code code,
                   const char *help) {
    const struct settings *settings = call->scope == NULL ? NULL : call->scope->settings;
    if (settings == NULL || !settings->is_own[other]) {
        return true;
    }
    const struct statement *first = settings->origin[other];
    struct diagnostic *diagnostic = diagnostic_error(
        call->model->diagnostics, code, call->statement->words[0].span,
        "\"%s\" stands beside \"%.*s\"", call->directive->name, SLICE_ARGS(statement_name(first)));
    diagnostic_note(call->model->arena, diagnostic, first->words[0].span, "given here");
    diagnostic_help(call->model->arena, diagnostic, "%s", help);
    return false;
}
