/* What is made of a finding: by the project file of its file, and by the command line, which wins.
 */
#include "cli/lint_project.h"

#include <fnmatch.h>
#include <string.h>
#include <unistd.h>

static const char *const levels[] = {
    [SEVERITY_NOTE] = "note",   [SEVERITY_INFO] = "info",   [SEVERITY_WARNING] = "warning",
    [SEVERITY_ERROR] = "error", [LINT_FAIL_NEVER] = "none",
};

bool lint_read_level(struct slice text, bool has_none, int *level) {
    int count = has_none ? LINT_FAIL_NEVER + 1 : LINT_FAIL_NEVER;
    for (int i = 0; i < count; i++) {
        if (slice_equals(text, slice_from_string(levels[i]))) {
            *level = i;
            return true;
        }
    }
    return false;
}

/* --- which project file --- */

/* The nearest one upwards from a directory, which ends with a slash; empty when there is none. */
static struct slice find_upwards(struct arena *arena, struct slice directory) {
    while (directory.size > 0) {
        struct slice path = arena_format(arena, "%.*s" LINT_PROJECT_NAME, SLICE_ARGS(directory));
        if (access(path.data, F_OK) == 0) {
            return path;
        }
        do {
            directory.size--;
        } while (directory.size > 0 && directory.data[directory.size - 1] != '/');
    }
    return (struct slice){NULL, 0};
}

static struct slice directory_of(struct lint_report *report, const struct lint_file *file) {
    if (strcmp(file->path, "-") == 0) {
        return report->directory;
    }
    struct slice path = lint_full_path(report, file->name);
    while (path.size > 0 && path.data[path.size - 1] != '/') {
        path.size--;
    }
    return path;
}

/* Each is read once. Paths below the working directory are shown from there. */
static struct lint_project *read_once(struct lint_report *report, struct slice path,
                                      enum outcome *outcome) {
    struct lint_project *project = map_find(&report->projects, path);
    if (project == NULL) {
        struct slice shown = arena_copy_slice(report->arena, lint_path(report, path));
        project = lint_project_read(report, shown.data, outcome);
        if (project != NULL) {
            map_set(&report->projects, path, project);
        }
    }
    return project;
}

/* False when the project file is of no use. */
static bool find_project(struct lint_report *report, struct lint_file *file,
                         enum outcome *outcome) {
    const struct lint_options *options = report->options;
    struct slice path = {NULL, 0};
    if (options->project != NULL) {
        path = lint_full_path(report, slice_from_string(options->project));
    } else if (!options->has_no_project) {
        path = find_upwards(report->arena, directory_of(report, file));
    }
    file->project = path.size > 0 ? read_once(report, path, outcome) : NULL;
    return path.size == 0 || file->project != NULL;
}

/* --- settings of a file --- */

static void add_set(struct kind_set *set, const struct kind_set *other) {
    for (size_t kind = 0; kind < FINDING_KIND_COUNT; kind++) {
        set->has[kind] |= other->has[kind];
    }
}

/* The command line's selection and level replace the project's; what it ignores comes on top. */
static struct lint_policy *combine(struct lint_report *report, const struct lint_project *project) {
    const struct lint_policy *given = &report->options->policy;
    struct lint_policy *policy = arena_require(report->arena, sizeof *policy);
    *policy = project != NULL ? project->policy : *given;
    if (project != NULL) {
        add_set(&policy->ignored, &given->ignored);
        if (given->has_selection) {
            policy->has_selection = true;
            policy->selected = given->selected;
        }
    }
    if (given->has_fail_level || !policy->has_fail_level) {
        policy->fail_level = given->has_fail_level ? given->fail_level : SEVERITY_WARNING;
    }
    return policy;
}

bool lint_settle(struct lint_report *report, struct lint_file *file, enum outcome *outcome) {
    if (!find_project(report, file, outcome)) {
        return false;
    }
    const struct lint_options *options = report->options;
    const struct lint_project *project = file->project;
    file->policy = combine(report, project);
    file->checks = (struct check_options){
        .requires_reasons = project != NULL && project->requires_reasons,
        .nginx_version = options->nginx_version,
        .tls_profile = options->tls_profile,
    };
    if (project != NULL && options->nginx_version == 0) {
        file->checks.nginx_version = project->nginx_version;
    }
    if (project != NULL && options->tls_profile == NULL) {
        file->checks.tls_profile = project->tls_profile;
    }
    return true;
}

/* --- one finding --- */

struct slice lint_project_path(struct lint_report *report, const struct lint_file *file,
                               struct slice name) {
    struct slice path = lint_full_path(report, name);
    if (file->project != NULL && slice_starts_with(path, file->project->directory)) {
        return slice_skip(path, file->project->directory.size);
    }
    return lint_path(report, name);
}

/* A pattern without a slash is about the file's name alone. */
static bool matches(struct slice pattern, struct slice path) {
    struct slice name = path;
    for (size_t at; (at = slice_find_byte(name, '/')) < name.size;) {
        name = slice_skip(name, at + 1);
    }
    bool is_path = slice_find_byte(pattern, '/') < pattern.size;
    return fnmatch(pattern.data, is_path ? path.data : name.data, 0) == 0;
}

static bool heeds(const struct lint_policy *policy, size_t kind) {
    return (!policy->has_selection || policy->selected.has[kind]) && !policy->ignored.has[kind];
}

bool lint_heeds(struct lint_report *report, const struct lint_file *file, struct slice name,
                size_t kind, enum severity *severity) {
    const struct lint_policy *policy = file->policy;
    if (!heeds(policy, kind)) {
        return false;
    }
    unsigned char changed = policy->severities[kind];
    const struct lint_project *project = file->project;
    if (project != NULL && project->exceptions.count > 0) {
        struct slice path = arena_copy_slice(report->arena, lint_project_path(report, file, name));
        for (size_t i = 0; i < project->exceptions.count; i++) {
            const struct lint_exception *exception = &project->exceptions.items[i];
            if (!matches(exception->pattern, path)) {
                continue;
            }
            if (!heeds(&exception->policy, kind)) {
                return false;
            }
            changed = exception->policy.severities[kind] != 0 ? exception->policy.severities[kind]
                                                              : changed;
        }
    }
    if (changed != 0) {
        *severity = (enum severity)(changed - 1);
    }
    return true;
}
