/* rpc compile: a configuration into a table. Errors and whatever rpcd does not run yet refuse;
 * what `rpc lint` would merely find does not. */
#include "cli/input.h"
#include "cli/output.h"

static const char help[] =
    "The table replaces an existing one only when it is complete, so rpcd never reads half of it.\n"
    "\"-\" as FILE is standard input, as TABLE standard output.\n"
    "\n"
    "  -o, --output TABLE    where to write the table\n"
    "  -p, --prefix DIR      where relative include patterns begin (default: the directory of the\n"
    "                        file)\n"
    "  -h, --help            this text\n";

struct compile_options {
    const char *output;
    const char *prefix;
};

static enum outcome compile(const struct command *command, const char *path,
                            const struct compile_options *options) {
    struct input input;
    struct slice table;
    enum outcome outcome = input_read(&input, command, path, options->prefix);
    if (outcome != OUTCOME_FAILED) {
        outcome = input_compile(&input, &table);
        input_print_diagnostics(&input, SEVERITY_WARNING);
    }
    if (outcome == OUTCOME_CLEAN) {
        outcome = output_write(command, options->output, table);
    }
    input_release(&input);
    return outcome;
}

enum outcome command_compile(const struct command *command, int argc, char **argv) {
    static const struct option known[] = {{"output", required_argument, NULL, 'o'},
                                          {"prefix", required_argument, NULL, 'p'},
                                          {"help", no_argument, NULL, 'h'},
                                          {NULL, 0, NULL, 0}};
    struct compile_options options = {0};
    int option;
    while ((option = getopt_long(argc, argv, ":o:p:h", known, NULL)) != -1) {
        switch (option) {
        case 'o':
            options.output = optarg;
            break;
        case 'p':
            options.prefix = optarg;
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
    if (options.output == NULL) {
        return cli_usage_error(command, "option \"-o\" is missing: where to write the table");
    }
    if (output_is_terminal(options.output)) {
        return output_refuse_terminal(command);
    }
    return compile(command, argv[optind], &options);
}
