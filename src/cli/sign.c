/* rpc sign: puts an Ed25519 signature behind a table, in place of one that is there. */
#include "cli/key_input.h"
#include "cli/output.h"
#include "cli/table_input.h"

#include "table/signature.h"

#include <string.h>

static const char help[] =
    "The signature stands behind the table in the same file, over every byte in front of it. It\n"
    "replaces one that is there. \"-\" as TABLE is standard input, as OUT standard output.\n"
    "\n"
    "  -k, --key PRIVATE.pem  the Ed25519 key to sign with\n"
    "  -o, --output OUT       where to write the signed table (default: over TABLE)\n"
    "  -h, --help             this text\n"
    "\n"
    "This makes a private key, and the public one that \"rpc verify\" and\n"
    "\"rpcd --require-signature\" take:\n"
    "\n"
    "  openssl genpkey -algorithm ed25519 -out private.pem\n"
    "  openssl pkey -in private.pem -pubout -out public.pem\n";

struct sign_options {
    const char *key;
    const char *output;
};

static enum outcome sign(const struct command *command, struct arena *arena, const char *path,
                         const struct sign_options *options) {
    const struct table_keys *keys;
    struct table_input input;
    enum outcome outcome = key_input_read(&keys, command, arena, TABLE_KEY_PRIVATE, options->key);
    if (outcome == OUTCOME_CLEAN) {
        outcome = table_input_read(&input, command, arena, path);
    }
    if (outcome != OUTCOME_CLEAN) {
        return outcome;
    }
    struct slice signed_table = table_sign(arena, keys, input.bytes);
    if (signed_table.size == 0) {
        memory_exhausted();
    }
    return output_write(command, options->output, signed_table);
}

static enum outcome check_options(const struct command *command, int argc, char **argv,
                                  struct sign_options *options) {
    if (optind + 1 != argc) {
        return cli_usage_error(command, optind == argc ? "no table is named"
                                                       : "more than one table is named");
    }
    if (options->key == NULL) {
        return cli_usage_error(command, "option \"--key\" is missing: what to sign with");
    }
    if (strcmp(options->key, "-") == 0 && strcmp(argv[optind], "-") == 0) {
        return cli_usage_error(command, "table and key cannot both come from standard input");
    }
    if (options->output == NULL) {
        options->output = argv[optind];
    }
    return output_is_terminal(options->output) ? output_refuse_terminal(command) : OUTCOME_CLEAN;
}

enum outcome command_sign(const struct command *command, int argc, char **argv) {
    static const struct option known[] = {{"key", required_argument, NULL, 'k'},
                                          {"output", required_argument, NULL, 'o'},
                                          {"help", no_argument, NULL, 'h'},
                                          {NULL, 0, NULL, 0}};
    struct sign_options options = {0};
    int option;
    while ((option = getopt_long(argc, argv, ":k:o:h", known, NULL)) != -1) {
        switch (option) {
        case 'k':
            options.key = optarg;
            break;
        case 'o':
            options.output = optarg;
            break;
        case 'h':
            return cli_print_help(command, help);
        default:
            return cli_option_error(command, option, argv);
        }
    }
    enum outcome outcome = check_options(command, argc, argv, &options);
    if (outcome != OUTCOME_CLEAN) {
        return outcome;
    }
    struct arena arena;
    arena_init(&arena, 1u << 20);
    outcome = sign(command, &arena, argv[optind], &options);
    arena_release(&arena);
    return outcome;
}
