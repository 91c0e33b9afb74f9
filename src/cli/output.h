/* Where a subcommand's result goes, a table or a picture: a file that is replaced at once, a
 * device, standard output. */
#ifndef CLI_OUTPUT_H
#define CLI_OUTPUT_H

#include "cli/cli.h"

#include "base/slice.h"

/* Whether `path` is "-" and a terminal would get the table, which is better refused before any
 * work is done. */
bool output_is_terminal(const char *path);

/* Says so; OUTCOME_FAILED. */
enum outcome output_refuse_terminal(const struct command *command);

/* Writes `content` to `path`, "-" being standard output. An existing file is replaced only by the
 * whole of it. OUTCOME_FAILED after saying so when that fails. */
enum outcome output_write(const struct command *command, const char *path, struct slice content);

#endif
