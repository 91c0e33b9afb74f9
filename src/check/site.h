/* What several rules walk over: the blocks of a model in one list each. */
#ifndef CHECK_SITE_H
#define CHECK_SITE_H

#include "model/model.h"

struct site {
    /* Every location, nested ones and `if` blocks included, in order of appearance, outer before
     * inner. */
    VECTOR_OF(struct location *) locations;
    /* The settings of every block: http, then servers and locations in order of appearance. */
    VECTOR_OF(const struct settings *) settings;
    /* Those of http, then of the servers that have some of their own. */
    VECTOR_OF(const struct server_settings *) server_settings;
};

void site_collect(struct site *site, struct model *model);

/* The last statement called `name` in the innermost block around `statement`, or in `statement`'s
 * own, that has one; NULL when none has. For settings the model does not hold. */
const struct statement *site_find_in_effect(const struct model *model,
                                            const struct statement *statement, struct slice name);

/* Calls the function for every statement of the block, of blocks inside of it, and of included
 * files; for directives the model does not hold. */
void site_for_each_statement(const struct block *block,
                             void (*visit)(void *context, const struct statement *statement),
                             void *context);

#endif
