/* Project files, .rpclint: what is made of findings in the files below their folder. They are in
 * the configurations' own syntax:
 *
 *     ignore missing-proxy-headers;
 *     severity hsts-too-short info;
 *     per_file "*.inc" { ignore tls; }
 */
#ifndef CLI_LINT_PROJECT_H
#define CLI_LINT_PROJECT_H

#include "cli/lint.h"
#include "syntax/tree.h"

#define LINT_PROJECT_NAME ".rpclint"

/* What is different in files whose path matches. */
struct lint_exception {
    struct slice pattern; /* of a shell, in which stars stand for slashes, too */
    struct lint_policy policy;
};

struct lint_project {
    struct slice path;      /* as it is shown */
    struct slice directory; /* from the root, ending with "/" */
    struct lint_policy policy;
    VECTOR_OF(struct lint_exception) exceptions;
    bool requires_reasons;
    uint32_t nginx_version;  /* see struct check_options; 0: not given */
    const char *tls_profile; /* NULL: not given */
};

/* Reads a project file. NULL after saying what is wrong with it, with OUTCOME_INPUT in `outcome`,
 * or OUTCOME_FAILED when it cannot be read. */
struct lint_project *lint_project_read(struct lint_report *report, const char *path,
                                       enum outcome *outcome);

/* What the statements of a tree say, into a project that is all zero; mistakes go to the tree's
 * diagnostics. */
void lint_project_fill(struct arena *arena, const struct tree *tree, struct lint_project *project);

/* "1.29.7" as check_options have it; false when it is no version. */
bool lint_read_version(struct slice text, uint32_t *version);

/* The profile of that name, which lives for ever, or NULL. */
const char *lint_find_profile(struct slice name);

#endif
