/* What becomes of fields of a backend's response: proxy_redirect, proxy_cookie_domain,
 * proxy_cookie_path, proxy_cookie_flags. All are lists, which "off" ends: of several in a block
 * none is "off", and a block with any of its own inherits none. */
#include "model/reading.h"

static const struct word *argument(const struct setter_call *call, uint32_t index) {
    return statement_argument(call->statement, index);
}

static bool is_single(const struct setter_call *call, struct slice word) {
    return statement_argument_count(call->statement) == 1 &&
           slice_equals(argument(call, 0)->text, word);
}

/* One argument that is no word of the directive's. */
static bool reject_single(const struct setter_call *call, const char *help) {
    const struct word *word = argument(call, 0);
    return reject_word(call, DIAGNOSTIC_UNKNOWN_PARAMETER, word, help,
                       "\"%s\" does not take \"%.*s\" alone", call->directive->name,
                       SLICE_ARGS(word->text));
}

/* "off" beside anything else in the block. */
static bool contradicts(const struct setter_call *call, size_t count, bool is_off) {
    if (call->scope == NULL) {
        return false;
    }
    const struct settings *settings = call->scope->settings;
    uint32_t id = call->directive->setting;
    if (!settings->is_own[id] || (!is_off && count > 0)) {
        return false;
    }
    structure_report_duplicate(call->model, call->statement, settings->origin[id]);
    return true;
}

/* Behind the mark, the expression; `subject` is the variable that holds what it is matched against.
 */
static struct regex *read_regex(const struct setter_call *call, size_t offset, bool ignore_case,
                                const char *subject) {
    const struct word *word = argument(call, 0);
    struct template key = template_parse(call->model, word, slice_from_string(subject), 0);
    return regex_create(call->model, call->statement, word, offset, ignore_case, &key);
}

/* A template without the dot that a domain may begin with. */
static struct template read_text(const struct setter_call *call, uint32_t index, bool is_domain) {
    const struct word *word = argument(call, index);
    uint32_t skipped = is_domain && slice_starts_with(word->text, SLICE(".")) ? 1 : 0;
    return template_parse(call->model, word, slice_skip(word->text, skipped), skipped);
}

static bool has_mark(const struct setter_call *call) {
    return slice_starts_with(argument(call, 0)->text, SLICE("~"));
}

/* What is looked for and what it is replaced with. */
static bool add_replacement(const struct setter_call *call, bool is_domain, const char *subject) {
    MODEL_TYPE_REPLACEMENTS *replacements = call->field;
    struct replacement_setting replacement = {.statement = call->origin};
    if (contradicts(call, replacements->list.count, false)) {
        return false;
    }
    if (has_mark(call)) {
        /* Domains are compared without case in any case, and an asterisk is part of the expression.
         */
        bool has_asterisk = !is_domain && slice_starts_with(argument(call, 0)->text, SLICE("~*"));
        replacement.regex =
            read_regex(call, has_asterisk ? 2 : 1, has_asterisk || is_domain, subject);
        if (replacement.regex == NULL) {
            return false;
        }
        replacement.text =
            template_parse(call->model, argument(call, 1), argument(call, 1)->text, 0);
    } else {
        replacement.pattern = read_text(call, 0, is_domain);
        replacement.text = read_text(call, 1, is_domain);
    }
    VECTOR_PUSH(call->model->arena, &replacements->list, replacement);
    return true;
}

/* --- proxy_redirect --- */

static bool reject_default(const struct setter_call *call, const char *problem, const char *help) {
    return reject_word(call, DIAGNOSTIC_CONFLICTING_PARAMETERS, argument(call, 0), help,
                       "\"proxy_redirect default\" %s", problem);
}

/* It means the proxy_pass of the same block, which nginx must have read before. */
static bool check_default(const struct setter_call *call) {
    if (call->scope == NULL) {
        return true; /* what holds where nothing is said */
    }
    const struct location *location = call->scope->location;
    if (location == NULL || location->proxy == NULL) {
        return reject_default(call, "needs a proxy_pass before it in the same block",
                              "leave it out where nothing else is inherited: it is the default");
    }
    if (location->proxy->has_variables) {
        return reject_default(call, "cannot be used with variables in proxy_pass",
                              "write what is to be replaced: proxy_redirect http://HOST/ /");
    }
    return true;
}

