/* What a test did not find as expected, for people: expected and actual beside each other, and the
 * steps that led there. */
#include "cli/suite.h"

#include "syntax/glyph.h"

static const char colour_bold[] = "\033[1m";
static const char colour_expected[] = "\033[31m";
static const char colour_actual[] = "\033[32m";
static const char colour_off[] = "\033[0m";

struct printer {
    FILE *out;
    struct suite *suite;
    bool colour;
};

static void print_line(const struct printer *printer, const char *colour, const char *before,
                       struct slice text) {
    fputs(printer->colour ? colour : "", printer->out);
    fputs(before, printer->out);
    glyph_print(printer->out, text);
    fputs(printer->colour ? colour_off : "", printer->out);
}

static void print_place(const struct printer *printer, const struct statement *statement) {
    fputs("  (", printer->out);
    glyph_print(printer->out, suite_place(printer->suite, statement));
    fputs(")\n", printer->out);
}

static void print_failure(const struct printer *printer, const struct suite_failure *failure) {
    if (failure->expectation == NULL) {
        print_line(printer, colour_expected, "    ", failure->actual);
        fputc('\n', printer->out);
        return;
    }
    print_line(printer, colour_expected, "    - ",
               suite_expected(printer->suite, failure->expectation));
    print_place(printer, suite_expectation_statement(failure->expectation));
    print_line(printer, colour_actual, "    + ", failure->actual);
    fputc('\n', printer->out);
}

static void print_request(const struct printer *printer,
                          const struct suite_failed_request *failed) {
    const struct question *question = &failed->request->question;
    unsigned shows = 0;
    fputs("  ", printer->out);
    glyph_print(printer->out, question->method);
    fputc(' ', printer->out);
    glyph_print(printer->out, question->url);
    print_place(printer, failed->request->statement);
    for (size_t i = 0; i < failed->failures.count; i++) {
        const struct suite_failure *failure = &failed->failures.items[i];
        print_failure(printer, failure);
        shows |= failure->expectation != NULL ? suite_shows(failure->expectation) : 0;
    }
    if (failed->route != NULL) {
        route_print_briefly(printer->out, failed->route, "      ", printer->colour,
                            (shows & SUITE_SHOWS_BACKEND) != 0,
                            (shows & SUITE_SHOWS_RESPONSE) != 0);
    }
}

void suite_print_passed(FILE *out, struct suite *suite, const struct suite_result *result,
                        bool colour) {
    struct printer printer = {out, suite, colour};
    print_line(&printer, colour_actual, "", SLICE("passed"));
    print_line(&printer, "", " ", result->test->name);
    print_place(&printer, result->test->statement);
}

void suite_print_failures(FILE *out, struct suite *suite, const struct suite_result *result,
                          bool colour) {
    struct printer printer = {out, suite, colour};
    fputs(colour ? colour_expected : "", out);
    fputs("FAILED", out);
    fputs(colour ? colour_off : "", out);
    print_line(&printer, colour_bold, " ", result->test->name);
    print_place(&printer, result->test->statement);
    for (size_t i = 0; i < result->failed.count; i++) {
        print_request(&printer, &result->failed.items[i]);
    }
}
