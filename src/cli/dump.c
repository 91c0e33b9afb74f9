/* rpc dump: what a table holds, as text or JSON. */
#include "cli/dump_json.h"
#include "cli/table_input.h"

#include "syntax/diagnostic.h"
#include "table/dump.h"

static const char help[] =
    "\"-\" is standard input. Text begins with an overview of the site, JSON holds the records\n"
    "alone, one a line.\n"
    "\n"
    "  -f, --format text|json  how to print the table (default: text)\n"
    "  -s, --section NAME      print this section only\n"
    "  -h, --help              this text\n";

enum dump_format { DUMP_TEXT, DUMP_JSON, DUMP_FORMAT_COUNT };

static const char *const formats[] = {[DUMP_TEXT] = "text", [DUMP_JSON] = "json"};

struct dump_options {
    int format; /* enum dump_format */
    enum table_section section;
};

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

static enum outcome dump(const struct command *command, const char *path,
                         const struct dump_options *options) {
    struct arena arena;
    struct table_input input;
    arena_init(&arena, 1u << 20);
    enum outcome outcome = table_input_read(&input, command, &arena, path);
    if (outcome == OUTCOME_CLEAN && options->format == DUMP_JSON) {
        dump_json_print(stdout, &input.table, options->section);
    } else if (outcome == OUTCOME_CLEAN) {
        table_dump(stdout, &input.table, options->section);
    }
    arena_release(&arena);
    return outcome;
}

/* OUTCOME_CLEAN when there is a table to dump; `done` when there is nothing left to do. */
static enum outcome read_options(const struct command *command, int argc, char **argv,
                                 struct dump_options *options, bool *done) {
    static const struct option known[] = {{"format", required_argument, NULL, 'f'},
                                          {"section", required_argument, NULL, 's'},
                                          {"help", no_argument, NULL, 'h'},
                                          {NULL, 0, NULL, 0}};
    *options = (struct dump_options){.format = DUMP_TEXT, .section = TABLE_SECTION_COUNT};
    *done = true;
    int option;
    while ((option = getopt_long(argc, argv, ":f:s:h", known, NULL)) != -1) {
        switch (option) {
        case 'f':
            if (!cli_read_choice(optarg, formats, DUMP_FORMAT_COUNT, &options->format)) {
                return cli_usage_error(command, "unknown format \"%s\" (text or json)", optarg);
            }
            break;
        case 's':
            options->section = table_section_by_name(slice_from_string(optarg));
            if (options->section == TABLE_SECTION_COUNT) {
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
    *done = false;
    return OUTCOME_CLEAN;
}

enum outcome command_dump(const struct command *command, int argc, char **argv) {
    struct dump_options options;
    bool done;
    enum outcome outcome = read_options(command, argc, argv, &options, &done);
    return done ? outcome : dump(command, argv[optind], &options);
}
