/* Sizes and times as nginx writes them: pure functions from text to number. */
#ifndef MODEL_QUANTITY_H
#define MODEL_QUANTITY_H

#include "base/slice.h"

/* "512", "8k", "1m"; with `allow_giga` also "2g". In bytes. */
bool quantity_parse_size(struct slice text, bool allow_giga, uint64_t *bytes);

/* "30", "30s", "1h30m", "1d 12h", "500ms": units from large to small, each at most once; a number
 * without a unit, which comes last, is seconds. In milliseconds. The largest unit is w. */
bool quantity_parse_time(struct slice text, uint64_t *milliseconds);

/* The same in whole seconds, without the unit ms, but with M (30 days) and y (365 days). */
bool quantity_parse_seconds(struct slice text, uint64_t *seconds);

#endif
