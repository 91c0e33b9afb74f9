/* Relative paths of a configuration (logs, the pid file) are relative to rpcd's prefix. */
#ifndef PREFIX_H
#define PREFIX_H

#include "base/slice.h"
#include "log/failure.h"

#include <limits.h>

/* Joins prefix and path into `resolved` when the path is relative. `prefix` may be NULL: the
 * current directory. */
__attribute__((warn_unused_result)) bool prefix_resolve(const char *prefix, struct slice path,
                                                        char resolved[PATH_MAX],
                                                        struct failure *failure);

#endif
