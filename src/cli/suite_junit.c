/* A JUnit report, as continuous integration reads it: a testsuite for each file of tests, a
 * testcase for each test. How long they took is left out, so that equal runs give equal reports. */
#include "cli/suite.h"
#include "cli/xml_text.h"

#include <stdlib.h>

struct junit {
    FILE *suites; /* the finished ones */
    char *suites_text;
    size_t suites_size;
    FILE *cases; /* of the suite at hand */
    char *cases_text;
    size_t cases_size;
    struct suite_totals all;
    struct suite_totals own; /* of the suite at hand */
    char *document;
    size_t document_size;
};

static FILE *open_text(char **text, size_t *size) {
    FILE *stream = open_memstream(text, size);
    if (stream == NULL) {
        memory_exhausted();
    }
    return stream;
}

static void close_text(FILE *stream) {
    if (fclose(stream) != 0) {
        memory_exhausted();
    }
}

struct junit *junit_create(void) {
    struct junit *junit = calloc(1, sizeof *junit);
    if (junit == NULL) {
        memory_exhausted();
    }
    junit->suites = open_text(&junit->suites_text, &junit->suites_size);
    return junit;
}

void junit_destroy(struct junit *junit) {
    if (junit == NULL) {
        return;
    }
    if (junit->suites != NULL) {
        fclose(junit->suites);
    }
    free(junit->suites_text);
    free(junit->document);
    free(junit);
}

/* --- the report --- */

void junit_begin_suite(struct junit *junit) {
    junit->own = (struct suite_totals){0};
    junit->cases = open_text(&junit->cases_text, &junit->cases_size);
}

static struct slice first_failure(struct suite *suite, const struct suite_result *result) {
    const struct suite_failure *failure = &result->failed.items[0].failures.items[0];
    if (failure->expectation == NULL) {
        return failure->actual;
    }
    struct slice expected = suite_expected(suite, failure->expectation);
    return arena_format(&suite->arena, "expected %.*s, got %.*s", SLICE_ARGS(expected),
                        SLICE_ARGS(failure->actual));
}

static void write_failure(FILE *out, struct suite *suite, const struct suite_result *result) {
    char *text = NULL;
    size_t size = 0;
    FILE *stream = open_text(&text, &size);
    suite_print_failures(stream, suite, result, false);
    close_text(stream);
    fputs("      <failure", out);
    xml_write_attribute(out, "message", first_failure(suite, result));
    fputc('>', out);
    xml_write_text(out, (struct slice){text, size}, false);
    fputs("</failure>\n", out);
    free(text);
}

static void write_place(FILE *out, struct suite *suite, const struct statement *statement) {
    struct span span = statement->span;
    xml_write_attribute(out, "file", suite->sources.all.items[span.source]->name);
    fprintf(out, " line=\"%u\"", source_locate(&suite->sources, span.source, span.begin).line);
}

void junit_add(struct junit *junit, struct suite *suite, const struct suite_result *result) {
    FILE *out = junit->cases;
    junit->own.tests++;
    fputs("    <testcase", out);
    xml_write_attribute(out, "name", result->test->name);
    xml_write_attribute(out, "classname", slice_from_string(suite->path));
    write_place(out, suite, result->test->statement);
    if (result->failed.count == 0) {
        fputs("/>\n", out);
        return;
    }
    junit->own.failed++;
    fputs(">\n", out);
    write_failure(out, suite, result);
    fputs("    </testcase>\n", out);
}

static void write_counts(FILE *out, const struct suite_totals *totals) {
    fprintf(out, " tests=\"%zu\" failures=\"%zu\" errors=\"0\" skipped=\"0\"", totals->tests,
            totals->failed);
}

void junit_end_suite(struct junit *junit, const char *name) {
    close_text(junit->cases);
    fputs("  <testsuite", junit->suites);
    xml_write_attribute(junit->suites, "name", slice_from_string(name));
    write_counts(junit->suites, &junit->own);
    fputs(">\n", junit->suites);
    fwrite(junit->cases_text, 1, junit->cases_size, junit->suites);
    fputs("  </testsuite>\n", junit->suites);
    free(junit->cases_text);
    junit->all.tests += junit->own.tests;
    junit->all.failed += junit->own.failed;
}

struct slice junit_finish(struct junit *junit) {
    FILE *out = open_text(&junit->document, &junit->document_size);
    close_text(junit->suites);
    junit->suites = NULL;
    fputs("<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n<testsuites name=\"rpc test\"", out);
    write_counts(out, &junit->all);
    fputs(">\n", out);
    fwrite(junit->suites_text, 1, junit->suites_size, out);
    fputs("</testsuites>\n", out);
    close_text(out);
    return (struct slice){junit->document, junit->document_size};
}
