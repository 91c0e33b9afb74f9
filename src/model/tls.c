/* Settings of TLS: understood for the checks, not run yet. What a cipher string comes to is
 * expanded in check/, with OpenSSL. */
#include "model/reading.h"

static const struct slice protocols[] = {
    SLICE_INIT("SSLv2"),   SLICE_INIT("SSLv3"),   SLICE_INIT("TLSv1"),
    SLICE_INIT("TLSv1.1"), SLICE_INIT("TLSv1.2"), SLICE_INIT("TLSv1.3"),
};

#define PROTOCOL_COUNT (sizeof protocols / sizeof protocols[0])

static void refuse_directive(const struct setter_call *call) {
    if (call->origin != NULL) {
        refuse(call->model, call->origin, call->origin->words[0].span, "directive \"%s\"",
               call->directive->name);
    }
}

static bool check_protocol(const struct setter_call *call, const struct word *word) {
    struct model *model = call->model;
    for (size_t i = 0; i < PROTOCOL_COUNT; i++) {
        if (slice_equals_nocase(word->text, protocols[i])) {
            return true;
        }
    }
    struct diagnostic *diagnostic =
        diagnostic_error(model->diagnostics, DIAGNOSTIC_INVALID_VALUE, word->span,
                         "\"%.*s\" is no TLS version", SLICE_ARGS(word->text));
    uint32_t index = (uint32_t)(word - call->statement->words);
    if (structure_hint_semicolon(model, call->scope->context, call->statement, index, diagnostic)) {
        return false;
    }
    struct slice nearest = nearest_name(word->text, protocols, PROTOCOL_COUNT);
    if (nearest.size > 0) {
        diagnostic_help(model->arena, diagnostic, "write \"%.*s\"", SLICE_ARGS(nearest));
    } else {
        diagnostic_help(model->arena, diagnostic, "the versions in use are TLSv1.2 and TLSv1.3");
    }
    return false;
}

bool model_set_ssl_protocols(const struct setter_call *call) {
    refuse_directive(call);
    for (uint32_t i = 0; i < statement_argument_count(call->statement); i++) {
        if (!check_protocol(call, statement_argument(call->statement, i))) {
            return false;
        }
    }
    return model_set_names(call);
}

bool model_set_ssl_ciphers(const struct setter_call *call) {
    refuse_directive(call);
    return model_set_text(call);
}
