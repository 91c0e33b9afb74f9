/* Where bodies are buffered, and how much of them: which sizes fit together is checked once all
 * inheritance is known, and sizes that nobody gave are derived from the others. */
#include "base/size.h"
#include "base/text.h"
#include "model/quantity.h"
#include "model/reading.h"

#include <inttypes.h>

/* nginx limits the digits of all levels together so that a file's name can hold them. */
enum { LEVEL_DIGITS_MOST = 10 };

/* --- temporary files --- */

/* The levels spread files over folders by digits of their names. Files without names need none, so
 * that only nginx's rules about them are left. */
static bool check_levels(const struct setter_call *call) {
    uint64_t digits = 0;
    for (uint32_t i = 1; i < statement_argument_count(call->statement); i++) {
        const struct word *word = statement_argument(call->statement, i);
        uint64_t level;
        if (!slice_parse_u64(word->text, INT32_MAX, &level) || level == 0) {
            return reject_value(call, DIAGNOSTIC_INVALID_NUMBER, word, "level",
                                "write a number of digits, such as 1 or 2");
        }
        digits += level;
        if (digits > LEVEL_DIGITS_MOST) {
            return reject_value(call, DIAGNOSTIC_INVALID_NUMBER, word, "level",
                                "all levels together have 10 digits at most");
        }
    }
    return true;
}

bool model_set_temp_path(const struct setter_call *call) {
    return check_levels(call) && model_set_path(call);
}

/* --- sizes --- */

bool model_set_proxy_buffers(const struct setter_call *call) {
    MODEL_TYPE_PAIR *pair = call->field;
    const struct word *number = statement_argument(call->statement, 0);
    const struct word *size = statement_argument(call->statement, 1);
    if (!slice_parse_u64(number->text, INT32_MAX, &pair->first) || pair->first < 2) {
        return reject_value(call, DIAGNOSTIC_INVALID_NUMBER, number, "number of buffers",
                            "write 2 or more, then their size: 8 4k");
    }
    if (!quantity_parse_size(size->text, false, &pair->second) || pair->second == 0) {
        return reject_value(call, DIAGNOSTIC_INVALID_SIZE, size, "size of buffers",
                            "write bytes, kilobytes or megabytes: 512, 8k, 1m");
    }
    return true;
}

/* What variables make of it is looked at when a response comes. */
bool model_set_rate(const struct setter_call *call) {
    struct slice text;
    uint64_t rate;
    (void)model_set_template(call);
    if (!template_is_constant(call->model, call->field, &text) || size_parse(text, false, &rate)) {
        return true;
    }
    return reject_value(call, DIAGNOSTIC_INVALID_SIZE, statement_argument(call->statement, 0),
                        "rate", "write bytes a second: 500k, 1m; 0 is no limit");
}

/* --- sizes that fit together --- */

static const enum setting_id sizes[] = {
    SETTING_proxy_busy_buffers_size,
    SETTING_proxy_temp_file_write_size,
    SETTING_proxy_max_temp_file_size,
    SETTING_proxy_buffer_size,
    SETTING_proxy_buffers,
};

enum { SIZE_COUNT = sizeof sizes / sizeof sizes[0] };

static bool has_own(const struct settings *settings) {
    for (size_t i = 0; i < SIZE_COUNT; i++) {
        if (settings->is_own[sizes[i]]) {
            return true;
        }
    }
    return false;
}

static uint64_t largest_buffer(const struct settings *settings) {
    return settings->proxy_buffer_size > settings->proxy_buffers.second
               ? settings->proxy_buffer_size
               : settings->proxy_buffers.second;
}

/* As much as there can be instead of more. */
static uint64_t multiply(uint64_t number, uint64_t size) {
    uint64_t product;
    return __builtin_mul_overflow(number, size, &product) || product > INT64_MAX ? INT64_MAX
                                                                                 : product;
}

static void derive(struct settings *settings) {
    uint64_t two = multiply(2, largest_buffer(settings));
    if (settings->origin[SETTING_proxy_busy_buffers_size] == NULL) {
        settings->proxy_busy_buffers_size = two;
    }
    if (settings->origin[SETTING_proxy_temp_file_write_size] == NULL) {
        settings->proxy_temp_file_write_size = two;
    }
}

