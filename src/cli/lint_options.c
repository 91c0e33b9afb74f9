/* The command line of rpc lint. */
#include "cli/lint_project.h"

#include <string.h>
#include <time.h>

static const char help[] =
    "Findings go to standard output, errors in the input to standard error. A file with errors is\n"
    "checked as far as it was understood. \"-\" is standard input. A file may be a whole\n"
    "configuration, the inside of http, or a snippet from inside of server or location. Of a\n"
    "directory all *.conf are read, also below it, and all files of folders called sites-enabled.\n"
    "What another file of the run includes is linted there, and not once more on its own.\n"
    "\n"
    "  -f, --format FORMAT     how to print findings: text (the default), json, sarif, github,\n"
    "                          checkstyle or junit; all but text have the errors, too\n"
    "  -F, --fail-on LEVEL     exit with 1 for findings of this severity or above: error, "
    "warning,\n"
    "                          info, note or none (default: warning)\n"
    "  -s, --select LIST       heed only these: rules, families and RPC0000 codes, with commas\n"
    "                          between them; may be repeated\n"
    "  -i, --ignore LIST       do not heed these\n"
    "  -p, --prefix DIR        where relative paths of included files and of certificates begin\n"
    "                          (default: the directory of the file)\n"
    "  -c, --certs             read the certificates and keys that the files name, too: are they\n"
    "                          readable, do they belong together, do they hold, and for which "
    "names\n"
    "      --now DAY           look at certificates as of that day, e.g. 2027-01-31\n"
    "      --nginx-version N   the nginx that the configuration is for, e.g. 1.24.0 (default: "
    "rpcd,\n"
    "                          which is as the newest one)\n"
    "      --tls-profile NAME  what TLS is to be like: modern, intermediate or old\n"
    "      --config FILE       project file (default: of each file the nearest .rpclint in its\n"
    "                          folder or one above)\n"
    "      --no-config         leave project files alone\n"
    "      --baseline FILE     do not count findings that are in this file\n"
    "      --write-baseline    write all findings into it instead\n"
    "      --diff              print what --fix would do, as a diff, instead of findings\n"
    "      --fix               put right what has a safe edit, then lint again\n"
    "  -h, --help              this text\n"
    "\n"
    "A comment \"# rpc:disable=RULE,RULE\" beside or directly above a statement turns rules off "
    "for\n"
    "it and its block. \"rpc explain\" lists the rules.\n";

/* Long options without a letter. */
enum {
    OPTION_NOW = 256,
    OPTION_CONFIG,
    OPTION_NO_CONFIG,
    OPTION_NGINX_VERSION,
    OPTION_TLS_PROFILE,
    OPTION_BASELINE,
    OPTION_WRITE_BASELINE,
    OPTION_FIX,
    OPTION_DIFF
};

static const struct option known[] = {
    {"format", required_argument, NULL, 'f'},
    {"fail-on", required_argument, NULL, 'F'},
    {"select", required_argument, NULL, 's'},
    {"ignore", required_argument, NULL, 'i'},
    {"prefix", required_argument, NULL, 'p'},
    {"certs", no_argument, NULL, 'c'},
    {"now", required_argument, NULL, OPTION_NOW},
    {"config", required_argument, NULL, OPTION_CONFIG},
    {"baseline", required_argument, NULL, OPTION_BASELINE},
    {"write-baseline", no_argument, NULL, OPTION_WRITE_BASELINE},
    {"fix", no_argument, NULL, OPTION_FIX},
    {"diff", no_argument, NULL, OPTION_DIFF},
    {"no-config", no_argument, NULL, OPTION_NO_CONFIG},
    {"nginx-version", required_argument, NULL, OPTION_NGINX_VERSION},
    {"tls-profile", required_argument, NULL, OPTION_TLS_PROFILE},
    {"help", no_argument, NULL, 'h'},
    {NULL, 0, NULL, 0}};

/* A day, at its beginning in UTC. strptime takes 31 days for every month, of which timegm makes the
 * first days of the next. */
static bool read_day(const char *text, int64_t *time) {
    struct tm parts = {0};
    const char *end = strptime(text, "%Y-%m-%d", &parts);
    int day = parts.tm_mday;
    *time = end != NULL && *end == '\0' ? (int64_t)timegm(&parts) : 0;
    return *time > 0 && parts.tm_mday == day;
}