bool model_set_proxy_redirect(const struct setter_call *call) {
    MODEL_TYPE_REPLACEMENTS *replacements = call->field;
    if (is_single(call, SLICE("off"))) {
        return !contradicts(call, replacements->list.count, true);
    }
    if (!is_single(call, SLICE("default"))) {
        return statement_argument_count(call->statement) == 1
                   ? reject_single(call,
                                   "write \"default\", \"off\", or what is to be replaced and "
                                   "with what: proxy_redirect http://HOST/ /")
                   : add_replacement(call, false, "$upstream_http_location");
    }
    if (contradicts(call, replacements->list.count, false) || !check_default(call)) {
        return false;
    }
    VECTOR_PUSH(call->model->arena, &replacements->list,
                (struct replacement_setting){.statement = call->origin, .is_default = true});
    return true;
}

/* --- cookies --- */

static bool set_cookie_part(const struct setter_call *call, bool is_domain, const char *help) {
    MODEL_TYPE_REPLACEMENTS *replacements = call->field;
    if (is_single(call, SLICE("off"))) {
        return !contradicts(call, replacements->list.count, true);
    }
    return statement_argument_count(call->statement) == 1
               ? reject_single(call, help)
               : add_replacement(call, is_domain, "$upstream_http_set_cookie");
}

bool model_set_proxy_cookie_domain(const struct setter_call *call) {
    return set_cookie_part(call, true,
                           "write \"off\", or the backend's domain and what clients get instead");
}

bool model_set_proxy_cookie_path(const struct setter_call *call) {
    return set_cookie_part(call, false,
                           "write \"off\", or what the path begins with and what clients get "
                           "instead");
}

/* nginx takes any word, and forgets those that are no flag: a cookie that somebody meant to protect
 * is not. */
static void check_flag(const struct setter_call *call, const struct word *word,
                       const struct template *flag) {
    static const struct slice flags[] = {
        SLICE_INIT("secure"),        SLICE_INIT("nosecure"),     SLICE_INIT("httponly"),
        SLICE_INIT("nohttponly"),    SLICE_INIT("samesite=lax"), SLICE_INIT("samesite=strict"),
        SLICE_INIT("samesite=none"), SLICE_INIT("nosamesite"),
    };
    struct slice text;
    if (!template_is_constant(call->model, flag, &text)) {
        return;
    }
    for (size_t i = 0; i < sizeof flags / sizeof flags[0]; i++) {
        if (text.size == 0 || slice_equals_nocase(flags[i], text)) {
            return;
        }
    }
    struct diagnostic *diagnostic = diagnostic_add(
        call->model->diagnostics, SEVERITY_WARNING, DIAGNOSTIC_UNKNOWN_PARAMETER, word->span,
        "\"%.*s\" is no flag of a cookie and has no effect", SLICE_ARGS(word->text));
    diagnostic_help(call->model->arena, diagnostic,
                    "write secure, httponly, samesite=strict, samesite=lax or samesite=none, or "
                    "nosecure, nohttponly or nosamesite to take one away");
}

bool model_set_proxy_cookie_flags(const struct setter_call *call) {
    struct model *model = call->model;
    MODEL_TYPE_COOKIE_RULES *list = call->field;
    struct cookie_rule_setting flags = {.statement = call->origin};
    if (is_single(call, SLICE("off"))) {
        return !contradicts(call, list->list.count, true);
    }
    if (statement_argument_count(call->statement) == 1) {
        return reject_single(call, "write \"off\", or the cookie's name and flags, such as secure");
    }
    if (contradicts(call, list->list.count, false)) {
        return false;
    }
    if (has_mark(call)) {
        flags.regex = read_regex(call, 1, true, "$upstream_http_set_cookie");
        if (flags.regex == NULL) {
            return false;
        }
    } else {
        flags.name = read_text(call, 0, false);
    }
    for (uint32_t i = 1; i < statement_argument_count(call->statement); i++) {
        struct template flag = read_text(call, i, false);
        check_flag(call, argument(call, i), &flag);
        VECTOR_PUSH(model->arena, &flags.flags, flag);
    }
    VECTOR_PUSH(model->arena, &list->list, flags);
    return true;
}
