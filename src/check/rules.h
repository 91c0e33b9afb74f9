/* The functions behind the rows of rules.def, one per rule. Only check.c calls them. */
#ifndef CHECK_RULES_H
#define CHECK_RULES_H

#include "check/check.h"

#define RULE(id, slug, severity, summary, rationale, fix, references)                              \
    void check_rule_##id(struct finding_list *findings);
#include "check/rules.def"
#undef RULE

#endif
