/* rpc lint: what a run is told, what it found, and the formats that it is printed in.
 *
 *     options ──┐
 *     files ────┴─▶ lint_run ──▶ report ──▶ one of lint_formats
 *
 * A report keeps all files of a run in memory, as findings point into them. */
#ifndef CLI_LINT_H
#define CLI_LINT_H

#include "check/check.h"
#include "cli/finding_kind.h"
#include "cli/input.h"

/* A fail level above every severity. */
#define LINT_FAIL_NEVER (SEVERITY_ERROR + 1)

struct lint_report;

/* How findings are printed; a row and a file, lint_<name>.c, make a format. */
struct lint_format {
    const char *name;
    /* Everything, to standard output. */
    void (*print)(struct lint_report *report);
};

extern const struct lint_format lint_formats[];
extern const size_t lint_format_count;

/* What is made of findings. */
struct lint_policy {
    bool has_selection; /* else every rule is heeded */
    bool has_fail_level;
    struct kind_set selected;
    struct kind_set ignored;
    int fail_level; /* enum severity, or LINT_FAIL_NEVER */
    /* A severity and one, or 0 for the one that the finding has anyway. */
    unsigned char severities[FINDING_KIND_COUNT];
};

struct lint_project;

/* The command line. */
struct lint_options {
    const struct lint_format *format;
    struct lint_policy policy;
    const char *prefix;
    bool reads_certificates;
    int64_t now;             /* seconds since 1970, for certificates; 0: not given */
    const char *project;     /* project file for all files; NULL: each file's own */
    bool has_no_project;     /* project files are left alone */
    uint32_t nginx_version;  /* see struct check_options; 0: not given */
    const char *tls_profile; /* NULL: not given */
    const char *baseline;    /* a file of findings that do not count; NULL: none */
    bool writes_baseline;    /* instead of reading it */
    bool fixes;              /* make safe edits, then lint again */
    bool shows_edits;        /* print a diff of them instead of findings */
};

/* A finding, a warning of the compiler, or an error in the input. */
struct lint_finding {
    struct diagnostic *diagnostic;
    size_t kind;         /* see finding_kind.h */
    struct slice name;   /* of its file, as it was named or included */
    struct slice path;   /* the same: below the working directory, or complete */
    struct slice print;  /* a fingerprint that moving lines does not change */
    struct slice reason; /* of a suppressed one: what the comment says; may be empty */
};

struct lint_findings {
    VECTOR_OF(struct lint_finding) items;
};

/* A file that was named, or was in a directory that was. */
struct lint_file {
    const char *path; /* "-" is standard input */
    struct slice name;
    struct input *input;
    const struct lint_project *project; /* NULL: there is none */
    const struct lint_policy *policy;   /* project file and command line together */
    struct check_options checks;
    struct certificate_options certificates;
    struct lint_findings findings;   /* by place, as all of these */
    struct lint_findings suppressed; /* by comments */
    struct lint_findings known;      /* from the baseline; they do not count */
    struct lint_findings errors;     /* in the input */
    size_t error_count;              /* with those that were too many to keep */
};

/* One that could not be read. */
struct lint_failure {
    const char *path;
    int error;
};

struct lint_report {
    struct arena *arena;
    const struct command *command;
    const struct lint_options *options;
    struct slice directory; /* the working directory, ending with "/" */
    VECTOR_OF(struct lint_file *) files;
    VECTOR_OF(struct lint_failure) failures;
    struct map columns;                /* see lint_place.c */
    struct map used_suppressions;      /* of all files; see struct finding_list */
    struct map projects;               /* by path */
    struct map seen;                   /* what was reported, so that it is once */
    struct map prints;                 /* how often a fingerprint's text was seen: uint32_t */
    size_t counts[SEVERITY_ERROR + 1]; /* of findings, by severity */
    size_t finding_count;
    size_t suppressed_count;
    size_t known_count; /* in the baseline, and found again */
    size_t gone_count;  /* in the baseline, and not found any more */
    size_t error_count; /* of errors in the input */
};

/* --- lint_options.c --- */

/* OUTCOME_CLEAN when there are files to lint, from optind on; `done` when nothing is left to do. */
enum outcome lint_read_options(const struct command *command, int argc, char **argv,
                               struct lint_options *options, bool *done);

