/* A site to ask questions about: a table, or a configuration, which is compiled to memory first. */
#ifndef CLI_SITE_INPUT_H
#define CLI_SITE_INPUT_H

#include "cli/input.h"
#include "table/table.h"

struct site_input {
    struct table table; /* lives in the arena of `input` */
    struct input input; /* of a table only the arena is in use */
};

/* Opens the table at `path` ("-" is standard input), or compiles the configuration there, whose
 * relative includes are found below `prefix` (NULL: the file's directory). OUTCOME_FAILED or
 * OUTCOME_INPUT after saying what is wrong. To be released in any case. */
enum outcome site_input_read(struct site_input *site, const struct command *command,
                             const char *path, const char *prefix);

void site_input_release(struct site_input *site);

#endif
