/* What variables, expressions and conditions are for one request; see request_walk.h. */
#ifndef CHECK_WALK_VALUES_H
#define CHECK_WALK_VALUES_H

#include "check/request_walk.h"

/* Takes so many steps off the budget; false when it is used up. */
bool walk_spend(struct request_walker *walker, size_t steps);

/* Whether the expression matches; its captures are those of the walk then. */
bool walk_match(struct request_walk *walk, const struct regex *regex, bool ignores_case,
                struct slice subject);

/* False when the text is not known. */
bool walk_evaluate(struct request_walk *walk, const struct template *template, struct slice *text);

/* Gives a variable a value. */
void walk_set(struct request_walk *walk, struct slice name, bool is_known, struct slice text);

enum walk_truth { WALK_FALSE, WALK_TRUE, WALK_UNKNOWN };

enum walk_truth walk_judge(struct request_walk *walk, const struct condition *condition);

/* Whether there is surely no file of that name, whatever it is where parts of it are not known. */
bool walk_is_no_file(struct request_walk *walk, const struct template *name);

#endif