/* --- lint_choice.c --- */

/* Adds what a list such as "open-proxy,tls" names. Says what is unknown. */
enum outcome lint_read_choice(const struct command *command, const char *text,
                              struct kind_set *set);

/* --- lint_policy.c --- */

/* The level of that name, "none" only when there may be none; false when there is no such level. */
bool lint_read_level(struct slice text, bool has_none, int *level);

/* Finds the file's project file and what holds for the file. False after saying what is wrong with
 * the project file, with the outcome that the run has to have. */
bool lint_settle(struct lint_report *report, struct lint_file *file, enum outcome *outcome);

/* Whether a finding in the source of that name counts, and as how severe. */
bool lint_heeds(struct lint_report *report, const struct lint_file *file, struct slice name,
                size_t kind, enum severity *severity);

/* A name of a file as seen from the project file's folder; without one, or outside of it, the same
 * as lint_path. */
struct slice lint_project_path(struct lint_report *report, const struct lint_file *file,
                               struct slice name);

/* --- lint_files.c --- */

struct lint_paths {
    VECTOR_OF(const char *) items;
};

/* The files that were named and those in directories that were: *.conf, in order of their names,
 * and in folders called sites-enabled files of any name. Says what cannot be read. */
struct lint_paths lint_list_files(struct lint_report *report, char **named, size_t count);

/* Says that a file or directory cannot be read, and notes it. */
void lint_fail_file(struct lint_report *report, const char *path, int error);

/* --- lint_included.c --- */

/* Takes files out of the run that others of it include, or that are named twice. */
void lint_drop_included(struct lint_report *report);

/* --- lint_run.c --- */

/* Lints the files and fills the report. Says on standard error what cannot be read. False when a
 * project file is of no use: then there is nothing to print. */
bool lint_run(struct lint_report *report, char **named, size_t count, enum outcome *result);

/* The files' memory. */
void lint_release(struct lint_report *report);

/* --- lint_place.c --- */

/* A name of a file from the root, without "." and "..". */
struct slice lint_full_path(struct lint_report *report, struct slice name);

/* A name of a file as seen from the working directory when it is below, else from the root. */
struct slice lint_path(struct lint_report *report, struct slice name);

/* The path as a URI reference: "conf.d/a%20b.conf" or "file:///etc/nginx/nginx.conf". */
struct slice lint_uri(struct arena *arena, struct slice path);

/* Where a span begins and ends; columns count from 1, in bytes or in UTF-16 code units. The end is
 * just behind the last byte. */
struct lint_region {
    struct position begin;
    struct position end;
};
struct lint_region lint_region_in_bytes(struct source_set *sources, struct span span);
struct lint_region lint_region_in_units(struct lint_report *report, const struct lint_file *file,
                                        struct span span);

/* The source of a span. */
const struct source *lint_source(const struct lint_file *file, struct span span);

/* --- lint_print.c --- */

/* Gives the findings their fingerprints: of rule, path, and text of the line without its indent,
 * and of how many of them there were before. */
void lint_take_prints(struct lint_report *report, struct lint_file *file,
                      struct lint_findings *findings);

/* --- lint_baseline.c --- */

/* Reads or writes the baseline, if there is one, and puts the findings that are known apart.
 * OUTCOME_CLEAN unless that fails, which it says. */
enum outcome lint_apply_baseline(struct lint_report *report);

/* --- lint_fix.c --- */

/* The safe edits of the findings as a diff, to standard output. */
void lint_print_diff(struct lint_report *report);

/* Makes them, and prints the diff to standard error. OUTCOME_FAILED when a file cannot be written.
 */
enum outcome lint_fix(struct lint_report *report);

/* --- the formats --- */

/* The errors in a file, to standard error, as text has them. */
void lint_print_errors(const struct lint_file *file);

void lint_print_text(struct lint_report *report);
void lint_print_json(struct lint_report *report);
void lint_print_sarif(struct lint_report *report);
void lint_print_github(struct lint_report *report);
void lint_print_checkstyle(struct lint_report *report);
void lint_print_junit(struct lint_report *report);

#endif
