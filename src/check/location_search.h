/* Which location a path gets to, in nginx's order: the longest prefix, what is nested in it, then
 * the first regular expression that matches. */
#ifndef CHECK_LOCATION_SEARCH_H
#define CHECK_LOCATION_SEARCH_H

#include "model/model.h"

/* NULL: none. `path` is decoded and begins with a slash. */
const struct location *location_search(const struct server *server, struct slice path);

/* Whether the location's regular expression matches the path. */
bool location_matches(const struct location *location, struct slice path);

#endif
