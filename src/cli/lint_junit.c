/* Findings as a JUnit report: a testsuite for each file, a testcase for each finding, which has
 * failed when the finding is at or above the fail level. Errors in the input are errors. A file in
 * which nothing is wrong has one testcase that passed. */
#include "cli/lint.h"
#include "cli/xml_text.h"

#include <stdlib.h>

static bool fails(const struct lint_file *file, const struct lint_finding *finding) {
    return (int)finding->diagnostic->severity >= file->policy->fail_level;
}

static size_t count_failures(const struct lint_file *file) {
    size_t count = 0;
    for (size_t i = 0; i < file->findings.items.count; i++) {
        count += fails(file, &file->findings.items.items[i]);
    }
    return count;
}

static size_t count_cases(const struct lint_file *file) {
    size_t count = file->findings.items.count + file->errors.items.count;
    return count > 0 ? count : 1;
}

static void print_counts(size_t tests, size_t failures, size_t errors) {
    printf(" tests=\"%zu\" failures=\"%zu\" errors=\"%zu\" skipped=\"0\">\n", tests, failures,
           errors);
}

/* The finding as rpc lint prints it. */
static void print_text(const struct lint_file *file, const struct lint_finding *finding) {
    char *text = NULL;
    size_t size = 0;
    FILE *stream = open_memstream(&text, &size);
    if (stream == NULL) {
        memory_exhausted();
    }
    diagnostic_print(stream, &file->input->sources, finding->diagnostic, false);
    if (fclose(stream) != 0) {
        memory_exhausted();
    }
    xml_write_text(stdout, (struct slice){text, size}, false);
    free(text);
}

static void print_case(struct lint_report *report, const struct lint_file *file,
                       const struct lint_finding *finding, const char *element) {
    const struct diagnostic *diagnostic = finding->diagnostic;
    struct position position = lint_region_in_bytes(&file->input->sources, diagnostic->span).begin;
    struct slice name =
        arena_format(report->arena, "%.*s at %.*s:%u:%u", SLICE_ARGS(diagnostic->label),
                     SLICE_ARGS(finding->path), position.line, position.column);
    fputs("    <testcase", stdout);
    xml_write_attribute(stdout, "name", name);
    xml_write_attribute(stdout, "classname", lint_path(report, file->name));
    xml_write_attribute(stdout, "file", finding->path);
    printf(" line=\"%u\">\n      <%s", position.line, element);
    if (element[0] != 's') {
        xml_write_attribute(stdout, "message", diagnostic->message);
        xml_write_attribute(stdout, "type", diagnostic->label);
    }
    putchar('>');
    print_text(file, finding);
    printf("</%s>\n    </testcase>\n", element);
}

static void print_suite(struct lint_report *report, const struct lint_file *file) {
    struct slice path = lint_path(report, file->name);
    fputs("  <testsuite", stdout);
    xml_write_attribute(stdout, "name", path);
    print_counts(count_cases(file), count_failures(file), file->errors.items.count);
    for (size_t i = 0; i < file->errors.items.count; i++) {
        print_case(report, file, &file->errors.items.items[i], "error");
    }
    for (size_t i = 0; i < file->findings.items.count; i++) {
        const struct lint_finding *finding = &file->findings.items.items[i];
        print_case(report, file, finding, fails(file, finding) ? "failure" : "system-out");
    }
    if (file->errors.items.count + file->findings.items.count == 0) {
        fputs("    <testcase name=\"no findings\"", stdout);
        xml_write_attribute(stdout, "classname", path);
        fputs("/>\n", stdout);
    }
    fputs("  </testsuite>\n", stdout);
}

void lint_print_junit(struct lint_report *report) {
    size_t tests = 0;
    size_t failures = 0;
    size_t errors = 0;
    for (size_t i = 0; i < report->files.count; i++) {
        const struct lint_file *file = report->files.items[i];
        tests += count_cases(file);
        failures += count_failures(file);
        errors += file->errors.items.count;
    }
    fputs("<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n<testsuites name=\"rpc lint\"", stdout);
    print_counts(tests, failures, errors);
    for (size_t i = 0; i < report->files.count; i++) {
        print_suite(report, report->files.items[i]);
    }
    fputs("</testsuites>\n", stdout);
}
