/* Parsing of sizes. */
#include "base/size.h"

bool size_parse(struct slice text, bool allow_giga, uint64_t *bytes) {
    uint32_t shift = 0;
    if (text.size > 0) {
        char unit = byte_lower(text.data[text.size - 1]);
        shift = unit == 'k' ? 10 : unit == 'm' ? 20 : unit == 'g' && allow_giga ? 30 : 0;
    }
    struct slice digits = slice_take(text, text.size - (shift > 0 ? 1 : 0));
    if (!slice_parse_u64(digits, (uint64_t)INT64_MAX >> shift, bytes)) {
        return false;
    }
    *bytes <<= shift;
    return true;
}
