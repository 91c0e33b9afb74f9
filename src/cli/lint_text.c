/* Findings as text for people. */
#include "cli/lint.h"

void lint_text_print(struct input *input, const struct input_diagnostics *findings) {
    input_print_diagnostics(input, SEVERITY_ERROR);
    bool colour = cli_wants_colour(stdout);
    for (size_t i = 0; i < findings->items.count; i++) {
        diagnostic_print(stdout, &input->sources, findings->items.items[i], colour);
    }
}

static const char *plural(size_t count) {
    return count == 1 ? "" : "s";
}

/* "3 findings: 1 error, 2 warnings" */
static void print_counts(const struct lint_report *report) {
    size_t total = 0;
    for (size_t i = 0; i <= SEVERITY_ERROR; i++) {
        total += report->counts[i];
    }
    printf("%zu finding%s", total, plural(total));
    const char *before = ": ";
    for (size_t i = SEVERITY_ERROR + 1; i-- > 0;) {
        if (report->counts[i] > 0) {
            printf("%s%zu %s%s", before, report->counts[i], severity_name((enum severity)i),
                   i == SEVERITY_INFO ? "" : plural(report->counts[i]));
            before = ", ";
        }
    }
}

void lint_text_finish(const struct lint_report *report) {
    bool has_findings = false;
    for (size_t i = 0; i <= SEVERITY_ERROR; i++) {
        has_findings |= report->counts[i] > 0;
    }
    if (!has_findings && report->error_count == 0) {
        return;
    }
    print_counts(report);
    if (report->error_count > 0) {
        printf("; %zu error%s in the input", report->error_count, plural(report->error_count));
    }
    putchar('\n');
}
