/* return and set: what the rewrite phase of a server or location does. */
#include "model/reading.h"

#define LARGEST_STATUS 999
#define STATUS_FOUND 302
#define CLOSE_CONNECTION 444

static bool is_redirect_status(uint32_t status) {
    return status == 301 || status == 302 || status == 303 || status == 307 || status == 308;
}

/* A URL may stand alone; nginx knows it by its beginning. */
static bool is_url(struct slice text) {
    return slice_starts_with(text, SLICE("http://")) ||
           slice_starts_with(text, SLICE("https://")) || slice_starts_with(text, SLICE("$scheme"));
}

static bool reject_status(const struct setter_call *call, const struct word *word) {
    struct diagnostic *diagnostic =
        diagnostic_error(call->model->diagnostics, DIAGNOSTIC_INVALID_STATUS, word->span,
                         "invalid return code \"%.*s\"", SLICE_ARGS(word->text));
    if (is_url(word->text)) {
        diagnostic_help(call->model->arena, diagnostic,
                        "a URL stands alone; if there are spaces in it, put it between quotes");
    } else if (slice_starts_with(word->text, SLICE("/")) ||
               slice_starts_with(word->text, SLICE("$")) ||
               slice_find_byte(word->text, ':') < word->text.size) {
        diagnostic_help(call->model->arena, diagnostic,
                        "write the status before it: return 302 %.*s", SLICE_ARGS(word->text));
    } else {
        diagnostic_help(
            call->model->arena, diagnostic,
            "write a status from 1 to %d, or a URL that begins with http://, https:// or "
            "$scheme",
            LARGEST_STATUS);
    }
    return false;
}

/* nginx sends what no client can read then, "000". */
static void warn_zero(const struct setter_call *call, struct rewrite_step *step) {
    const struct word *word = statement_argument(call->statement, 0);
    struct diagnostic *diagnostic =
        diagnostic_add(call->model->diagnostics, SEVERITY_WARNING, DIAGNOSTIC_INVALID_STATUS,
                       word->span, "0 is no status: the connection is closed without an answer");
    diagnostic_help(call->model->arena, diagnostic,
                    "write 444, which means that, or the status that is to be sent");
    *step = (struct rewrite_step){
        .statement = call->statement, .kind = REWRITE_RETURN, .status = CLOSE_CONNECTION};
}

static void warn_empty_redirect(const struct setter_call *call, uint32_t status) {
    struct diagnostic *diagnostic = diagnostic_add(
        call->model->diagnostics, SEVERITY_WARNING, DIAGNOSTIC_INVALID_VALUE,
        statement_argument(call->statement, 0)->span, "return %u says nothing of where to", status);
    diagnostic_help(call->model->arena, diagnostic,
                    "write the target behind it: return %u https://$host$request_uri;", status);
}

bool model_set_return(const struct setter_call *call) {
    struct model *model = call->model;
    struct rewrite_step step = {.statement = call->statement, .kind = REWRITE_RETURN};
    const struct word *first = statement_argument(call->statement, 0);
    const struct word *text = NULL;
    uint64_t status;
    if (slice_parse_u64(first->text, LARGEST_STATUS, &status)) {
        step.status = (uint32_t)status;
        if (statement_argument_count(call->statement) == 2) {
            text = statement_argument(call->statement, 1);
        }
    } else if (statement_argument_count(call->statement) == 1 && is_url(first->text)) {
        step.status = STATUS_FOUND;
        text = first;
    } else {
        return reject_status(call, first);
    }
    step.is_redirect = is_redirect_status(step.status);
    step.has_text = text != NULL || step.is_redirect;
    if (text != NULL) {
        step.text = template_parse(model, text, text->text, 0);
    } else if (step.is_redirect) {
        warn_empty_redirect(call, step.status);
    }
    if (step.status == 0) {
        warn_zero(call, &step);
    }
    VECTOR_PUSH(model->arena, &call->scope->rewrite->steps, step);
    return true;
}

/* Variables that are not the configuration's own, and can be set all the same. */
static bool is_changeable(struct slice name, enum rewrite_kind *kind) {
    bool is_rate = slice_equals_nocase(name, SLICE("limit_rate"));
    *kind = is_rate ? REWRITE_SET_RATE : REWRITE_SET_ARGS;
    return is_rate || slice_equals_nocase(name, SLICE("args"));
}

bool model_set_set(const struct setter_call *call) {
    struct model *model = call->model;
    const struct word *name_word = statement_argument(call->statement, 0);
    const struct word *value = statement_argument(call->statement, 1);
    struct slice name;
    if (!variable_name(model, name_word, &name)) {
        return false;
    }
    struct template text = template_parse(model, value, value->text, 0);
    enum rewrite_kind kind;
    if (is_changeable(name, &kind)) {
        VECTOR_PUSH(
            model->arena, &call->scope->rewrite->steps,
            (struct rewrite_step){.statement = call->statement, .kind = kind, .text = text});
        return true;
    }
    struct variable_definition definition = {
        .statement = call->statement, .kind = DEFINED_BY_SET, .value = text};
    struct config_variable *variable = variable_define(model, name, name_word->span, definition);
    if (variable == NULL) {
        return false;
    }
    VECTOR_PUSH(model->arena, &call->scope->rewrite->steps,
                (struct rewrite_step){
                    .statement = call->statement,
                    .kind = REWRITE_SET,
                    .variable = variable,
                    .text = text,
                });
    return true;
}