/* Reports at the statement that gave `id` its value, or else at one of those it was derived from.
 */
static struct diagnostic *report(struct model *model, const struct settings *settings,
                                 enum setting_id id, const char *rule) {
    const struct statement *statement = settings->origin[id];
    for (size_t i = 0; statement == NULL && i < SIZE_COUNT; i++) {
        statement = settings->origin[sizes[i]];
    }
    return diagnostic_error(model->diagnostics, DIAGNOSTIC_INVALID_SIZE,
                            statement != NULL ? statement->span : model->tree->root->open, "%s",
                            rule);
}

/* In kilobytes where that is exact. */
static struct slice size_text(struct model *model, uint64_t bytes) {
    struct text text;
    text_init(&text, model->arena);
    text_format(&text, bytes % 1024 == 0 ? "%" PRIu64 "k" : "%" PRIu64,
                bytes % 1024 == 0 ? bytes / 1024 : bytes);
    return text_slice(&text);
}

static void report_too_small(struct model *model, const struct settings *settings,
                             enum setting_id id, const char *rule) {
    struct diagnostic *diagnostic = report(model, settings, id, rule);
    diagnostic_help(model->arena, diagnostic, "write at least %.*s",
                    SLICE_ARGS(size_text(model, largest_buffer(settings))));
}

static void report_too_few_buffers(struct model *model, const struct settings *settings) {
    struct diagnostic *diagnostic = report(
        model, settings, SETTING_proxy_busy_buffers_size,
        "\"proxy_busy_buffers_size\" must be less than the size of all \"proxy_buffers\" minus "
        "one buffer");
    uint64_t size = largest_buffer(settings);
    uint64_t busy_size = settings->proxy_busy_buffers_size;
    uint64_t needed = busy_size / size + (busy_size % size != 0) + 1;
    struct slice busy = size_text(model, busy_size);
    struct slice buffer = size_text(model, size);
    diagnostic_help(model->arena, diagnostic,
                    "it is %.*s%s; write \"proxy_buffers %" PRIu64 " %.*s;\" beside it, or more",
                    SLICE_ARGS(busy),
                    settings->origin[SETTING_proxy_busy_buffers_size] == NULL
                        ? ", twice the largest buffer"
                        : "",
                    needed, SLICE_ARGS(buffer));
}

static void check(struct model *model, const struct settings *settings) {
    uint64_t size = largest_buffer(settings);
    uint64_t spare = multiply(settings->proxy_buffers.first - 1, settings->proxy_buffers.second);
    if (settings->proxy_busy_buffers_size < size) {
        report_too_small(model, settings, SETTING_proxy_busy_buffers_size,
                         "\"proxy_busy_buffers_size\" must be equal to or greater than the maximum "
                         "of \"proxy_buffer_size\" and one of the \"proxy_buffers\"");
    } else if (settings->proxy_busy_buffers_size > spare) {
        report_too_few_buffers(model, settings);
    }
    if (settings->proxy_temp_file_write_size < size) {
        report_too_small(model, settings, SETTING_proxy_temp_file_write_size,
                         "\"proxy_temp_file_write_size\" must be equal to or greater than the "
                         "maximum of \"proxy_buffer_size\" and one of the \"proxy_buffers\"");
    }
    if (settings->proxy_max_temp_file_size != 0 && settings->proxy_max_temp_file_size < size) {
        report_too_small(
            model, settings, SETTING_proxy_max_temp_file_size,
            "\"proxy_max_temp_file_size\" must be equal to zero to disable temporary "
            "files, or equal to or greater than the maximum of \"proxy_buffer_size\" and "
            "one of the \"proxy_buffers\"");
    }
}

/* As in nginx what `http` says need not fit together as long as every server makes it fit. */
void buffering_complete(struct model *model, struct settings *settings) {
    derive(settings);
    if (model->is_snippet) {
        return; /* other sizes may be given around it */
    }
    if (settings == model->http_settings || settings == model->main_settings) {
        return;
    }
    bool is_inherited = !has_own(settings);
    if (is_inherited &&
        (settings->outer != model->http_settings || model->reading->has_checked_sizes)) {
        return; /* reported further out */
    }
    model->reading->has_checked_sizes |= is_inherited;
    check(model, settings);
}
