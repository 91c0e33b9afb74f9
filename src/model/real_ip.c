/* Which proxies are believed who their client is, and by which field they say it: set_real_ip_from
 * and real_ip_header. */
#include "model/network.h"
#include "model/reading.h"

/* Letters, digits, dots and hyphens, not digits and dots alone: what a resolver could be asked for.
 */
static bool looks_like_name(struct slice text) {
    bool has_letter = false;
    for (size_t i = 0; i < text.size; i++) {
        char c = byte_lower(text.data[i]);
        bool is_letter = c >= 'a' && c <= 'z';
        has_letter = has_letter || is_letter;
        if (!is_letter && (c < '0' || c > '9') && c != '.' && c != '-' && c != '_') {
            return false;
        }
    }
    return has_letter;
}

static bool reject_socket(struct model *model, const struct word *word) {
    struct diagnostic *diagnostic =
        diagnostic_error(model->diagnostics, DIAGNOSTIC_INVALID_ADDRESS, word->span,
                         "one unix socket cannot be told from another");
    diagnostic_help(model->arena, diagnostic, "write \"unix:\" for the clients of all of them");
    return false;
}

/* nginx looks names up when it starts. A table is for any machine, so that nobody could say what
 * was trusted. */
bool model_set_trusted_network(const struct setter_call *call) {
    struct model *model = call->model;
    MODEL_TYPE_TRUSTED_NETWORKS *networks = call->field;
    const struct word *word = statement_argument(call->statement, 0);
    struct network_setting setting = {.statement = call->statement};
    if (slice_equals(word->text, SLICE("unix:"))) {
        setting.network.match = TABLE_CLIENT_UNIX;
    } else if (slice_starts_with(word->text, SLICE("unix:"))) {
        return reject_socket(model, word);
    } else if (looks_like_name(word->text)) {
        refuse(model, call->statement, word->span, "the name \"%.*s\" in set_real_ip_from",
               SLICE_ARGS(word->text));
        return true;
    } else if (!network_read(model, word, word->text, &setting.network)) {
        return false;
    }
    VECTOR_PUSH(model->arena, &networks->list, setting);
    return true;
}

/* nginx takes any text, and then no field is ever called so. Only X-Forwarded-For written just like
 * that is a list of proxies that may be in several fields. */
bool model_set_real_ip_header(const struct setter_call *call) {
    static const struct slice list = SLICE_INIT("X-Forwarded-For");
    struct model *model = call->model;
    const struct word *word = statement_argument(call->statement, 0);
    struct diagnostic *diagnostic;
    if (!values_is_token(word->text)) {
        diagnostic =
            diagnostic_error(model->diagnostics, DIAGNOSTIC_INVALID_VALUE, word->span,
                             "\"%.*s\" is not the name of a header", SLICE_ARGS(word->text));
        diagnostic_help(model->arena, diagnostic,
                        "write a name such as X-Forwarded-For, without a colon, or proxy_protocol");
        return false;
    }
    if (slice_equals_nocase(word->text, list) && !slice_equals(word->text, list)) {
        diagnostic = diagnostic_add(
            model->diagnostics, SEVERITY_WARNING, DIAGNOSTIC_INVALID_VALUE, word->span,
            "written like this only the first of several X-Forwarded-For headers counts");
        diagnostic_help(model->arena, diagnostic, "write \"X-Forwarded-For\"");
    }
    *(MODEL_TYPE_TEXT *)call->field = word->text;
    return true;
}
