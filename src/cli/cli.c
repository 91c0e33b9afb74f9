/* What the subcommands share: usage errors, help, colour. */
#include "cli/cli.h"

#include <stdarg.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

__attribute__((format(printf, 2, 0))) static void
print_error(const struct command *command, const char *format, va_list arguments) {
    fflush(stdout);
    fprintf(stderr, "rpc %s: ", command->name);
    vfprintf(stderr, format, arguments);
    fputc('\n', stderr);
}

enum outcome cli_usage_error(const struct command *command, const char *format, ...) {
    va_list arguments;
    va_start(arguments, format);
    print_error(command, format, arguments);
    va_end(arguments);
    fprintf(stderr, "usage: rpc %s %s\nMore: rpc %s --help\n", command->name, command->arguments,
            command->name);
    return OUTCOME_FAILED;
}

enum outcome cli_error(const struct command *command, const char *format, ...) {
    va_list arguments;
    va_start(arguments, format);
    print_error(command, format, arguments);
    va_end(arguments);
    return OUTCOME_FAILED;
}

enum outcome cli_option_error(const struct command *command, int result, char **argv) {
    const char *word = argv[optind - 1];
    if (result == ':') {
        return cli_usage_error(command, "option \"%s\" needs a value", word);
    }
    if (optopt == 0) {
        return cli_usage_error(command, "unknown option \"%s\"", word);
    }
    if (strncmp(word, "--", 2) == 0) {
        return cli_usage_error(command, "option \"%.*s\" takes no value", (int)strcspn(word, "="),
                               word);
    }
    return cli_usage_error(command, "unknown option \"-%c\"", optopt);
}

enum outcome cli_print_help(const struct command *command, const char *details) {
    printf("usage: rpc %s %s\n\nPurpose: %s.\n\n%s", command->name, command->arguments,
           command->summary, details);
    return OUTCOME_CLEAN;
}

bool cli_read_choice(const char *text, const char *const *choices, size_t count, int *choice) {
    for (size_t i = 0; i < count; i++) {
        if (strcmp(text, choices[i]) == 0) {
            *choice = (int)i;
            return true;
        }
    }
    return false;
}

bool cli_wants_colour(FILE *stream) {
    const char *forbidden = getenv("NO_COLOR");
    const char *terminal = getenv("TERM");
    return isatty(fileno(stream)) && (forbidden == NULL || forbidden[0] == '\0') &&
           (terminal == NULL || strcmp(terminal, "dumb") != 0);
}

enum outcome cli_worse(enum outcome a, enum outcome b) {
    return a > b ? a : b;
}
