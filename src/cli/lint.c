/* rpc lint: errors and findings of configurations. What it is told is read in lint_options.c, what
 * it does is in lint_run.c, how it is printed in a file for each format. */
#include "cli/lint.h"

#include <stdlib.h>
#include <unistd.h>

#define ARENA_CHUNK (1u << 16)

/* The working directory with a slash; "/" when it is not known, and then paths are complete. */
static struct slice find_directory(struct arena *arena) {
    char *directory = getcwd(NULL, 0);
    struct slice found = arena_format(arena, "%s/", directory != NULL ? directory : "");
    free(directory);
    return slice_starts_with(found, SLICE("//")) ? slice_skip(found, 1) : found;
}

enum outcome command_lint(const struct command *command, int argc, char **argv) {
    struct lint_options options;
    bool done;
    enum outcome outcome = lint_read_options(command, argc, argv, &options, &done);
    if (done) {
        return outcome;
    }
    struct arena arena;
    arena_init(&arena, ARENA_CHUNK);
    struct lint_report report = {
        .arena = &arena,
        .command = command,
        .options = &options,
        .directory = find_directory(&arena),
    };
    if (lint_run(&report, argv + optind, (size_t)(argc - optind), &outcome)) {
        options.format->print(&report);
    }
    lint_release(&report);
    arena_release(&arena);
    return outcome;
}
