/* Looks for what the client chooses in a value: for rules that ask of one variable or another. */
#ifndef CHECK_CLIENT_VALUE_H
#define CHECK_CLIENT_VALUE_H

#include "check/check.h"

/* The first part of the value that the client chooses freely, that nothing has found to match
 * anything, and that is wanted. NULL: any is. */
bool client_value_find(struct finding_list *findings, const struct site_block *block,
                       const struct template *value,
                       bool (*is_wanted)(const struct dataflow_atom *atom),
                       struct dataflow_atom *atom);

#endif
