/* rpc, the compiler's command line: finds the subcommand and runs it. What a subcommand does is in
 * the file of its name. */
#include "cli/cli.h"

#include "base/vector.h"
#include "syntax/diagnostic.h"

#include <errno.h>
#include <string.h>
#include <unistd.h>

static const struct command commands[] = {
#define COMMAND(name, arguments, summary) {#name, arguments, summary, command_##name},
#include "cli/commands.def"
#undef COMMAND
};
#define COMMAND_COUNT (sizeof commands / sizeof commands[0])

static void print_usage(void) {
    printf("usage: rpc COMMAND [OPTION]... [FILE]...\n"
           "\n"
           "Compiles an nginx-like reverse proxy configuration for rpcd, and checks it first.\n"
           "\n"
           "Commands:\n");
    for (size_t i = 0; i < COMMAND_COUNT; i++) {
        printf("  %-9s %s\n", commands[i].name, commands[i].summary);
    }
    printf("\n"
           "\"rpc help COMMAND\" tells more about one, \"rpc --version\" the version.\n"
           "\n"
           "Exit status: 0 when nothing is wrong, 1 when there are findings, 2 when the input\n"
           "could not be understood, 3 when rpc itself failed, e.g. for a missing file.\n");
}

static const struct command *find_command(const char *name) {
    for (size_t i = 0; i < COMMAND_COUNT; i++) {
        if (strcmp(commands[i].name, name) == 0) {
            return &commands[i];
        }
    }
    return NULL;
}

static enum outcome fail_unknown(const char *name) {
    struct slice names[COMMAND_COUNT];
    for (size_t i = 0; i < COMMAND_COUNT; i++) {
        names[i] = slice_from_string(commands[i].name);
    }
    struct slice nearest = nearest_name(slice_from_string(name), names, COMMAND_COUNT);
    fprintf(stderr, "rpc: unknown %s \"%s\"\n", name[0] == '-' ? "option" : "command", name);
    if (nearest.size > 0) {
        fprintf(stderr, "Did you mean \"rpc %.*s\"?\n", SLICE_ARGS(nearest));
    }
    fprintf(stderr, "More: rpc --help\n");
    return OUTCOME_FAILED;
}

static enum outcome run_help(int argc, char **argv) {
    if (argc < 3) {
        print_usage();
        return OUTCOME_CLEAN;
    }
    const struct command *command = find_command(argv[2]);
    if (command == NULL) {
        return fail_unknown(argv[2]);
    }
    char option[] = "--help";
    char *arguments[] = {argv[2], option, NULL};
    return command->run(command, 2, arguments);
}

static enum outcome run(int argc, char **argv) {
    if (argc < 2) {
        fprintf(stderr, "usage: rpc COMMAND [OPTION]... [FILE]...\nMore: rpc --help\n");
        return OUTCOME_FAILED;
    }
    const char *name = argv[1];
    if (strcmp(name, "--version") == 0 || strcmp(name, "-V") == 0) {
        printf("rpc %s\n", RPC_VERSION);
        return OUTCOME_CLEAN;
    }
    if (strcmp(name, "--help") == 0 || strcmp(name, "-h") == 0) {
        print_usage();
        return OUTCOME_CLEAN;
    }
    if (strcmp(name, "help") == 0) {
        return run_help(argc, argv);
    }
    const struct command *command = find_command(name);
    return command != NULL ? command->run(command, argc - 1, argv + 1) : fail_unknown(name);
}

/* What has kept output from being written, or NULL. Where an earlier part of it failed the reason
 * is gone by now, and the same write is tried again. */
static const char *finish_output(void) {
    bool has_failed = ferror(stdout) != 0;
    errno = 0;
    if (fflush(stdout) == 0 && !has_failed) {
        return NULL;
    }
    if (errno == 0 && write(STDOUT_FILENO, "\n", 1) == 1) {
        return "a part of it is lost";
    }
    return strerror(errno);
}

int main(int argc, char **argv) {
    opterr = 0; /* the subcommands word their own messages */
    /* A line at a time, not a byte: there may be hundreds of errors. */
    (void)setvbuf(stderr, NULL, _IOLBF, BUFSIZ);
    enum outcome outcome = run(argc, argv);
    const char *reason = finish_output();
    if (reason != NULL) {
        fprintf(stderr, "rpc: cannot write to standard output: %s\n", reason);
        outcome = OUTCOME_FAILED;
    }
    return (int)outcome;
}
