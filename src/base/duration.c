/* Parsing of times. */
#include "base/duration.h"

struct time_unit {
    struct slice name;
    uint64_t milliseconds;
};

/* Largest first, the order in which they must be written. A year is 365 days, a month 30. */
static const struct time_unit time_units[] = {
    {SLICE_INIT("y"), 31536000000}, {SLICE_INIT("M"), 2592000000}, {SLICE_INIT("w"), 604800000},
    {SLICE_INIT("d"), 86400000},    {SLICE_INIT("h"), 3600000},    {SLICE_INIT("m"), 60000},
    {SLICE_INIT("s"), 1000},        {SLICE_INIT("ms"), 1},         {SLICE_INIT(""), 1000},
};

#define UNIT_COUNT (sizeof time_units / sizeof time_units[0])
#define UNIT_YEARS 0
#define UNIT_WEEKS 2
#define UNIT_MILLISECONDS 7

static struct slice take_while_digit(struct slice text, bool is_digit) {
    size_t i = 0;
    while (i < text.size && (text.data[i] >= '0' && text.data[i] <= '9') == is_digit &&
           (is_digit || text.data[i] != ' ')) {
        i++;
    }
    return slice_take(text, i);
}

static size_t find_unit(struct slice name) {
    size_t unit = 0;
    while (unit < UNIT_COUNT && !slice_equals(time_units[unit].name, name)) {
        unit++;
    }
    return unit;
}

/* One number with its unit off the front of `rest`. */
static bool take_term(struct slice *rest, size_t *unit, uint64_t *total) {
    struct slice digits = take_while_digit(*rest, true);
    struct slice name = take_while_digit(slice_skip(*rest, digits.size), false);
    size_t found = find_unit(name);
    if (found >= UNIT_COUNT || found < *unit) {
        return false;
    }
    uint64_t value;
    uint64_t scale = time_units[found].milliseconds;
    if (!slice_parse_u64(digits, ((uint64_t)INT64_MAX - *total) / scale, &value)) {
        return false;
    }
    *total += value * scale;
    *unit = found + 1;
    *rest = slice_skip(*rest, digits.size + name.size);
    while (rest->size > 0 && rest->data[0] == ' ') {
        *rest = slice_skip(*rest, 1);
    }
    return true;
}

static bool parse_terms(struct slice text, size_t unit, uint64_t *total, bool *has_milliseconds) {
    *total = 0;
    *has_milliseconds = false;
    do {
        if (!take_term(&text, &unit, total)) {
            return false;
        }
        *has_milliseconds |= unit == UNIT_MILLISECONDS + 1;
    } while (text.size > 0);
    return true;
}

bool duration_parse(struct slice text, uint64_t *milliseconds) {
    bool has_milliseconds;
    return parse_terms(text, UNIT_WEEKS, milliseconds, &has_milliseconds);
}

bool duration_parse_seconds(struct slice text, uint64_t *seconds) {
    bool has_milliseconds;
    if (!parse_terms(text, UNIT_YEARS, seconds, &has_milliseconds) || has_milliseconds) {
        return false;
    }
    *seconds /= 1000;
    return true;
}
