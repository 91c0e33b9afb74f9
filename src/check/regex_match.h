/* Asking PCRE2 itself what an expression matches, and how much work that is. Without JIT, as a
 * match counts its steps then, and so does nginx by default. */
#ifndef CHECK_REGEX_MATCH_H
#define CHECK_REGEX_MATCH_H

#include "base/slice.h"

enum regex_outcome { REGEX_MATCHED, REGEX_UNMATCHED, REGEX_TOO_LONG, REGEX_FAILED };

/* `steps` is PCRE2's match limit. REGEX_FAILED: it does not compile, or there is no memory. */
enum regex_outcome regex_match(struct slice expression, bool ignores_case, struct slice subject,
                               uint32_t steps);

#endif
