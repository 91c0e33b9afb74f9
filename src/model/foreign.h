/* Directives of modules that are not nginx's own: that they exist is known, and nothing else. */
#ifndef MODEL_FOREIGN_H
#define MODEL_FOREIGN_H

#include "model/catalogue.h"

struct statement;

/* How a statement of such a module is taken, or NULL when its name is none of theirs. */
const struct directive *foreign_find(const struct statement *statement);

#endif
