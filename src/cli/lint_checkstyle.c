/* Findings as a report of Checkstyle's, which many services of continuous integration read: file by
 * file, those without findings, too. */
#include "cli/lint.h"
#include "cli/xml_text.h"

static const char *const severities[] = {
    [SEVERITY_NOTE] = "info",
    [SEVERITY_INFO] = "info",
    [SEVERITY_WARNING] = "warning",
    [SEVERITY_ERROR] = "error",
};

/* The file whose element is open. */
struct checkstyle {
    struct lint_report *report;
    const struct lint_file *file;
    struct slice open; /* empty: none */
};

static void close_element(struct checkstyle *style) {
    if (style->open.size > 0) {
        fputs("  </file>\n", stdout);
    }
    style->open = (struct slice){NULL, 0};
}

static void open_element(struct checkstyle *style, struct slice path) {
    if (!slice_equals(style->open, path)) {
        close_element(style);
        fputs("  <file", stdout);
        xml_write_attribute(stdout, "name", path);
        fputs(">\n", stdout);
        style->open = path;
    }
}

static void print_finding(struct checkstyle *style, const struct lint_finding *finding) {
    const struct diagnostic *diagnostic = finding->diagnostic;
    struct position position =
        lint_region_in_units(style->report, style->file, diagnostic->span).begin;
    struct slice source =
        arena_format(style->report->arena, "rpc.%.*s", SLICE_ARGS(diagnostic->label));
    open_element(style, finding->path);
    printf("    <error line=\"%u\" column=\"%u\" severity=\"%s\"", position.line, position.column,
           severities[diagnostic->severity]);
    xml_write_attribute(stdout, "message", diagnostic->message);
    xml_write_attribute(stdout, "source", source);
    fputs("/>\n", stdout);
}

/* Errors and findings, both in order of sources, so that each file has one element. */
static void print_file(struct checkstyle *style) {
    const struct lint_findings *errors = &style->file->errors;
    const struct lint_findings *findings = &style->file->findings;
    size_t error = 0;
    size_t found = 0;
    while (error < errors->items.count || found < findings->items.count) {
        if (found == findings->items.count ||
            (error < errors->items.count &&
             errors->items.items[error].diagnostic->span.source <=
                 findings->items.items[found].diagnostic->span.source)) {
            print_finding(style, &errors->items.items[error++]);
        } else {
            print_finding(style, &findings->items.items[found++]);
        }
    }
}

void lint_print_checkstyle(struct lint_report *report) {
    struct checkstyle style = {.report = report};
    fputs("<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n<checkstyle version=\"4.3\">\n", stdout);
    for (size_t i = 0; i < report->files.count; i++) {
        style.file = report->files.items[i];
        open_element(&style, lint_path(report, style.file->name));
        print_file(&style);
        close_element(&style);
    }
    fputs("</checkstyle>\n", stdout);
}
