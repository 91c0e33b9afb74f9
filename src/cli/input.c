/* One configuration file on its way through the compiler; see input.h. */
#include "cli/input.h"

#include "emit/emit.h"
#include "syntax/parse.h"

#include <string.h>

#define ARENA_CHUNK (1u << 20)
#define ERROR_LIMIT 100

/* Steps that are so short that a clock is not looked at after each. */
enum { MANY = 256 };

void input_init(struct input *input, const struct command *command) {
    *input = (struct input){0};
    arena_init(&input->arena, ARENA_CHUNK);
    source_set_init(&input->sources, &input->arena);
    diagnostic_list_init(&input->diagnostics, &input->arena);
    input->diagnostics.limit = ERROR_LIMIT;
    input->progress = progress_line_start(&input->line, command);
}

static struct parse_options begin_reading(struct input *input, const char *prefix) {
    progress_begin(input->progress, (struct progress_phase){"reading", "statements", 0, MANY});
    return (struct parse_options){.prefix = prefix, .progress = input->progress};
}

enum outcome input_build(struct input *input) {
    size_t count = input->progress != NULL ? input->progress->done : 0;
    progress_begin(input->progress,
                   (struct progress_phase){"understanding", "statements", count, MANY});
    model_build(&input->model, &input->tree);
    progress_line_clear(&input->line);
    return input->diagnostics.error_count > 0 ? OUTCOME_INPUT : OUTCOME_CLEAN;
}

int input_parse(struct input *input, const struct command *command, const char *path,
                const char *prefix, bool may_lack_stock_files) {
    input_init(input, command);
    struct parse_options options = begin_reading(input, prefix);
    options.may_lack_stock_files = may_lack_stock_files;
    int error = parse_file(&input->arena, &input->sources, &input->diagnostics, path, &options,
                           &input->tree);
    progress_line_clear(&input->line);
    return error;
}

enum outcome input_read(struct input *input, const struct command *command, const char *path,
                        const char *prefix) {
    int error = input_parse(input, command, path, prefix, false);
    if (error != 0) {
        return cli_error(command, "cannot read %s: %s",
                         strcmp(path, "-") == 0 ? "standard input" : path, strerror(error));
    }
    return input_build(input);
}

enum outcome input_read_text(struct input *input, const char *path, struct slice text,
                             const char *prefix) {
    struct parse_options options = begin_reading(input, prefix);
    struct slice name = slice_from_string(strcmp(path, "-") == 0 ? "<stdin>" : path);
    parse_text(&input->arena, &input->sources, &input->diagnostics, name, text, &options,
               &input->tree);
    return input_build(input);
}

void input_check(struct input *input, const struct check_options *options,
                 struct finding_list *findings) {
    progress_begin(input->progress, (struct progress_phase){"checking", "rules", RULE_COUNT, 1});
    check_run(&input->model, options, findings);
    progress_line_clear(&input->line);
}

static bool emit(struct input *input, struct slice *table) {
    size_t count = input->model.servers.count;
    progress_begin(input->progress,
                   (struct progress_phase){"writing the table", "servers", count, MANY});
    bool is_done = emit_table(&input->model, table);
    progress_line_clear(&input->line);
    return is_done;
}

enum outcome input_compile(struct input *input, struct slice *table) {
    if (input->diagnostics.error_count > 0 || model_refuse_unsupported(&input->model) ||
        !emit(input, table)) {
        return OUTCOME_INPUT;
    }
    return OUTCOME_CLEAN;
}

struct input_diagnostics input_collect(struct input *input, enum severity lowest,
                                       enum severity highest) {
    struct input_diagnostics found = {0};
    for (size_t i = 0; i < input->diagnostics.all.count; i++) {
        struct diagnostic *diagnostic = input->diagnostics.all.items[i];
        if (diagnostic->severity >= lowest && diagnostic->severity <= highest) {
            VECTOR_PUSH(&input->arena, &found.items, diagnostic);
        }
    }
    diagnostic_sort(found.items.items, found.items.count);
    return found;
}

void input_print_diagnostics(struct input *input, enum severity lowest) {
    struct input_diagnostics found = input_collect(input, lowest, SEVERITY_ERROR);
    bool colour = cli_wants_colour(stderr);
    size_t errors = 0;
    fflush(stdout);
    for (size_t i = 0; i < found.items.count; i++) {
        diagnostic_print(stderr, &input->sources, found.items.items[i], colour);
        errors += found.items.items[i]->severity == SEVERITY_ERROR;
    }
    if (input->diagnostics.error_count > errors) {
        fprintf(stderr, "%zu more errors\n", input->diagnostics.error_count - errors);
    }
}

void input_release(struct input *input) {
    arena_release(&input->arena);
}
