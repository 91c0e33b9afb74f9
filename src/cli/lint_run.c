/* A run of rpc lint over its files: read, understood, checked, and what was found collected. */
#include "cli/lint.h"

#include "base/text.h"
#include "check/suppression.h"

#include <stdlib.h>
#include <string.h>
#include <time.h>

/* Where relative paths begin: the directory of the file, unless another one is given. */
static const char *find_prefix(struct arena *arena, const char *path, const char *given) {
    if (given != NULL) {
        return given;
    }
    const char *slash = strrchr(path, '/');
    size_t size = slash == NULL ? 0 : slash == path ? 1 : (size_t)(slash - path);
    return size == 0 ? "." : arena_copy_slice(arena, (struct slice){path, size}).data;
}

static bool is_standard_input(const char *path) {
    return strcmp(path, "-") == 0;
}

static bool is_new(struct lint_report *report, const struct lint_finding *finding) {
    const struct diagnostic *diagnostic = finding->diagnostic;
    struct slice key = arena_format(report->arena, "%.*s:%u:%u:%zu:%.*s", SLICE_ARGS(finding->path),
                                    diagnostic->span.begin, diagnostic->span.end, finding->kind,
                                    SLICE_ARGS(diagnostic->message));
    return map_insert(&report->seen, key, finding->diagnostic) == finding->diagnostic;
}

/* What several files of a run include is reported once. */
static void add(struct lint_report *report, struct lint_file *file, struct lint_findings *findings,
                struct lint_finding finding) {
    const struct diagnostic *diagnostic = finding.diagnostic;
    finding.name = diagnostic->has_span ? lint_source(file, diagnostic->span)->name : file->name;
    finding.path = lint_path(report, finding.name);
    if (is_new(report, &finding)) {
        VECTOR_PUSH(report->arena, &findings->items, finding);
    }
}

/* One that the project file and the command line are asked about. */
static void add_heeded(struct lint_report *report, struct lint_file *file,
                       struct lint_findings *findings, struct lint_finding finding) {
    struct diagnostic *diagnostic = finding.diagnostic;
    struct slice name =
        diagnostic->has_span ? lint_source(file, diagnostic->span)->name : file->name;
    if (lint_heeds(report, file, name, finding.kind, &diagnostic->severity)) {
        add(report, file, findings, finding);
    }
}

/* A finding's place in its file, and whose findings come first at one place: the compiler's. */
static int compare(const void *left, const void *right) {
    const struct lint_finding *a = left;
    const struct lint_finding *b = right;
    int order = span_compare(a->diagnostic->span, b->diagnostic->span);
    if (order != 0) {
        return order;
    }
    bool is_rule = a->kind < RULE_COUNT;
    if (is_rule != (b->kind < RULE_COUNT)) {
        return is_rule ? 1 : -1;
    }
    if (a->kind != b->kind) {
        return a->kind < b->kind ? -1 : 1;
    }
    return slice_compare(a->diagnostic->message, b->diagnostic->message);
}

static void finish(struct lint_report *report, struct lint_file *file,
                   struct lint_findings *findings) {
    if (findings->items.count > 1) {
        qsort(findings->items.items, findings->items.count, sizeof *findings->items.items, compare);
    }
    lint_take_prints(report, file, findings);
}

static void add_rules(struct lint_report *report, struct lint_file *file,
                      struct lint_findings *findings, const struct finding *found, size_t count) {
    for (size_t i = 0; i < count; i++) {
        add_heeded(report, file, findings,
                   (struct lint_finding){.diagnostic = found[i].diagnostic,
                                         .kind = found[i].rule,
                                         .reason = found[i].reason});
    }
}

/* Findings of rules and warnings of the compiler. That two servers have one name is both; the rule
 * tells more and can be turned off. */
static void collect(struct lint_report *report, struct lint_file *file,
                    struct finding_list *findings) {
    struct diagnostic_list *told = &file->input->diagnostics;
    size_t kept = 0;
    for (size_t i = 0; i < told->all.count; i++) {
        struct lint_finding finding = {.diagnostic = told->all.items[i]};
        finding.kind = finding_kind_find(finding.diagnostic->label);
        if (finding.diagnostic->severity == SEVERITY_ERROR) {
            add(report, file, &file->errors, finding);
            kept++;
        } else if (finding.kind != FINDING_KIND_CONFLICTING_SERVER_NAME) {
            const struct suppression *suppression =
                suppression_find_code(findings, finding.diagnostic);
            finding.reason = suppression != NULL ? suppression->reason : SLICE("");
            add_heeded(report, file, suppression != NULL ? &file->suppressed : &file->findings,
                       finding);
        }
    }
    add_rules(report, file, &file->findings, findings->all.items, findings->all.count);
    add_rules(report, file, &file->suppressed, findings->suppressed.items,
              findings->suppressed.count);
    for (size_t i = 0; i < findings->used_suppressions.count; i++) {
        map_insert(&report->used_suppressions, findings->used_suppressions.entries[i].key, file);
    }
    finish(report, file, &file->findings);
    finish(report, file, &file->suppressed);
    finish(report, file, &file->errors);
    file->error_count = file->errors.items.count + (told->error_count - kept);
}

