/* A table as the input of a subcommand: read whole into memory, so that nothing done to the file
 * afterwards matters, and validated. */
#ifndef CLI_TABLE_INPUT_H
#define CLI_TABLE_INPUT_H

#include "cli/cli.h"

#include "base/arena.h"
#include "table/table.h"

struct table_input {
    struct slice bytes; /* the whole file, a signature behind the table included; 8-byte aligned */
    struct table table;
};

/* Reads `path` ("-" is standard input) into the arena. After saying why, OUTCOME_FAILED when it
 * cannot be read and OUTCOME_INPUT when it is no sound table. */
enum outcome table_input_read(struct table_input *input, const struct command *command,
                              struct arena *arena, const char *path);

/* The same for `content` that was read from `path` before, and lives as long as the arena. */
enum outcome table_input_open(struct table_input *input, const struct command *command,
                              struct arena *arena, const char *path, struct slice content);

#endif
