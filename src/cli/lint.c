/* rpc lint: errors and findings of configurations, as text or JSON. Errors in the input go to
 * standard error (text) or into the document (JSON); findings are the result. */
#include "cli/lint.h"

#include "cli/input.h"

#include <string.h>
#include <time.h>

static const char help[] =
    "Findings go to standard output, errors in the input to standard error. A file with errors is\n"
    "checked as far as it was understood. \"-\" is standard input. A file may be a whole\n"
    "configuration, the inside of http, or a snippet from inside of server or location.\n"
    "\n"
    "  -f, --format text|json  how to print findings (default: text)\n"
    "  -F, --fail-on LEVEL     exit with 1 for findings of this severity or above: error, "
    "warning,\n"
    "                          info, note or none (default: warning)\n"
    "  -p, --prefix DIR        where relative paths of included files and of certificates begin\n"
    "                          (default: the directory of the file)\n"
    "  -c, --certs             read the certificates and keys that the files name, too: are they\n"
    "                          readable, do they belong together, do they hold, and for which "
    "names\n"
    "      --now DAY           look at certificates as of that day, e.g. 2027-01-31\n"
    "  -h, --help              this text\n"
    "\n"
    "A comment \"# rpc:disable=RULE,RULE\" beside or directly above a statement turns rules off "
    "for\n"
    "it and its block. \"rpc explain\" lists the rules.\n";

static const char *const formats[] = {[LINT_TEXT] = "text", [LINT_JSON] = "json"};

/* Long options without a letter. */
enum { OPTION_NOW = 256 };

/* Indexed by the lowest severity that fails. */
static const char *const levels[] = {
    [SEVERITY_NOTE] = "note",   [SEVERITY_INFO] = "info",   [SEVERITY_WARNING] = "warning",
    [SEVERITY_ERROR] = "error", [LINT_FAIL_NEVER] = "none",
};

/* A day, at its beginning in UTC. strptime takes 31 days for every month, of which timegm makes the
 * first days of the next. */
static bool read_day(const char *text, int64_t *time) {
    struct tm parts = {0};
    const char *end = strptime(text, "%Y-%m-%d", &parts);
    int day = parts.tm_mday;
    *time = end != NULL && *end == '\0' ? (int64_t)timegm(&parts) : 0;
    return *time > 0 && parts.tm_mday == day;
}

/* OUTCOME_CLEAN when there are files to lint; `done` when there is nothing left to do. */
static enum outcome read_options(const struct command *command, int argc, char **argv,
                                 struct lint_options *options, bool *done) {
    static const struct option known[] = {{"format", required_argument, NULL, 'f'},
                                          {"fail-on", required_argument, NULL, 'F'},
                                          {"prefix", required_argument, NULL, 'p'},
                                          {"certs", no_argument, NULL, 'c'},
                                          {"now", required_argument, NULL, OPTION_NOW},
                                          {"help", no_argument, NULL, 'h'},
                                          {NULL, 0, NULL, 0}};
    *options = (struct lint_options){.format = LINT_TEXT, .fail_level = SEVERITY_WARNING};
    *done = true;
    int option;
    while ((option = getopt_long(argc, argv, ":f:F:p:ch", known, NULL)) != -1) {
        switch (option) {
        case 'f':
            if (!cli_read_choice(optarg, formats, LINT_FORMAT_COUNT, &options->format)) {
                return cli_usage_error(command, "unknown format \"%s\" (text or json)", optarg);
            }
            break;
        case 'F':
            if (!cli_read_choice(optarg, levels, LINT_FAIL_NEVER + 1, &options->fail_level)) {
                return cli_usage_error(
                    command, "unknown level \"%s\" (error, warning, info, note or none)", optarg);
            }
            break;
        case 'p':
            options->prefix = optarg;
            break;
        case 'c':
            options->reads_certificates = true;
            break;
        case OPTION_NOW:
            if (!read_day(optarg, &options->now)) {
                return cli_usage_error(command, "\"%s\" is no day such as 2027-01-31", optarg);
            }
            break;
        case 'h':
            return cli_print_help(command, help);
        default:
            return cli_option_error(command, option, argv);
        }
    }
    if (options->now != 0 && !options->reads_certificates) {
        return cli_usage_error(command, "option \"--now\" is for certificates: add \"--certs\"");
    }
    if (optind == argc) {
        return cli_usage_error(command, "no file is named");
    }
    *done = false;
    return OUTCOME_CLEAN;
}