static const struct lint_format *find_format(const char *name) {
    for (size_t i = 0; i < lint_format_count; i++) {
        if (strcmp(lint_formats[i].name, name) == 0) {
            return &lint_formats[i];
        }
    }
    return NULL;
}

static enum outcome read_option(const struct command *command, int option, char **argv,
                                struct lint_options *options) {
    switch (option) {
    case 'f':
        options->format = find_format(optarg);
        return options->format != NULL
                   ? OUTCOME_CLEAN
                   : cli_usage_error(command,
                                     "unknown format \"%s\" (text, json, sarif, github, checkstyle "
                                     "or junit)",
                                     optarg);
    case 'F':
        options->policy.has_fail_level = true;
        return lint_read_level(slice_from_string(optarg), true, &options->policy.fail_level)
                   ? OUTCOME_CLEAN
                   : cli_usage_error(command,
                                     "unknown level \"%s\" (error, warning, info, note or none)",
                                     optarg);
    case 's':
        options->policy.has_selection = true;
        return lint_read_choice(command, optarg, &options->policy.selected);
    case 'i':
        return lint_read_choice(command, optarg, &options->policy.ignored);
    case 'p':
        options->prefix = optarg;
        return OUTCOME_CLEAN;
    case 'c':
        options->reads_certificates = true;
        return OUTCOME_CLEAN;
    case OPTION_NOW:
        return read_day(optarg, &options->now)
                   ? OUTCOME_CLEAN
                   : cli_usage_error(command, "\"%s\" is no day such as 2027-01-31", optarg);
    case OPTION_CONFIG:
        options->project = optarg;
        return OUTCOME_CLEAN;
    case OPTION_NO_CONFIG:
        options->has_no_project = true;
        return OUTCOME_CLEAN;
    case OPTION_NGINX_VERSION:
        return lint_read_version(slice_from_string(optarg), &options->nginx_version)
                   ? OUTCOME_CLEAN
                   : cli_usage_error(command, "\"%s\" is no version such as 1.24.0", optarg);
    case OPTION_TLS_PROFILE:
        options->tls_profile = lint_find_profile(slice_from_string(optarg));
        return options->tls_profile != NULL
                   ? OUTCOME_CLEAN
                   : cli_usage_error(
                         command, "unknown profile \"%s\" (modern, intermediate or old)", optarg);
    case OPTION_BASELINE:
        options->baseline = optarg;
        return OUTCOME_CLEAN;
    case OPTION_WRITE_BASELINE:
        options->writes_baseline = true;
        return OUTCOME_CLEAN;
    case OPTION_FIX:
        options->fixes = true;
        return OUTCOME_CLEAN;
    case OPTION_DIFF:
        options->shows_edits = true;
        return OUTCOME_CLEAN;
    default:
        return cli_option_error(command, option, argv);
    }
}

enum outcome lint_read_options(const struct command *command, int argc, char **argv,
                               struct lint_options *options, bool *done) {
    *options = (struct lint_options){.format = &lint_formats[0], .policy = {0}};
    *done = true;
    int option;
    while ((option = getopt_long(argc, argv, ":f:F:s:i:p:ch", known, NULL)) != -1) {
        if (option == 'h') {
            return cli_print_help(command, help);
        }
        enum outcome outcome = read_option(command, option, argv, options);
        if (outcome != OUTCOME_CLEAN) {
            return outcome;
        }
    }
    if (options->now != 0 && !options->reads_certificates) {
        return cli_usage_error(command, "option \"--now\" is for certificates: add \"--certs\"");
    }
    if (options->project != NULL && options->has_no_project) {
        return cli_usage_error(command, "\"--config\" and \"--no-config\" exclude each other");
    }
    if (options->writes_baseline && options->baseline == NULL) {
        return cli_usage_error(command, "\"--write-baseline\" needs \"--baseline FILE\"");
    }
    if (options->fixes && (options->shows_edits || options->writes_baseline)) {
        return cli_usage_error(command, "\"--fix\" goes with neither \"--diff\" nor "
                                        "\"--write-baseline\"");
    }
    if (optind == argc) {
        return cli_usage_error(command, "no file is named");
    }
    *done = false;
    return OUTCOME_CLEAN;
}
