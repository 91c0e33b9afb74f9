/* HTTP/2 with clients: sizes with limits of their own, and directives that nginx has given up. */
#include "model/quantity.h"
#include "model/reading.h"
#include "syntax/edit.h"

enum {
    SMALLEST_INPUT = 33, /* nginx's own limit: more than twice what it keeps of a frame */
};

static const uint64_t LARGEST_WINDOW = INT32_MAX; /* RFC 9113 6.9.1 */

static bool set_size(const struct setter_call *call, uint64_t least, uint64_t most,
                     const char *help) {
    const struct word *word = statement_argument(call->statement, 0);
    uint64_t *size = call->field;
    if (!quantity_parse_size(word->text, false, size)) {
        return model_set_size(call); /* says so */
    }
    return (*size >= least && *size <= most) ||
           reject_value(call, DIAGNOSTIC_INVALID_SIZE, word, "size", "%s", help);
}

bool model_set_http2_recv_buffer_size(const struct setter_call *call) {
    return set_size(call, SMALLEST_INPUT, UINT32_MAX, "write 33 bytes or more, such as 256k");
}

bool model_set_http2_body_preread_size(const struct setter_call *call) {
    return set_size(call, 0, LARGEST_WINDOW, "write 2147483647 bytes at most, such as 64k");
}

bool model_set_http2_chunk_size(const struct setter_call *call) {
    return set_size(call, 1, UINT32_MAX, "write a byte or more, such as 8k");
}

/* As nginx: a warning, and nothing else comes of it. */
bool model_set_obsolete(const struct setter_call *call) {
    struct diagnostic *diagnostic = diagnostic_add(
        call->model->diagnostics, SEVERITY_WARNING, DIAGNOSTIC_OBSOLETE_DIRECTIVE,
        call->statement->words[0].span, "%s is obsolete and does nothing", call->directive->name);
    struct slice advice = catalogue_obsolete_advice(call->directive);
    diagnostic_help(call->model->arena, diagnostic, "leave it out: %.*s", SLICE_ARGS(advice));
    edit_remove_statement(call->model->tree, diagnostic, call->statement);
    return true;
}
