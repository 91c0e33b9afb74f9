/* rpc parse: the tree of a configuration as JSON, whose form syntax/tree_json.h describes. */
#include "syntax/parse.h"
#include "cli/cli.h"
#include "cli/json_text.h"
#include "syntax/tree_json.h"

#include <string.h>

static const char help[] =
    "The document holds statements, words and comments with their places; nothing is said of what\n"
    "a directive means, so unknown ones are no error here. \"-\" is standard input.\n"
    "\n"
    "  -p, --prefix DIR      where relative include patterns begin (default: the directory of the\n"
    "                        file)\n"
    "  -n, --no-includes     leave include statements as they are\n"
    "  -h, --help            this text\n";

static enum outcome print_tree(const struct command *command, struct arena *arena, const char *path,
                               const struct parse_options *options) {
    struct source_set sources;
    struct diagnostic_list diagnostics;
    struct tree tree;
    source_set_init(&sources, arena);
    diagnostic_list_init(&diagnostics, arena);
    int error = parse_file(arena, &sources, &diagnostics, path, options, &tree);
    if (error != 0) {
        return cli_error(command, "cannot read %s: %s",
                         strcmp(path, "-") == 0 ? "standard input" : path, strerror(error));
    }
    diagnostic_sort(diagnostics.all.items, diagnostics.all.count);
    bool colour = cli_wants_colour(stderr);
    for (size_t i = 0; i < diagnostics.all.count; i++) {
        diagnostic_print(stderr, &sources, diagnostics.all.items[i], colour);
    }
    json_t *document = tree_json_build(&tree);
    json_print(document);
    json_decref(document);
    return diagnostics.error_count > 0 ? OUTCOME_INPUT : OUTCOME_CLEAN;
}

enum outcome command_parse(const struct command *command, int argc, char **argv) {
    static const struct option known[] = {{"prefix", required_argument, NULL, 'p'},
                                          {"no-includes", no_argument, NULL, 'n'},
                                          {"help", no_argument, NULL, 'h'},
                                          {NULL, 0, NULL, 0}};
    struct parse_options options = {0};
    int option;
    while ((option = getopt_long(argc, argv, ":p:nh", known, NULL)) != -1) {
        switch (option) {
        case 'p':
            options.prefix = optarg;
            break;
        case 'n':
            options.ignore_includes = true;
            break;
        case 'h':
            return cli_print_help(command, help);
        default:
            return cli_option_error(command, option, argv);
        }
    }
    if (optind + 1 != argc) {
        return cli_usage_error(command,
                               optind == argc ? "no file is named" : "more than one file is named");
    }
    struct arena arena;
    arena_init(&arena, 1u << 20);
    enum outcome outcome = print_tree(command, &arena, argv[optind], &options);
    arena_release(&arena);
    return outcome;
}