/* Findings of rules and warnings of the compiler, in order of place. That two servers have one
 * name is both; the rule tells more and can be turned off. */
static struct input_diagnostics collect(struct input *input, const struct finding_list *findings) {
    struct slice told_by_rule =
        arena_format(&input->arena, "RPC%04d", (int)DIAGNOSTIC_CONFLICTING_SERVER_NAME);
    struct input_diagnostics warnings = input_collect(input, SEVERITY_NOTE, SEVERITY_WARNING);
    struct input_diagnostics all = {0};
    for (size_t i = 0; i < warnings.items.count; i++) {
        if (!slice_equals(warnings.items.items[i]->label, told_by_rule)) {
            VECTOR_PUSH(&input->arena, &all.items, warnings.items.items[i]);
        }
    }
    for (size_t i = 0; i < findings->all.count; i++) {
        VECTOR_PUSH(&input->arena, &all.items, findings->all.items[i].diagnostic);
    }
    diagnostic_sort(all.items.items, all.items.count);
    return all;
}

/* Where relative paths begin: the directory of the file, unless another one is given. */
static const char *find_prefix(struct arena *arena, const char *path, const char *given) {
    if (given != NULL) {
        return given;
    }
    const char *slash = strrchr(path, '/');
    size_t size = slash == NULL ? 0 : slash == path ? 1 : (size_t)(slash - path);
    return size == 0 ? "." : arena_copy_slice(arena, (struct slice){path, size}).data;
}

static void check(struct input *input, const char *path, const struct lint_options *options,
                  struct finding_list *findings) {
    struct certificate_options certificates = {
        .prefix = find_prefix(&input->arena, path, options->prefix),
        .now = options->now != 0 ? options->now : (int64_t)time(NULL),
    };
    struct check_options checks = {
        .certificates = options->reads_certificates ? &certificates : NULL,
    };
    input_check(input, &checks, findings);
}

static enum outcome lint_file(const struct command *command, const char *path,
                              const struct lint_options *options, struct lint_report *report) {
    struct input input;
    enum outcome outcome = input_read(&input, command, path, options->prefix);
    if (outcome == OUTCOME_FAILED) {
        input_release(&input);
        return outcome;
    }
    struct finding_list findings;
    check(&input, path, options, &findings);
    struct input_diagnostics all = collect(&input, &findings);
    for (size_t i = 0; i < all.items.count; i++) {
        enum severity severity = all.items.items[i]->severity;
        report->counts[severity]++;
        if ((int)severity >= options->fail_level) {
            outcome = cli_worse(outcome, OUTCOME_FINDINGS);
        }
    }
    report->error_count += input.diagnostics.error_count;
    if (options->format == LINT_JSON) {
        lint_json_add(report, path, &input, &all);
    } else {
        lint_text_print(&input, &all);
    }
    input_release(&input);
    return outcome;
}

enum outcome command_lint(const struct command *command, int argc, char **argv) {
    struct lint_options options;
    bool done;
    enum outcome outcome = read_options(command, argc, argv, &options, &done);
    if (done) {
        return outcome;
    }
    struct lint_report report = {0};
    if (options.format == LINT_JSON) {
        lint_json_begin(&report);
    }
    for (int i = optind; i < argc; i++) {
        outcome = cli_worse(outcome, lint_file(command, argv[i], &options, &report));
    }
    if (options.format == LINT_JSON) {
        lint_json_finish(&report);
    } else {
        lint_text_finish(&report);
    }
    return outcome;
}
