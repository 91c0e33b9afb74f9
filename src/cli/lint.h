/* What rpc lint found, on its way to one of its formats. */
#ifndef CLI_LINT_H
#define CLI_LINT_H

#include "check/check.h"
#include "cli/input.h"

#include <jansson.h>

enum lint_format { LINT_TEXT, LINT_JSON, LINT_FORMAT_COUNT };

/* A fail level above every severity. */
#define LINT_FAIL_NEVER (SEVERITY_ERROR + 1)

struct lint_options {
    int format;     /* enum lint_format */
    int fail_level; /* enum severity, or LINT_FAIL_NEVER */
    const char *prefix;
    bool reads_certificates;
    int64_t now; /* seconds since 1970, for certificates; 0: not given */
};

struct lint_report {
    size_t counts[SEVERITY_ERROR + 1]; /* of findings, by severity */
    size_t error_count;                /* of errors in the input */
    json_t *files;                     /* LINT_JSON only: three arrays */
    json_t *findings;
    json_t *errors;
};

/* --- lint_text.c --- */

/* One file's errors to standard error and its findings to standard output. */
void lint_text_print(struct input *input, const struct input_diagnostics *findings);

/* The last line: how many there were, if any. */
void lint_text_finish(const struct lint_report *report);

/* --- lint_json.c --- */

void lint_json_begin(struct lint_report *report);
void lint_json_add(struct lint_report *report, const char *path, struct input *input,
                   const struct input_diagnostics *findings);
void lint_json_finish(struct lint_report *report);

#endif
