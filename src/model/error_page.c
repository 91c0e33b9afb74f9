/* error_page: which errors are answered how. */
#include "model/reading.h"

enum {
    FIRST_ERROR = 300,
    LAST_ERROR = 599,
    CLIENT_CLOSED_REQUEST = 499, /* nobody is there to be answered */
    LARGEST_STATUS = 999,
    /* nginx's own codes, of which clients know only what they stand for: 400. */
    HEADER_TOO_LARGE = 494,
    CERTIFICATE_ERROR = 495,
    NO_CERTIFICATE = 496,
    HTTP_TO_HTTPS = 497,
    BAD_REQUEST = 400,
};

static bool reject(const struct setter_call *call, const struct word *word, const char *help) {
    struct diagnostic *diagnostic =
        diagnostic_error(call->model->diagnostics, DIAGNOSTIC_INVALID_STATUS, word->span,
                         "error_page takes no status \"%.*s\"", SLICE_ARGS(word->text));
    diagnostic_help(call->model->arena, diagnostic, "%s", help);
    return false;
}

static bool reject_response(const struct setter_call *call, const struct word *word) {
    struct diagnostic *diagnostic =
        diagnostic_error(call->model->diagnostics, DIAGNOSTIC_INVALID_STATUS, word->span,
                         "error_page cannot answer with \"%.*s\"", SLICE_ARGS(word->text));
    diagnostic_help(
        call->model->arena, diagnostic,
        "write a status, as in \"=200\", or \"=\" alone for that of the target's answer");
    return false;
}

/* "=" or "=200", if the word before the target is that; *count gets the number of codes. */
static bool read_response(const struct setter_call *call, uint32_t *count, uint32_t *response) {
    uint32_t arguments = statement_argument_count(call->statement);
    const struct word *word = statement_argument(call->statement, arguments - 2);
    *response = TABLE_NONE;
    *count = arguments - 1;
    if (!slice_starts_with(word->text, SLICE("="))) {
        return true;
    }
    uint64_t status = 0;
    *count = arguments - 2;
    if (*count == 0) {
        return reject(call, word,
                      "write which errors it is for: error_page CODE... =STATUS TARGET");
    }
    if (word->text.size > 1 &&
        !slice_parse_u64(slice_skip(word->text, 1), LARGEST_STATUS, &status)) {
        return reject_response(call, word);
    }
    *response = (uint32_t)status;
    return true;
}

static bool is_class(struct slice text) {
    return text.size == 3 && text.data[0] >= '3' && text.data[0] <= '5' &&
           byte_lower(text.data[1]) == 'x' && byte_lower(text.data[2]) == 'x';
}

static const char *explain_status(struct slice text) {
    if (slice_starts_with(text, SLICE("="))) {
        return "the status to answer with is one word, right before the target: =200";
    }
    if (is_class(text)) {
        return "write every one out: error_page 400 404 410 TARGET";
    }
    return slice_equals(text, SLICE("499"))
               ? "499 means that the client is gone; nobody is left to be answered"
               : "write a status from 300 to 599";
}

static bool read_status(const struct setter_call *call, const struct word *word, uint32_t *status) {
    uint64_t value;
    if (!slice_parse_u64(word->text, LAST_ERROR, &value) || value < FIRST_ERROR ||
        value == CLIENT_CLOSED_REQUEST) {
        return reject(call, word, explain_status(word->text));
    }
    *status = (uint32_t)value;
    return true;
}

static uint32_t usual_response(uint32_t status) {
    bool is_private = status == HEADER_TOO_LARGE || status == CERTIFICATE_ERROR ||
                      status == NO_CERTIFICATE || status == HTTP_TO_HTTPS;
    return is_private ? BAD_REQUEST : TABLE_NONE;
}

bool model_set_error_page(const struct setter_call *call) {
    struct model *model = call->model;
    MODEL_TYPE_ERROR_PAGES *pages = call->field;
    uint32_t count;
    uint32_t response;
    if (!read_response(call, &count, &response)) {
        return false;
    }
    const struct word *target =
        statement_argument(call->statement, statement_argument_count(call->statement) - 1);
    struct error_page_setting page = {
        .statement = call->statement,
        .target = template_parse(model, target, target->text, 0),
    };
    for (uint32_t i = 0; i < count; i++) {
        if (!read_status(call, statement_argument(call->statement, i), &page.status)) {
            return false;
        }
        page.response = response == TABLE_NONE ? usual_response(page.status) : response;
        VECTOR_PUSH(model->arena, &pages->list, page);
    }
    return true;
}
