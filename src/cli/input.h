/* One configuration file on its way through the compiler: read, modelled, checked, compiled. A
 * terminal is shown how far that is, if it takes long. */
#ifndef CLI_INPUT_H
#define CLI_INPUT_H

#include "cli/cli.h"
#include "cli/progress_line.h"

#include "check/check.h"
#include "model/model.h"

struct input {
    struct arena arena; /* owns everything below */
    struct source_set sources;
    struct diagnostic_list diagnostics;
    struct tree tree;
    struct model model;
    struct progress_line line;
    struct progress *progress; /* the line's, or NULL */
};

/* An input that nothing was read into yet; input_read does it itself. */
void input_init(struct input *input, const struct command *command);

/* Reads, parses and models a file; relative includes are found below `prefix` (NULL: the file's
 * directory). OUTCOME_FAILED after saying so when the file cannot be read, else OUTCOME_INPUT when
 * there were errors and OUTCOME_CLEAN. To be released in any case. */
enum outcome input_read(struct input *input, const struct command *command, const char *path,
                        const char *prefix);

/* The two halves of input_read, for those who decide in between whether to go on: reading and
 * parsing, which returns 0 or an errno value (see parse.h for files that come with nginx), and the
 * model, which returns what input_read does. */
int input_parse(struct input *input, const struct command *command, const char *path,
                const char *prefix, bool may_lack_stock_files);
enum outcome input_build(struct input *input);

/* The same for text that was read before from `path` ("-" is standard input); the input is
 * initialised, and the text lives as long as its arena. */
enum outcome input_read_text(struct input *input, const char *path, struct slice text,
                             const char *prefix);

/* What the rules find in it. */
void input_check(struct input *input, const struct check_options *options,
                 struct finding_list *findings);

/* The table of an input without errors, in its arena. OUTCOME_INPUT when the site needs what
 * rpcd does not run yet; the diagnostics say what. */
enum outcome input_compile(struct input *input, struct slice *table);

/* The diagnostics of at least that severity, sorted. */
struct input_diagnostics {
    VECTOR_OF(struct diagnostic *) items;
};
struct input_diagnostics input_collect(struct input *input, enum severity lowest,
                                       enum severity highest);

/* Prints all diagnostics to standard error, and how many were too many. */
void input_print_diagnostics(struct input *input, enum severity lowest);

void input_release(struct input *input);

#endif
