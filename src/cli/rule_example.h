/* The examples of rules, docs/rules/examples, as they were when rpc was built. */
#ifndef CLI_RULE_EXAMPLE_H
#define CLI_RULE_EXAMPLE_H

/* A configuration in which the rule of that slug finds something ("bad") or nothing ("good");
 * NULL when there is none. */
const char *rule_example_find(const char *slug, const char *name);

#endif
