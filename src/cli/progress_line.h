/* The progress of a run, in one line of a terminal that is written over again and removed at the
 * end. Short runs show nothing, and neither do those whose standard error is not a terminal. */
#ifndef CLI_PROGRESS_LINE_H
#define CLI_PROGRESS_LINE_H

#include "cli/cli.h"

#include "base/progress.h"

#include <stdint.h>

struct progress_line {
    struct progress progress;
    const struct command *command;
    uint64_t next; /* milliseconds of the clock: when to show something again */
    bool is_shown;
};

/* What to hand to the work, or NULL when nothing is to be shown. `line` stays where it is. */
struct progress *progress_line_start(struct progress_line *line, const struct command *command);

/* Removes the line, if there is one. Before anything else is printed. */
void progress_line_clear(struct progress_line *line);

#endif
