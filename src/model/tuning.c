/* Directives that tune how nginx does something which rpcd does in another way, with the same
 * outcome: sizes of its hash tables, its pools and buffers. Their values have to be such that nginx
 * would take them; then they are dropped. */
#include "model/quantity.h"
#include "model/reading.h"

bool model_set_tuning_flag(const struct setter_call *call) {
    uint32_t ignored;
    struct setter_call flag = *call;
    flag.field = &ignored;
    return model_set_flag(&flag);
}

bool model_set_tuning_number(const struct setter_call *call) {
    const struct word *word = statement_argument(call->statement, 0);
    uint64_t value;
    if (!slice_parse_u64(word->text, INT32_MAX, &value) || value == 0) {
        return reject_value(call, DIAGNOSTIC_INVALID_NUMBER, word, "number",
                            "write digits only, at most %d", INT32_MAX);
    }
    return true;
}

bool model_set_tuning_size(const struct setter_call *call) {
    MODEL_TYPE_SIZE ignored;
    struct setter_call size = *call;
    size.field = &ignored;
    return model_set_size(&size);
}

bool model_set_tuning_time(const struct setter_call *call) {
    MODEL_TYPE_TIME ignored;
    struct setter_call time = *call;
    time.field = &ignored;
    return model_set_time(&time);
}

bool model_set_tuning_text(const struct setter_call *call) {
    (void)call;
    return true;
}

/* What nginx itself needs of a pool, and how its beginning is aligned. */
enum { SMALLEST_POOL = 112, POOL_ALIGNMENT = 16 };

bool model_set_tuning_pool(const struct setter_call *call) {
    const struct word *word = statement_argument(call->statement, 0);
    uint64_t size;
    if (!quantity_parse_size(word->text, false, &size) || size < SMALLEST_POOL ||
        size % POOL_ALIGNMENT != 0) {
        return reject_value(call, DIAGNOSTIC_INVALID_SIZE, word, "size",
                            "write a multiple of %d, at least %d: 512, 4k", POOL_ALIGNMENT,
                            SMALLEST_POOL);
    }
    return true;
}

bool model_set_tuning_buffers(const struct setter_call *call) {
    const struct word *number = statement_argument(call->statement, 0);
    const struct word *size = statement_argument(call->statement, 1);
    uint64_t value;
    if (!slice_parse_u64(number->text, INT32_MAX, &value) || value == 0) {
        return reject_value(call, DIAGNOSTIC_INVALID_NUMBER, number, "number of buffers",
                            "write digits only, at most %d", INT32_MAX);
    }
    if (!quantity_parse_size(size->text, false, &value) || value == 0) {
        return reject_value(call, DIAGNOSTIC_INVALID_SIZE, size, "size of buffers",
                            "write bytes, kilobytes or megabytes: 512, 8k, 1m");
    }
    return true;
}
