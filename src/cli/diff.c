/* rpc diff: what differs between two tables or configurations, by what they mean. */
#include "cli/diff.h"

#include "cli/site_input.h"

#include <string.h>

static const char help[] =
    "OLD and NEW are tables, or configurations, which are compiled to memory first. Servers are\n"
    "recognised by their addresses and names, locations by their kind and name, upstream groups\n"
    "and peers by name. That lines have moved is no difference. \"-\" is standard input.\n"
    "\n"
    "  -f, --format text|json  how to print differences (default: text)\n"
    "  -a, --all               list everything that a difference applies to, however much it is\n"
    "  -p, --prefix DIR        where relative include patterns begin (default: the directory of\n"
    "                          each file)\n"
    "  -h, --help              this text\n"
    "\n"
    "Exit status: 0 when nothing differs, 1 when something does, 2 when one of them could not be\n"
    "understood, 3 when rpc itself failed.\n";

enum diff_format { DIFF_TEXT, DIFF_JSON, DIFF_FORMAT_COUNT };

static const char *const formats[] = {[DIFF_TEXT] = "text", [DIFF_JSON] = "json"};

struct diff_options {
    int format; /* enum diff_format */
    bool shows_all;
    const char *prefix;
};

static enum outcome compare(const struct command *command, char **paths,
                            const struct site_input inputs[2], const struct diff_options *options) {
    struct arena arena;
    struct table_diff diff;
    arena_init(&arena, 1u << 20);
    if (!table_diff(&diff, &arena, &inputs[DIFF_OLD].table, &inputs[DIFF_NEW].table)) {
        arena_release(&arena);
        cli_error(command, "%s and %s refer to their records in more ways than can be compared",
                  paths[DIFF_OLD], paths[DIFF_NEW]);
        return OUTCOME_INPUT;
    }
    const struct diff_report report = {
        .diff = &diff,
        .paths = {paths[DIFF_OLD], paths[DIFF_NEW]},
        .shows_all = options->shows_all,
    };
    if (options->format == DIFF_JSON) {
        diff_json_print(&report);
    } else {
        diff_text_print(&report);
    }
    enum outcome outcome = diff.changes.count > 0 ? OUTCOME_FINDINGS : OUTCOME_CLEAN;
    arena_release(&arena);
    return outcome;
}

/* Both are read, so that what is wrong is told of both. */
static enum outcome run(const struct command *command, char **paths,
                        const struct diff_options *options) {
    struct site_input inputs[2];
    enum outcome outcome = OUTCOME_CLEAN;
    for (enum diff_side side = DIFF_OLD; side <= DIFF_NEW; side++) {
        outcome = cli_worse(outcome,
                            site_input_read(&inputs[side], command, paths[side], options->prefix));
    }
    if (outcome == OUTCOME_CLEAN) {
        outcome = compare(command, paths, inputs, options);
    }
    site_input_release(&inputs[DIFF_OLD]);
    site_input_release(&inputs[DIFF_NEW]);
    return outcome;
}

/* OUTCOME_CLEAN when there are two things to compare; `done` when there is nothing left to do. */
static enum outcome read_options(const struct command *command, int argc, char **argv,
                                 struct diff_options *options, bool *done) {
    static const struct option known[] = {{"format", required_argument, NULL, 'f'},
                                          {"all", no_argument, NULL, 'a'},
                                          {"prefix", required_argument, NULL, 'p'},
                                          {"help", no_argument, NULL, 'h'},
                                          {NULL, 0, NULL, 0}};
    *options = (struct diff_options){.format = DIFF_TEXT};
    *done = true;
    int option;
    while ((option = getopt_long(argc, argv, ":f:ap:h", known, NULL)) != -1) {
        switch (option) {
        case 'f':
            if (!cli_read_choice(optarg, formats, DIFF_FORMAT_COUNT, &options->format)) {
                return cli_usage_error(command, "unknown format \"%s\" (text or json)", optarg);
            }
            break;
        case 'a':
            options->shows_all = true;
            break;
        case 'p':
            options->prefix = optarg;
            break;
        case 'h':
            return cli_print_help(command, help);
        default:
            return cli_option_error(command, option, argv);
        }
    }
    if (optind + 2 != argc) {
        return cli_usage_error(command, "two tables or configurations are needed");
    }
    if (strcmp(argv[optind], "-") == 0 && strcmp(argv[optind + 1], "-") == 0) {
        return cli_usage_error(command, "standard input can be read only once");
    }
    *done = false;
    return OUTCOME_CLEAN;
}

enum outcome command_diff(const struct command *command, int argc, char **argv) {
    struct diff_options options;
    bool done;
    enum outcome outcome = read_options(command, argc, argv, &options, &done);
    return done ? outcome : run(command, argv + optind, &options);
}
