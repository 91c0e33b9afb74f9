/* Numbers of bytes as nginx writes them. */
#ifndef BASE_SIZE_H
#define BASE_SIZE_H

#include "base/slice.h"

/* "512", "8k", "1m"; with `allow_giga` also "2g". In bytes, at most INT64_MAX. */
bool size_parse(struct slice text, bool allow_giga, uint64_t *bytes);

#endif