/* A comment of a file that several files of the run include may be of use in one of them only. */
static void drop_used_suppressions(struct lint_report *report, struct lint_file *file) {
    size_t kept = 0;
    for (size_t i = 0; i < file->findings.items.count; i++) {
        const struct lint_finding *finding = &file->findings.items.items[i];
        struct slice key = arena_format(report->arena, "%.*s:%u", SLICE_ARGS(finding->name),
                                        finding->diagnostic->span.begin);
        if (finding->kind != RULE_unused_suppression ||
            map_find(&report->used_suppressions, key) == NULL) {
            file->findings.items.items[kept++] = *finding;
        }
    }
    file->findings.items.count = kept;
}

/* Of what is not in the baseline. */
static enum outcome count_findings(struct lint_report *report, const struct lint_file *file) {
    enum outcome outcome = OUTCOME_CLEAN;
    for (size_t i = 0; i < file->findings.items.count; i++) {
        enum severity severity = file->findings.items.items[i].diagnostic->severity;
        report->counts[severity]++;
        report->finding_count++;
        if ((int)severity >= file->policy->fail_level) {
            outcome = OUTCOME_FINDINGS;
        }
    }
    report->error_count += file->error_count;
    report->suppressed_count += file->suppressed.items.count;
    return outcome;
}

static enum outcome lint_file(struct lint_report *report, struct lint_file *file) {
    const struct lint_options *options = report->options;
    struct finding_list findings;
    enum outcome outcome = input_build(file->input);
    file->certificates = (struct certificate_options){
        .prefix = find_prefix(report->arena, file->path, options->prefix),
        .now = options->now != 0 ? options->now : (int64_t)time(NULL),
    };
    file->checks.certificates = options->reads_certificates ? &file->certificates : NULL;
    input_check(file->input, &file->checks, &findings);
    collect(report, file, &findings);
    return outcome;
}

/* Reads and parses a file; NULL after saying so when it cannot be read. */
static struct lint_file *read_file(struct lint_report *report, const char *path) {
    struct lint_file *file = arena_require(report->arena, sizeof *file);
    file->path = path;
    file->name = slice_from_string(is_standard_input(path) ? "<stdin>" : path);
    file->input = arena_require(report->arena, sizeof *file->input);
    int error = input_parse(file->input, report->command, path, report->options->prefix, true);
    if (error == 0) {
        return file;
    }
    input_release(file->input);
    lint_fail_file(report, path, error);
    return NULL;
}

/* Standard input can be read once. */
static bool was_read(const struct lint_report *report, const char *path) {
    for (size_t i = 0; is_standard_input(path) && i < report->files.count; i++) {
        if (is_standard_input(report->files.items[i]->path)) {
            return true;
        }
    }
    return false;
}

static void read_files(struct lint_report *report, char **named, size_t count) {
    struct lint_paths paths = lint_list_files(report, named, count);
    for (size_t i = 0; i < paths.items.count; i++) {
        const char *path = paths.items.items[i];
        struct lint_file *file = was_read(report, path) ? NULL : read_file(report, path);
        if (file != NULL) {
            VECTOR_PUSH(report->arena, &report->files, file);
        }
    }
    lint_drop_included(report);
}

bool lint_run(struct lint_report *report, char **named, size_t count, enum outcome *result) {
    map_init(&report->seen, report->arena);
    map_init(&report->prints, report->arena);
    map_init(&report->projects, report->arena);
    map_init(&report->columns, report->arena);
    map_init(&report->used_suppressions, report->arena);
    read_files(report, named, count);
    for (size_t i = 0; i < report->files.count; i++) {
        if (!lint_settle(report, report->files.items[i], result)) {
            return false;
        }
    }
    *result = report->failures.count > 0 ? OUTCOME_FAILED : OUTCOME_CLEAN;
    for (size_t i = 0; i < report->files.count; i++) {
        *result = cli_worse(*result, lint_file(report, report->files.items[i]));
    }
    for (size_t i = 0; report->files.count > 1 && i < report->files.count; i++) {
        drop_used_suppressions(report, report->files.items[i]);
    }
    enum outcome baseline = lint_apply_baseline(report);
    if (baseline != OUTCOME_CLEAN) {
        *result = baseline;
        return false;
    }
    for (size_t i = 0; i < report->files.count; i++) {
        *result = cli_worse(*result, count_findings(report, report->files.items[i]));
    }
    return true;
}

void lint_release(struct lint_report *report) {
    for (size_t i = 0; i < report->files.count; i++) {
        input_release(report->files.items[i]->input);
    }
}
