/* Times as nginx writes them: "30s", "1h 30m", "2d"; without a unit they are seconds. */
#ifndef BASE_DURATION_H
#define BASE_DURATION_H

#include "base/slice.h"

/* In milliseconds, at most INT64_MAX. Weeks are the largest unit. */
bool duration_parse(struct slice text, uint64_t *milliseconds);

/* In seconds, for what nginx keeps in those: years and months are units, milliseconds are not. */
bool duration_parse_seconds(struct slice text, uint64_t *seconds);

#endif
