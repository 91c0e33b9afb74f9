/* What of the locations is never used, whatever their paths are; a part of unreachable-location. */
#ifndef CHECK_DEAD_PARTS_H
#define CHECK_DEAD_PARTS_H

#include "check/check.h"

void dead_parts_check(struct finding_list *findings);

#endif
