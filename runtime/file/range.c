/* Byte ranges, read as by nginx's ngx_http_range_parse. */
#include "file/range.h"

static const struct slice unit = SLICE_INIT("bytes=");

size_t file_range_limit(struct slice value) {
    size_t count = 1;
    for (size_t i = 0; i < value.size; i++) {
        count += value.data[i] == ',';
    }
    return count;
}

static void skip_spaces(struct slice *rest) {
    while (rest->size > 0 && rest->data[0] == ' ') {
        *rest = slice_skip(*rest, 1);
    }
}

static bool is_at_end(struct slice rest) {
    return rest.size == 0 || rest.data[0] == ',';
}

/* Digits, one at least, that are a number of at most INT64_MAX. */
static bool take_number(struct slice *rest, uint64_t *number) {
    size_t digits = 0;
    while (digits < rest->size && rest->data[digits] >= '0' && rest->data[digits] <= '9') {
        digits++;
    }
    bool is_number = slice_parse_u64(slice_take(*rest, digits), INT64_MAX, number);
    *rest = slice_skip(*rest, digits);
    return is_number;
}

/* "-500": the last bytes of the file. */
static bool take_suffix(struct slice *rest, uint64_t size, struct file_range *range) {
    uint64_t length;
    if (!take_number(rest, &length)) {
        return false;
    }
    range->begin = length < size ? size - length : 0;
    range->end = size;
    return true;
}

/* "0-499" and "500-". The end is that of the file when it is behind it. */
static bool take_interval(struct slice *rest, uint64_t size, struct file_range *range) {
    uint64_t last;
    if (!take_number(rest, &range->begin)) {
        return false;
    }
    skip_spaces(rest);
    if (rest->size == 0 || rest->data[0] != '-') {
        return false;
    }
    *rest = slice_skip(*rest, 1);
    skip_spaces(rest);
    range->end = size;
    if (is_at_end(*rest)) {
        return true;
    }
    if (!take_number(rest, &last)) {
        return false;
    }
    range->end = last < size ? last + 1 : size;
    return true;
}

static bool take_range(struct slice *rest, uint64_t size, struct file_range *range) {
    skip_spaces(rest);
    bool is_suffix = rest->size > 0 && rest->data[0] == '-';
    if (is_suffix) {
        *rest = slice_skip(*rest, 1);
    }
    bool is_right = is_suffix ? take_suffix(rest, size, range) : take_interval(rest, size, range);
    skip_spaces(rest);
    return is_right && is_at_end(*rest);
}

enum file_range_result file_range_parse(struct slice value, uint64_t size, uint64_t most,
                                        struct file_range *ranges, size_t *count) {
    uint64_t total = 0;
    struct slice rest = slice_skip(value, unit.size);
    *count = 0;
    if (value.size <= unit.size || !slice_equals_nocase(slice_take(value, unit.size), unit)) {
        return FILE_RANGE_NONE;
    }
    for (;;) {
        struct file_range range;
        if (!take_range(&rest, size, &range)) {
            return FILE_RANGE_UNSATISFIABLE;
        }
        if (range.begin < range.end) {
            if (total > (uint64_t)INT64_MAX - (range.end - range.begin)) {
                return FILE_RANGE_UNSATISFIABLE;
            }
            total += range.end - range.begin;
            ranges[(*count)++] = range;
            if (*count > most) {
                return FILE_RANGE_NONE;
            }
        } else if (range.begin == 0) {
            return FILE_RANGE_NONE;
        }
        if (rest.size == 0) {
            break;
        }
        rest = slice_skip(rest, 1); /* the comma */
    }
    if (*count == 0) {
        return FILE_RANGE_UNSATISFIABLE;
    }
    return total > size ? FILE_RANGE_NONE : FILE_RANGE_FOUND;
}
