/* rpc lint: errors and findings of configurations. What it is told is read in lint_options.c, what
 * it does is in lint_run.c, how it is printed in a file for each format. */
#include "cli/lint.h"

#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#define ARENA_CHUNK (1u << 16)

/* The working directory with a slash; "/" when it is not known, and then paths are complete. */
static struct slice find_directory(struct arena *arena) {
    char *directory = getcwd(NULL, 0);
    struct slice found = arena_format(arena, "%s/", directory != NULL ? directory : "");
    free(directory);
    return slice_starts_with(found, SLICE("//")) ? slice_skip(found, 1) : found;
}

/* One look at all files; `handle` gets what was found. */
static enum outcome run(const struct command *command, const struct lint_options *options,
                        char **named, size_t count,
                        enum outcome (*handle)(struct lint_report *report)) {
    struct arena arena;
    arena_init(&arena, ARENA_CHUNK);
    struct lint_report report = {
        .arena = &arena,
        .command = command,
        .options = options,
        .directory = find_directory(&arena),
    };
    enum outcome outcome;
    if (lint_run(&report, named, count, &outcome)) {
        outcome = cli_worse(outcome, handle(&report));
    }
    lint_release(&report);
    arena_release(&arena);
    return outcome;
}

static enum outcome print(struct lint_report *report) {
    report->options->format->print(report);
    return OUTCOME_CLEAN;
}

static enum outcome print_diff(struct lint_report *report) {
    lint_print_diff(report);
    return OUTCOME_CLEAN;
}

/* Standard input has no place to be written to. */
static enum outcome refuse_standard_input(const struct command *command, char **named,
                                          size_t count) {
    for (size_t i = 0; i < count; i++) {
        if (strcmp(named[i], "-") == 0) {
            return cli_usage_error(command, "standard input cannot be put right: use \"--diff\"");
        }
    }
    return OUTCOME_CLEAN;
}

enum outcome command_lint(const struct command *command, int argc, char **argv) {
    struct lint_options options;
    bool done;
    enum outcome outcome = lint_read_options(command, argc, argv, &options, &done);
    if (done) {
        return outcome;
    }
    char **named = argv + optind;
    size_t count = (size_t)(argc - optind);
    if (options.fixes) {
        outcome = refuse_standard_input(command, named, count);
        if (outcome == OUTCOME_CLEAN) {
            outcome = run(command, &options, named, count, lint_fix);
        }
        if (outcome == OUTCOME_FAILED) {
            return outcome;
        }
    }
    return run(command, &options, named, count, options.shows_edits ? print_diff : print);
}
