/* The command line of rpc lint. */
#include "cli/lint_project.h"

#include <stddef.h>
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

/* Reads the value of an option; says what is wrong with it. */
typedef enum outcome read_value(const struct command *command, const char *value,
                                struct lint_options *options);

static read_value read_format;
static read_value read_fail_level;
static read_value read_selected;
static read_value read_ignored;
static read_value read_day;
static read_value read_version;
static read_value read_profile;

/* An option with a value is read, or its text is kept in a member; one without sets a flag. */
static const struct row {
    const char *name;
    char letter; /* 0: none */
    bool has_value;
    read_value *read;
    size_t member;
} rows[] = {
    {"format", 'f', true, read_format, 0},
    {"fail-on", 'F', true, read_fail_level, 0},
    {"select", 's', true, read_selected, 0},
    {"ignore", 'i', true, read_ignored, 0},
    {"prefix", 'p', true, NULL, offsetof(struct lint_options, prefix)},
    {"certs", 'c', false, NULL, offsetof(struct lint_options, reads_certificates)},
    {"now", 0, true, read_day, 0},
    {"nginx-version", 0, true, read_version, 0},
    {"tls-profile", 0, true, read_profile, 0},
    {"config", 0, true, NULL, offsetof(struct lint_options, project)},
    {"no-config", 0, false, NULL, offsetof(struct lint_options, has_no_project)},
    {"baseline", 0, true, NULL, offsetof(struct lint_options, baseline)},
    {"write-baseline", 0, false, NULL, offsetof(struct lint_options, writes_baseline)},
    {"diff", 0, false, NULL, offsetof(struct lint_options, shows_edits)},
    {"fix", 0, false, NULL, offsetof(struct lint_options, fixes)},
};
enum { ROW_COUNT = sizeof rows / sizeof rows[0], NO_LETTER = 256 };

static enum outcome read_format(const struct command *command, const char *value,
                                struct lint_options *options) {
    for (size_t i = 0; i < lint_format_count; i++) {
        if (strcmp(lint_formats[i].name, value) == 0) {
            options->format = &lint_formats[i];
            return OUTCOME_CLEAN;
        }
    }
    return cli_usage_error(
        command, "unknown format \"%s\" (text, json, sarif, github, checkstyle or junit)", value);
}

static enum outcome read_fail_level(const struct command *command, const char *value,
                                    struct lint_options *options) {
    options->policy.has_fail_level = true;
    return lint_read_level(slice_from_string(value), true, &options->policy.fail_level)
               ? OUTCOME_CLEAN
               : cli_usage_error(
                     command, "unknown level \"%s\" (error, warning, info, note or none)", value);
}

static enum outcome read_selected(const struct command *command, const char *value,
                                  struct lint_options *options) {
    options->policy.has_selection = true;
    return lint_read_choice(command, value, &options->policy.selected);
}

static enum outcome read_ignored(const struct command *command, const char *value,
                                 struct lint_options *options) {
    return lint_read_choice(command, value, &options->policy.ignored);
}

/* A day, at its beginning in UTC. strptime takes 31 days for every month, of which timegm makes the
 * first days of the next. */
static enum outcome read_day(const struct command *command, const char *value,
                             struct lint_options *options) {
    struct tm parts = {0};
    const char *end = strptime(value, "%Y-%m-%d", &parts);
    int day = parts.tm_mday;
    options->now = end != NULL && *end == '\0' ? (int64_t)timegm(&parts) : 0;
    return options->now > 0 && parts.tm_mday == day
               ? OUTCOME_CLEAN
               : cli_usage_error(command, "\"%s\" is no day such as 2027-01-31", value);
}

static enum outcome read_version(const struct command *command, const char *value,
                                 struct lint_options *options) {
    return lint_read_version(slice_from_string(value), &options->nginx_version)
               ? OUTCOME_CLEAN
               : cli_usage_error(command, "\"%s\" is no version such as 1.24.0", value);
}

static enum outcome read_profile(const struct command *command, const char *value,
                                 struct lint_options *options) {
    options->tls_profile = lint_find_profile(slice_from_string(value));
    return options->tls_profile != NULL
               ? OUTCOME_CLEAN
               : cli_usage_error(command, "unknown profile \"%s\" (modern, intermediate or old)",
                                 value);
}

static enum outcome take_row(const struct command *command, const struct row *row,
                             struct lint_options *options) {
    char *member = (char *)options + row->member;
    if (row->read != NULL) {
        return row->read(command, optarg, options);
    }
    if (row->has_value) {
        memcpy(member, &optarg, sizeof optarg);
    } else {
        *(bool *)member = true;
    }
    return OUTCOME_CLEAN;
}

/* The tables of getopt_long: `letters` holds as many as there are, with colons. */
static void list_options(struct option known[ROW_COUNT + 2], char letters[2 * ROW_COUNT + 3]) {
    size_t size = 0;
    letters[size++] = ':';
    letters[size++] = 'h';
    for (int i = 0; i < ROW_COUNT; i++) {
        int code = rows[i].letter != 0 ? rows[i].letter : NO_LETTER + i;
        known[i] = (struct option){rows[i].name, rows[i].has_value, NULL, code};
        if (rows[i].letter != 0) {
            letters[size++] = rows[i].letter;
        }
        if (rows[i].letter != 0 && rows[i].has_value) {
            letters[size++] = ':';
        }
    }
    letters[size] = '\0';
    known[ROW_COUNT] = (struct option){"help", no_argument, NULL, 'h'};
    known[ROW_COUNT + 1] = (struct option){NULL, 0, NULL, 0};
}

static const struct row *find_row(int code) {
    for (int i = 0; i < ROW_COUNT; i++) {
        if (code == (rows[i].letter != 0 ? rows[i].letter : NO_LETTER + i)) {
            return &rows[i];
        }
    }
    return NULL;
}

/* Options that make no sense with or without others. */
static enum outcome check_together(const struct command *command,
                                   const struct lint_options *options) {
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
    return OUTCOME_CLEAN;
}

enum outcome lint_read_options(const struct command *command, int argc, char **argv,
                               struct lint_options *options, bool *done) {
    struct option known[ROW_COUNT + 2];
    char letters[2 * ROW_COUNT + 3];
    list_options(known, letters);
    *options = (struct lint_options){.format = &lint_formats[0]};
    *done = true;
    enum outcome outcome = OUTCOME_CLEAN;
    for (int code; outcome == OUTCOME_CLEAN &&
                   (code = getopt_long(argc, argv, letters, known, NULL)) != -1;) {
        if (code == 'h') {
            return cli_print_help(command, help);
        }
        const struct row *row = find_row(code);
        outcome =
            row != NULL ? take_row(command, row, options) : cli_option_error(command, code, argv);
    }
    if (outcome == OUTCOME_CLEAN) {
        outcome = check_together(command, options);
    }
    if (outcome == OUTCOME_CLEAN && optind == argc) {
        outcome = cli_usage_error(command, "no file is named");
    }
    *done = outcome != OUTCOME_CLEAN;
    return outcome;
}
