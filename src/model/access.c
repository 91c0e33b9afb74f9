/* Who may come in: allow and deny, limit_except, internal. */
#include "model/network.h"
#include "model/reading.h"

/* --- allow and deny --- */

static bool reject_socket(struct model *model, const struct word *word) {
    struct diagnostic *diagnostic =
        diagnostic_error(model->diagnostics, DIAGNOSTIC_INVALID_ADDRESS, word->span,
                         "a rule cannot tell one unix socket from another");
    diagnostic_help(model->arena, diagnostic, "write \"unix:\" for the clients of all of them");
    return false;
}

static bool read_rule(const struct setter_call *call, bool deny) {
    struct model *model = call->model;
    struct access_rule_list *rules = &settings_own(model, call->scope)->allow;
    const struct word *word = statement_argument(call->statement, 0);
    struct access_rule_setting rule = {.statement = call->statement, .deny = deny};
    if (slice_equals(word->text, SLICE("all"))) {
        rule.network.match = TABLE_CLIENT_ALL;
    } else if (slice_equals(word->text, SLICE("unix:"))) {
        rule.network.match = TABLE_CLIENT_UNIX;
    } else if (slice_starts_with(word->text, SLICE("unix:"))) {
        return reject_socket(model, word);
    } else if (!network_read(model, word, word->text, &rule.network)) {
        return false;
    }
    VECTOR_PUSH(model->arena, &rules->list, rule);
    return true;
}

bool model_set_allow(const struct setter_call *call) {
    return read_rule(call, false);
}

/* Rules of both kinds are one list, which stands under the name of the first. */
bool model_set_deny(const struct setter_call *call) {
    if (!read_rule(call, true)) {
        return false;
    }
    call->scope->settings->is_own[SETTING_allow] = true;
    call->scope->settings->origin[SETTING_allow] = call->statement;
    return true;
}

bool model_is_closed(const struct settings *settings) {
    const struct access_rule_list *rules = &settings->allow;
    for (size_t i = 0; i < rules->list.count && rules->list.items[i].deny; i++) {
        if (rules->list.items[i].network.match == TABLE_CLIENT_ALL) {
            return true;
        }
    }
    return false;
}

/* --- auth_basic --- */

bool model_set_auth_basic_user_file(const struct setter_call *call) {
    const struct word *word = statement_argument(call->statement, 0);
    if (word->text.size == 0) {
        return reject_value(call, DIAGNOSTIC_INVALID_VALUE, word, "name",
                            "write the name of a file that htpasswd has made");
    }
    return model_set_template(call);
}

/* nginx lets everybody in without a file. Of a block with others inside those may have one. */
void access_check_file(struct model *model, const struct location *location) {
    const struct settings *settings = location->settings;
    const struct word *word = settings->auth_basic.word;
    if (!settings->is_own[SETTING_auth_basic] || settings->auth_basic_user_file.word != NULL ||
        slice_equals(word->text, SLICE("off")) || location->nested.count > 0) {
        return;
    }
    struct diagnostic *diagnostic =
        diagnostic_add(model->diagnostics, SEVERITY_WARNING, DIAGNOSTIC_INVALID_VALUE, word->span,
                       "nobody is asked for a password here, as there is no file of users");
    diagnostic_help(model->arena, diagnostic, "add \"auth_basic_user_file FILE;\"");
}

/* --- internal --- */

bool model_set_internal(const struct setter_call *call) {
    struct location *location = call->scope->location;
    if (location->internal != NULL) {
        structure_report_duplicate(call->model, call->statement, location->internal);
        return false;
    }
    location->internal = call->statement;
    location->is_internal = true;
    return true;
}

/* --- limit_except --- */

static const struct slice methods[] = {
    SLICE_INIT("GET"),     SLICE_INIT("HEAD"),     SLICE_INIT("POST"),      SLICE_INIT("PUT"),
    SLICE_INIT("DELETE"),  SLICE_INIT("MKCOL"),    SLICE_INIT("COPY"),      SLICE_INIT("MOVE"),
    SLICE_INIT("OPTIONS"), SLICE_INIT("PROPFIND"), SLICE_INIT("PROPPATCH"), SLICE_INIT("LOCK"),
    SLICE_INIT("UNLOCK"),  SLICE_INIT("PATCH"),
};

#define METHOD_COUNT (sizeof methods / sizeof methods[0])

/* Written in any case; NULL after saying that there is no such method. */
static const struct slice *find_method(struct model *model, const struct word *word) {
    for (size_t i = 0; i < METHOD_COUNT; i++) {
        if (slice_equals_nocase(word->text, methods[i])) {
            return &methods[i];
        }
    }
    struct diagnostic *diagnostic =
        diagnostic_error(model->diagnostics, DIAGNOSTIC_INVALID_VALUE, word->span,
                         "invalid method \"%.*s\"", SLICE_ARGS(word->text));
    struct slice nearest = nearest_name(word->text, methods, METHOD_COUNT);
    if (nearest.size > 0) {
        diagnostic_help(model->arena, diagnostic, "write \"%.*s\"", SLICE_ARGS(nearest));
    } else {
        diagnostic_help(model->arena, diagnostic,
                        "the methods are GET, HEAD, POST, PUT, DELETE, MKCOL, COPY, MOVE, OPTIONS, "
                        "PROPFIND, PROPPATCH, LOCK, UNLOCK and PATCH; others are always limited");
    }
    return NULL;
}

/* Who may GET may HEAD. */
static void add_method(struct model *model, struct location *location, struct slice method) {
    VECTOR_PUSH(model->arena, &location->limited_except, method);
    if (slice_equals(method, SLICE("GET"))) {
        VECTOR_PUSH(model->arena, &location->limited_except, SLICE("HEAD"));
    }
}

bool model_set_limit_except_block(const struct setter_call *call) {
    struct model *model = call->model;
    struct location *location = call->scope->location;
    if (location->limited != NULL) {
        structure_report_duplicate(model, call->statement, location->limited->statement);
        return false;
    }
    bool is_right = true;
    for (uint32_t i = 0; i < statement_argument_count(call->statement); i++) {
        const struct slice *method = find_method(model, statement_argument(call->statement, i));
        is_right &= method != NULL;
        if (method != NULL) {
            add_method(model, location, *method);
        }
    }
    location->limited = condition_read_block(call, C_LIMIT_EXCEPT);
    return is_right;
}
