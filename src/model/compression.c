/* gzip and its family: types, sizes in powers of two, and browsers that get nothing compressed. */
#include "model/quantity.h"
#include "model/reading.h"

static const struct word *argument(const struct setter_call *call, uint32_t index) {
    return statement_argument(call->statement, index);
}

/* --- types --- */

static bool has_name(const MODEL_TYPE_NAMES *names, struct slice text) {
    for (size_t i = 0; i < names->list.count; i++) {
        if (slice_equals(names->list.items[i].text, text)) {
            return true;
        }
    }
    return false;
}

static void add_type(const struct setter_call *call, const struct word *word, struct slice text) {
    MODEL_TYPE_NAMES *names = call->field;
    VECTOR_PUSH(call->model->arena, &names->list,
                (struct name_setting){.statement = call->origin, .word = word, .text = text});
}

static void warn_duplicate(const struct setter_call *call, const struct word *word) {
    struct diagnostic *diagnostic =
        diagnostic_add(call->model->diagnostics, SEVERITY_WARNING, DIAGNOSTIC_DUPLICATE_KEY,
                       word->span, "type \"%.*s\" is in the list already", SLICE_ARGS(word->text));
    diagnostic_help(call->model->arena, diagnostic,
                    slice_equals_nocase(word->text, SLICE("text/html"))
                        ? "leave it out; text/html is always in it"
                        : "leave it out");
}

/* As nginx: text/html is in every list, and "*" makes all else superfluous. */
bool model_set_gzip_types(const struct setter_call *call) {
    MODEL_TYPE_NAMES *names = call->field;
    if (names->list.count == 0) {
        add_type(call, NULL, SLICE("text/html"));
    }
    for (uint32_t i = 0; i < statement_argument_count(call->statement); i++) {
        const struct word *word = argument(call, i);
        if (has_name(names, SLICE("*"))) {
            break;
        }
        if (slice_equals(word->text, SLICE("*"))) {
            names->list.count = 0;
            add_type(call, word, word->text);
            break;
        }
        struct slice type = text_lower(call->model, word->text);
        if (!has_name(names, type)) {
            add_type(call, word, type);
        } else if (call->origin != NULL) {
            warn_duplicate(call, word);
        }
    }
    return true;
}

/* --- numbers --- */

bool model_set_gzip_comp_level(const struct setter_call *call) {
    uint64_t level;
    if (!slice_parse_u64(argument(call, 0)->text, INT32_MAX, &level) || level < 1 || level > 9) {
        return reject_value(call, DIAGNOSTIC_INVALID_NUMBER, argument(call, 0), "level",
                            "write a number from 1, the fastest, to 9, the smallest");
    }
    *(MODEL_TYPE_NUMBER *)call->field = (uint32_t)level;
    return true;
}

bool model_set_gzip_buffers(const struct setter_call *call) {
    MODEL_TYPE_PAIR *pair = call->field;
    if (!slice_parse_u64(argument(call, 0)->text, INT32_MAX, &pair->first) || pair->first == 0) {
        return reject_value(call, DIAGNOSTIC_INVALID_NUMBER, argument(call, 0), "number of buffers",
                            "write 1 or more, then their size: 32 4k");
    }
    if (!quantity_parse_size(argument(call, 1)->text, false, &pair->second) || pair->second == 0) {
        return reject_value(call, DIAGNOSTIC_INVALID_SIZE, argument(call, 1), "size of buffers",
                            "write bytes, kilobytes or megabytes: 512, 8k, 1m");
    }
    return true;
}

static bool set_power(const struct setter_call *call, uint64_t largest, const char *help) {
    uint64_t size;
    if (quantity_parse_size(argument(call, 0)->text, false, &size) && size >= 512 &&
        size <= largest && (size & (size - 1)) == 0) {
        *(MODEL_TYPE_SIZE *)call->field = size;
        return true;
    }
    return reject_value(call, DIAGNOSTIC_INVALID_SIZE, argument(call, 0), "size", "%s", help);
}

bool model_set_gzip_window(const struct setter_call *call) {
    return set_power(call, 32768, "write 512, 1k, 2k, 4k, 8k, 16k or 32k");
}

bool model_set_gzip_hash(const struct setter_call *call) {
    return set_power(call, 131072, "write 512, 1k, 2k, 4k, 8k, 16k, 32k, 64k or 128k");
}

/* --- browsers --- */

bool model_set_gzip_disable(const struct setter_call *call) {
    MODEL_TYPE_EXPRESSIONS *expressions = call->field;
    for (uint32_t i = 0; i < statement_argument_count(call->statement); i++) {
        const struct word *word = argument(call, i);
        struct expression_setting expression = {.statement = call->origin};
        if (!slice_equals(word->text, SLICE("msie6"))) {
            expression.regex = regex_create(call->model, call->statement, word, 0, true, NULL);
            if (expression.regex == NULL) {
                return false;
            }
        }
        VECTOR_PUSH(call->model->arena, &expressions->list, expression);
    }
    return true;
}

static const struct expression_setting *find_msie6(const struct settings *settings) {
    for (size_t i = 0; i < settings->gzip_disable.list.count; i++) {
        if (settings->gzip_disable.list.items[i].regex == NULL) {
            return &settings->gzip_disable.list.items[i];
        }
    }
    return NULL;
}

/* As nginx: regexes replace those of the block around, but "msie6" there stays in force. */
void compression_complete(struct model *model, struct settings *settings) {
    if (!settings->is_own[SETTING_gzip_disable] || find_msie6(settings) != NULL) {
        return;
    }
    const struct expression_setting *outer = find_msie6(settings->outer);
    if (outer != NULL) {
        VECTOR_PUSH(model->arena, &settings->gzip_disable.list, *outer);
    }
}
