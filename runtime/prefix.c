/* Joining paths. */
#include "prefix.h"

#include <stdio.h>
#include <string.h>

bool prefix_resolve(const char *prefix, struct slice path, char resolved[PATH_MAX],
                    struct failure *failure) {
    bool is_relative = prefix != NULL && !slice_starts_with(path, SLICE("/"));
    int size = is_relative ? snprintf(resolved, PATH_MAX, "%s/%.*s", prefix, SLICE_ARGS(path))
                           : snprintf(resolved, PATH_MAX, "%.*s", SLICE_ARGS(path));
    if (size < 0 || size >= PATH_MAX) {
        return failure_set(failure, "%.*s: the path is too long", SLICE_ARGS(path));
    }
    return true;
}
