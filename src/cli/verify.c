/* rpc verify: whether a table is signed with a key. What it finds is the result, on standard
 * output. */
#include "cli/key_input.h"
#include "cli/table_input.h"

#include "table/signature.h"

#include <string.h>

static const char help[] =
    "\"-\" as TABLE is standard input. The file of keys may hold several, one after the other; "
    "one\n"
    "of them has to be right.\n"
    "\n"
    "  -k, --key PUBLIC.pem  the Ed25519 key that the table should be signed with; \"rpc help\n"
    "                        sign\" says how to make one\n"
    "  -h, --help            this text\n"
    "\n"
    "Exit status: 0 when it is signed with the key and nothing was changed since, 1 when not, 2\n"
    "when it is no sound table, 3 when that could not be found out.\n";

static enum outcome verify(const struct command *command, struct arena *arena, const char *path,
                           const char *key) {
    const struct table_keys *keys;
    struct table_input input;
    enum outcome outcome = key_input_read(&keys, command, arena, TABLE_KEY_PUBLIC, key);
    if (outcome == OUTCOME_CLEAN) {
        outcome = table_input_read(&input, command, arena, path);
    }
    if (outcome != OUTCOME_CLEAN) {
        return outcome;
    }
    enum table_trust trust = table_verify(keys, input.bytes.data, input.bytes.size);
    if (trust == TABLE_TRUST_UNKNOWN) {
        memory_exhausted();
    }
    printf("%s %s\n", path, table_trust_text(trust));
    return trust == TABLE_TRUSTED ? OUTCOME_CLEAN : OUTCOME_FINDINGS;
}

enum outcome command_verify(const struct command *command, int argc, char **argv) {
    static const struct option known[] = {{"key", required_argument, NULL, 'k'},
                                          {"help", no_argument, NULL, 'h'},
                                          {NULL, 0, NULL, 0}};
    const char *key = NULL;
    int option;
    while ((option = getopt_long(argc, argv, ":k:h", known, NULL)) != -1) {
        switch (option) {
        case 'k':
            key = optarg;
            break;
        case 'h':
            return cli_print_help(command, help);
        default:
            return cli_option_error(command, option, argv);
        }
    }
    if (optind + 1 != argc) {
        return cli_usage_error(command, optind == argc ? "no table is named"
                                                       : "more than one table is named");
    }
    if (key == NULL) {
        return cli_usage_error(command, "option \"--key\" is missing: whose signature to look for");
    }
    if (strcmp(key, "-") == 0 && strcmp(argv[optind], "-") == 0) {
        return cli_usage_error(command, "table and key cannot both come from standard input");
    }
    struct arena arena;
    arena_init(&arena, 1u << 20);
    enum outcome outcome = verify(command, &arena, argv[optind], key);
    arena_release(&arena);
    return outcome;
}
