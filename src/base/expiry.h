/* Until when something may be kept, as nginx's `expires` writes it: for the compiler, and for rpcd
 * where variables make the text. */
#ifndef BASE_EXPIRY_H
#define BASE_EXPIRY_H

#include "base/slice.h"

/* As enum table_expires_kind, and that nothing is said. */
enum expiry_kind {
    EXPIRY_EPOCH,
    EXPIRY_MAX,
    EXPIRY_ACCESS,
    EXPIRY_MODIFIED,
    EXPIRY_DAILY,
    EXPIRY_OFF,
};

struct expiry {
    enum expiry_kind kind;
    bool is_negative;
    uint64_t seconds;
};

/* Seconds: a hundred thousand years, so that no sum with another time overflows. */
#define EXPIRY_LIMIT ((uint64_t)100000 * 365 * 24 * 60 * 60)

/* NULL, or what is wrong with the text, as the end of a sentence about it. `is_modified`: it stands
 * behind the word "modified". */
const char *expiry_parse(struct slice text, bool is_modified, struct expiry *expiry);

#endif
