/* Redirects that lead to where they stand; a part of rewrite-loop. */
#ifndef CHECK_REDIRECT_LOOPS_H
#define CHECK_REDIRECT_LOOPS_H

#include "check/check.h"

void redirect_loops_check(struct finding_list *findings);

#endif
