/* Why something could not be done, as one line for whoever asked for it. The function that fails
 * words it; its callers pass it on; main.c or the supervisor prints it. */
#ifndef LOG_FAILURE_H
#define LOG_FAILURE_H

#include <stdbool.h>

struct failure {
    char text[1024];
};

/* Always returns false, so that `return failure_set(…);` is how to fail. */
__attribute__((format(printf, 2, 3))) bool failure_set(struct failure *failure, const char *format,
                                                       ...);

#endif
