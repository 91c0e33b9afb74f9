/* auth_request and auth_request_set: who may come in is asked by a subrequest, and variables get
 * values of its answer. */
#include "model/reading.h"

static void warn(const struct setter_call *call, const struct word *word, const char *problem,
                 const char *help) {
    struct diagnostic *diagnostic =
        diagnostic_add(call->model->diagnostics, SEVERITY_WARNING, DIAGNOSTIC_INVALID_VALUE,
                       word->span, "%s", problem);
    diagnostic_help(call->model->arena, diagnostic, "%s", help);
}

/* nginx takes the text as it is for the subrequest's path. Where that leads nowhere all requests
 * are answered with 500. */
static void check_path(const struct setter_call *call, const struct word *word) {
    struct slice text = word->text;
    if (text.data[0] != '/') {
        warn(call, word, "the subrequest's path does not begin with \"/\", so no location has it",
             "write the path of a location of this server, such as /auth");
    } else if (slice_find_byte(text, '$') < text.size) {
        warn(call, word,
             "the \"$\" is part of the subrequest's path: auth_request has no variables",
             "what the location is to know goes by proxy_set_header");
    } else if (slice_find_byte(text, '?') < text.size) {
        warn(call, word,
             "the \"?\" is part of the subrequest's path: auth_request has no arguments",
             "put arguments into the proxy_pass of the location");
    }
}

bool model_set_auth_request(const struct setter_call *call) {
    const struct word *word = statement_argument(call->statement, 0);
    bool is_off = word->text.size == 0 || slice_equals(word->text, SLICE("off"));
    *(MODEL_TYPE_TEXT *)call->field = is_off ? (struct slice){NULL, 0} : word->text;
    if (!is_off) {
        check_path(call, word);
    }
    return true;
}

bool model_set_auth_request_set(const struct setter_call *call) {
    struct model *model = call->model;
    MODEL_TYPE_ASSIGNMENTS *assignments = call->field;
    const struct word *name_word = statement_argument(call->statement, 0);
    const struct word *value = statement_argument(call->statement, 1);
    struct slice name;
    if (!variable_name(model, name_word, &name)) {
        return false;
    }
    struct assignment_setting assignment = {.statement = call->statement,
                                            .value = template_parse(model, value, value->text, 0)};
    assignment.variable = variable_define(model, name, name_word->span,
                                          (struct variable_definition){.statement = call->statement,
                                                                       .kind = DEFINED_BY_REPLY,
                                                                       .value = assignment.value});
    if (assignment.variable == NULL) {
        return false;
    }
    VECTOR_PUSH(model->arena, &assignments->list, assignment);
    return true;
}
