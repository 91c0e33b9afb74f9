/* A file of keys as the input of a subcommand. */
#ifndef CLI_KEY_INPUT_H
#define CLI_KEY_INPUT_H

#include "cli/cli.h"

#include "base/arena.h"
#include "table/key.h"

/* Reads `path` ("-" is standard input); the keys are the arena's, and released with it.
 * OUTCOME_FAILED after saying why. */
enum outcome key_input_read(const struct table_keys **keys, const struct command *command,
                            struct arena *arena, enum table_key_kind kind, const char *path);

#endif
