/* What rpc explain tells beside the columns of a row. */
#ifndef CLI_EXPLAIN_H
#define CLI_EXPLAIN_H

#include "cli/cli.h"

#include "check/check.h"

/* What tls_profile stands for. */
void explain_profiles(void);

/* A line for each rule. */
void explain_rule_list(void);

void explain_rule(const struct rule *rule);

/* The same as pages of docs/rules, in Markdown. */
void explain_rules_page(void);
void explain_rule_page(const struct rule *rule);

/* Prints text with line breaks between words, `indent` spaces before each line. */
void explain_wrapped(struct slice text, int indent);

#endif
