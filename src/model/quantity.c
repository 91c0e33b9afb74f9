/* Parsing of sizes and times. Messages and ranges are the caller's. */
#include "model/quantity.h"

#include "base/duration.h"
#include "base/size.h"

bool quantity_parse_size(struct slice text, bool allow_giga, uint64_t *bytes) {
    return size_parse(text, allow_giga, bytes);
}

bool quantity_parse_time(struct slice text, uint64_t *milliseconds) {
    return duration_parse(text, milliseconds);
}

bool quantity_parse_seconds(struct slice text, uint64_t *seconds) {
    return duration_parse_seconds(text, seconds);
}
