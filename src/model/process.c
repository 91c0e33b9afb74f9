/* Setters of what the supervisor does for its workers: their limits, their priority, and the
 * processors that they run on. Values are kept as texts in one form, so that none is told from 0.
 */
#include "model/quantity.h"
#include "model/reading.h"

#include "base/text.h"

enum { MOST_CPUS = 1024 }; /* that nginx, and the C library, can name in a mask */

static void set_text(const struct setter_call *call, struct text *text) {
    *(MODEL_TYPE_TEXT *)call->field = text_slice(text);
}

/* nginx takes 0, and then cannot serve. */
bool model_set_file_limit(const struct setter_call *call) {
    const struct word *word = statement_argument(call->statement, 0);
    uint64_t value;
    if (!slice_parse_u64(word->text, INT32_MAX, &value) || value == 0) {
        return reject_value(call, DIAGNOSTIC_INVALID_NUMBER, word, "number",
                            "write a number from 1 to %d", INT32_MAX);
    }
    *(MODEL_TYPE_NUMBER *)call->field = (uint32_t)value;
    return true;
}

bool model_set_core_limit(const struct setter_call *call) {
    const struct word *word = statement_argument(call->statement, 0);
    struct text text;
    uint64_t size;
    if (!quantity_parse_size(word->text, true, &size)) {
        return reject_value(call, DIAGNOSTIC_INVALID_SIZE, word, "size",
                            "write bytes, kilobytes, megabytes or gigabytes: 512, 8k, 1m, 2g");
    }
    text_init(&text, call->model->arena);
    text_format(&text, "%llu", (unsigned long long)size);
    set_text(call, &text);
    return true;
}

/* A sign may stand in front, as in nginx; 0 is what there is without. */
bool model_set_worker_priority(const struct setter_call *call) {
    const struct word *word = statement_argument(call->statement, 0);
    struct slice digits = word->text;
    bool is_negative = slice_starts_with(digits, SLICE("-"));
    struct text text;
    uint64_t value;
    if (is_negative || slice_starts_with(digits, SLICE("+"))) {
        digits = slice_skip(digits, 1);
    }
    if (!slice_parse_u64(digits, INT32_MAX, &value)) {
        return reject_value(call, DIAGNOSTIC_INVALID_NUMBER, word, "priority",
                            "write a number from -20, first of all, to 19");
    }
    text_init(&text, call->model->arena);
    if (value != 0) {
        text_format(&text, "%s%llu", is_negative ? "-" : "", (unsigned long long)value);
    }
    set_text(call, &text);
    return true;
}

/* Spaces within a mask, which has to be quoted then, mean nothing. */
static bool add_mask(const struct setter_call *call, const struct word *word, struct text *text) {
    if (word->text.size > MOST_CPUS) {
        return reject_value(call, DIAGNOSTIC_INVALID_VALUE, word, "mask of CPUs",
                            "it has a digit for each CPU, at most %d", MOST_CPUS);
    }
    for (size_t i = 0; i < word->text.size; i++) {
        char digit = word->text.data[i];
        if (digit != '0' && digit != '1' && digit != ' ') {
            return reject_value(call, DIAGNOSTIC_INVALID_VALUE, word, "mask of CPUs",
                                "write 0 and 1, the first CPU's at the end: 0001 0010");
        }
        if (digit != ' ') {
            text_add_byte(text, digit);
        }
    }
    return true;
}

bool model_set_cpu_affinity(const struct setter_call *call) {
    uint32_t count = statement_argument_count(call->statement);
    bool is_automatic = slice_equals(statement_argument(call->statement, 0)->text, SLICE("auto"));
    struct text text;
    text_init(&text, call->model->arena);
    if (is_automatic && count > 2) {
        return reject_value(call, DIAGNOSTIC_INVALID_VALUE, statement_argument(call->statement, 2),
                            "argument", "\"auto\" has one mask at most");
    }
    for (uint32_t i = 0; i < count; i++) {
        const struct word *word = statement_argument(call->statement, i);
        if (i > 0) {
            text_add_byte(&text, ' ');
        }
        if (is_automatic && i == 0) {
            text_add(&text, word->text);
        } else if (!add_mask(call, word, &text)) {
            return false;
        }
    }
    set_text(call, &text);
    return true;
}
