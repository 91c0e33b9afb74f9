/* What the words of a configuration mention: variables, and names such as those of upstream groups.
 * Every directive counts, also those that the model knows nothing about, so that what is not
 * mentioned is certainly not used by what was read. */
#ifndef CHECK_MENTIONS_H
#define CHECK_MENTIONS_H

#include "model/model.h"

struct mentions {
    /* Keys in lower case; the values say nothing. */
    struct map variables; /* used, not merely defined */
    struct map names;     /* parts of words that may be names; none of `upstream` blocks */
    /* Beginnings and ends of names that variables complete, as in "pool_$release". */
    VECTOR_OF(struct slice) beginnings;
    VECTOR_OF(struct slice) endings;
    /* Whether something may use what the words do not mention: files that an include did not find,
     * or programs and pages that get at variables by themselves. */
    bool is_incomplete;
};

void mentions_collect(struct mentions *mentions, const struct model *model);

/* Whether the name is mentioned, or may be made of a text and variables. */
bool mentions_has_name(const struct mentions *mentions, struct slice name);

/* Whether the name is one of a set of `struct mentions`. */
bool mentions_has(const struct mentions *mentions, const struct map *set, struct slice name);

#endif
