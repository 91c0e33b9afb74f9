/* rpc dump: what a table holds, as text. */
#include "cli/cli.h"

#include "base/file.h"
#include "syntax/diagnostic.h"
#include "table/dump.h"

#include <string.h>

/* No table can be larger: places in it are counted with 32 bits, records are small. */
#define SIZE_LIMIT ((size_t)1 << 36)

static const char help[] = "\"-\" is standard input.\n"
                           "\n"
                           "  -s, --section NAME    print this section only\n"
                           "  -h, --help            this text\n";

static enum outcome fail_unknown_section(const struct command *command, const char *name) {
    struct slice names[TABLE_SECTION_COUNT];
    for (size_t i = 0; i < TABLE_SECTION_COUNT; i++) {
        names[i] = slice_from_string(table_records[i].name);
    }
    struct slice nearest = nearest_name(slice_from_string(name), names, TABLE_SECTION_COUNT);
    if (nearest.size > 0) {
        return cli_usage_error(command, "no section is called \"%s\"; perhaps \"%.*s\"", name,
                               SLICE_ARGS(nearest));
    }
    return cli_usage_error(command, "no section is called \"%s\"", name);
}

static enum outcome dump(const struct command *command, struct arena *arena, const char *path,
                         enum table_section section) {
    struct slice content;
    int error = file_read(arena, path, SIZE_LIMIT, &content);
    if (error != 0) {
        return cli_error(command, "cannot read %s: %s",
                         strcmp(path, "-") == 0 ? "standard input" : path, strerror(error));
    }
    char *aligned = arena_require(arena, content.size + 1);
    memcpy(aligned, content.data, content.size);
    struct table table;
    struct table_error refusal = {0};
    if (!table_open(&table, aligned, content.size, &refusal)) {
        char reason[256];
        table_error_format(&refusal, reason, sizeof reason);
        cli_error(command, "%s: %s", path, reason);
        return OUTCOME_INPUT;
    }
    table_dump(stdout, &table, section);
    return OUTCOME_CLEAN;
}

enum outcome command_dump(const struct command *command, int argc, char **argv) {
    static const struct option known[] = {{"section", required_argument, NULL, 's'},
                                          {"help", no_argument, NULL, 'h'},
                                          {NULL, 0, NULL, 0}};
    enum table_section section = TABLE_SECTION_COUNT;
    int option;
    while ((option = getopt_long(argc, argv, ":s:h", known, NULL)) != -1) {
        switch (option) {
        case 's':
            section = table_section_by_name(slice_from_string(optarg));
            if (section == TABLE_SECTION_COUNT) {
                return fail_unknown_section(command, optarg);
            }
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
    struct arena arena;
    arena_init(&arena, 1u << 20);
    enum outcome outcome = dump(command, &arena, argv[optind], section);
    arena_release(&arena);
    return outcome;
}
