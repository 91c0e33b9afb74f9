/* Findings as text for people: file by file, each with its line, and how many there were. */
#include "cli/lint.h"

void lint_print_errors(const struct lint_file *file) {
    bool colour = cli_wants_colour(stderr);
    fflush(stdout);
    for (size_t i = 0; i < file->errors.items.count; i++) {
        diagnostic_print(stderr, &file->input->sources, file->errors.items.items[i].diagnostic,
                         colour);
    }
    if (file->error_count > file->errors.items.count) {
        fprintf(stderr, "%zu more errors\n", file->error_count - file->errors.items.count);
    }
}

static void print_findings(const struct lint_file *file) {
    bool colour = cli_wants_colour(stdout);
    for (size_t i = 0; i < file->findings.items.count; i++) {
        diagnostic_print(stdout, &file->input->sources, file->findings.items.items[i].diagnostic,
                         colour);
    }
}

static const char *plural(size_t count) {
    return count == 1 ? "" : "s";
}

/* " in 2 of 7 files", unless there was but one. */
static void print_file_count(const struct lint_report *report) {
    size_t count = 0;
    for (size_t i = 0; i < report->files.count; i++) {
        count += report->files.items[i]->findings.items.count > 0;
    }
    if (report->files.count > 1 && count > 0) {
        printf(" in %zu of %zu files", count, report->files.count);
    }
}

/* "; 12 known from old.json, where 3 are gone" */
static void print_baseline(const struct lint_report *report) {
    if (report->known_count > 0 || report->gone_count > 0) {
        printf("; %zu known from %s", report->known_count, report->options->baseline);
    }
    if (report->gone_count > 0) {
        printf(", where %zu %s gone", report->gone_count, report->gone_count == 1 ? "is" : "are");
    }
}

/* "3 findings: 1 error, 2 warnings; 1 error in the input" */
static void print_summary(const struct lint_report *report) {
    printf("%zu finding%s", report->finding_count, plural(report->finding_count));
    print_file_count(report);
    const char *before = ": ";
    for (size_t i = SEVERITY_ERROR + 1; i-- > 0;) {
        if (report->counts[i] > 0) {
            printf("%s%zu %s%s", before, report->counts[i], severity_name((enum severity)i),
                   i == SEVERITY_INFO ? "" : plural(report->counts[i]));
            before = ", ";
        }
    }
    if (report->error_count > 0) {
        printf("; %zu error%s in the input", report->error_count, plural(report->error_count));
    }
    print_baseline(report);
    putchar('\n');
}

void lint_print_text(struct lint_report *report) {
    for (size_t i = 0; i < report->files.count; i++) {
        lint_print_errors(report->files.items[i]);
        print_findings(report->files.items[i]);
    }
    if (report->finding_count + report->error_count + report->known_count + report->gone_count >
        0) {
        print_summary(report);
    }
}
