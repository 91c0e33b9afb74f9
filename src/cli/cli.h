/* What the subcommands share: their table, usage errors, colour. */
#ifndef CLI_CLI_H
#define CLI_CLI_H

#include <getopt.h>
#include <stdbool.h>
#include <stdio.h>

/* Exit statuses of rpc; a run over several files ends with the highest. */
enum outcome {
    OUTCOME_CLEAN = 0,
    OUTCOME_FINDINGS = 1, /* findings at or above the fail level */
    OUTCOME_INPUT = 2,    /* the input could not be understood */
    OUTCOME_FAILED = 3,   /* rpc itself failed: no such file, no memory, wrong usage */
};

struct command {
    const char *name;
    const char *arguments;
    const char *summary;
    enum outcome (*run)(const struct command *command, int argc, char **argv);
};

#define COMMAND(name, arguments, summary)                                                          \
    enum outcome command_##name(const struct command *command, int argc, char **argv);
#include "cli/commands.def"
#undef COMMAND

/* "rpc lint: MESSAGE" and where to read on, to standard error; OUTCOME_FAILED. */
__attribute__((format(printf, 2, 3))) enum outcome cli_usage_error(const struct command *command,
                                                                   const char *format, ...);

/* The same without a hint at the usage, for what failed while running. */
__attribute__((format(printf, 2, 3))) enum outcome cli_error(const struct command *command,
                                                             const char *format, ...);

/* Reports what getopt_long, called with a short option string that begins with ':', did not take:
 * `result` is '?' or ':'. */
enum outcome cli_option_error(const struct command *command, int result, char **argv);

/* Usage and `details` to standard output, for --help. */
enum outcome cli_print_help(const struct command *command, const char *details);

/* The position of `text` among `count` words, as an option's value. False when it is none. */
bool cli_read_choice(const char *text, const char *const *choices, size_t count, int *choice);

/* A terminal, and the user did not forbid colour (https://no-color.org). */
bool cli_wants_colour(FILE *stream);

enum outcome cli_worse(enum outcome a, enum outcome b);

#endif
