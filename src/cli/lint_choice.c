/* Which rules the command line tells to heed: --select and --ignore. */
#include "cli/lint.h"

static enum outcome refuse(const struct command *command, struct slice name) {
    struct arena arena;
    arena_init(&arena, 1 << 12);
    struct slice nearest = finding_kind_nearest(&arena, name);
    enum outcome outcome =
        nearest.size > 0
            ? cli_usage_error(command,
                              "no rule or family is called \"%.*s\"; did you mean \"%.*s\"?",
                              SLICE_ARGS(name), SLICE_ARGS(nearest))
            : cli_usage_error(command, "no rule or family is called \"%.*s\"", SLICE_ARGS(name));
    arena_release(&arena);
    return outcome;
}

enum outcome lint_read_choice(const struct command *command, const char *text,
                              struct kind_set *set) {
    struct slice rest = slice_from_string(text);
    do {
        size_t size = slice_find_byte(rest, ',');
        struct slice name = slice_trim(slice_take(rest, size));
        if (!kind_set_add(set, name)) {
            return refuse(command, name);
        }
        rest = slice_skip(rest, size + 1);
    } while (rest.size > 0);
    return OUTCOME_CLEAN;
}
