/* A file of tests: requests, and what is expected of their routes. The language is that of
 * configurations, statements and blocks; docs/testing.md describes it.
 *
 *   suite_read.c    text to suite, with every mistake in it
 *   suite_fact.c    what a request is: statements that say something of it
 *   suite_expect.c  an expectation, and whether a route meets it; suite_subject.c: of what
 *   suite_run.c     asks for each request and collects what was not met
 *   suite_text.c    and suite_junit.c print that
 */
#ifndef CLI_SUITE_H
#define CLI_SUITE_H

#include "cli/cli.h"
#include "cli/route.h"
#include "syntax/tree.h"

/* Where statements may stand. */
enum suite_context { SUITE_FILE = 1, SUITE_TEST = 2, SUITE_REQUEST = 4 };

struct suite_expectation;

/* What the statements of one block say; blocks inside it inherit it. */
struct suite_scope {
    const struct suite_scope *outer; /* NULL for the file */
    enum suite_context context;
    VECTOR_OF(const struct statement *) facts;
    VECTOR_OF(struct suite_expectation *) expectations;
};

struct suite_request {
    struct suite_scope scope;
    const struct statement *statement;
    struct question question;
};

struct suite_case {
    struct suite_scope scope;
    const struct statement *statement;
    struct slice name;
    VECTOR_OF(struct suite_request *) requests;
};

struct suite {
    struct arena arena; /* owns everything below */
    struct source_set sources;
    struct diagnostic_list diagnostics;
    struct tree tree;
    const char *path;
    const char *prefix; /* of the site; may be NULL */
    struct suite_scope scope;
    VECTOR_OF(struct suite_case *) cases;
};

/* FILE:LINE of a statement. */
struct slice suite_place(struct suite *suite, const struct statement *statement);

/* --- suite_read.c --- */

/* Reads a file of tests for a table; `prefix` is rpcd's, or NULL. OUTCOME_FAILED or OUTCOME_INPUT
 * after saying what is wrong. To be released in any case. */
enum outcome suite_read(struct suite *suite, const struct command *command, const char *path,
                        const struct table *table, const char *prefix);

/* The two halves of it, for text that is there already: the caller parses into suite->tree between
 * them. False when there are errors in suite->diagnostics. */
void suite_init(struct suite *suite, const char *path, const char *prefix);
bool suite_build(struct suite *suite, const struct table *table);

void suite_release(struct suite *suite);

/* An error at a word of a statement. */
__attribute__((format(printf, 4, 5))) struct diagnostic *suite_error(struct suite *suite,
                                                                     enum diagnostic_code code,
                                                                     struct span span,
                                                                     const char *format, ...);

/* --- suite_fact.c --- */

/* Checks a statement that says something of requests. */
void suite_check_fact(struct suite *suite, const struct statement *statement);

/* The question of a request: the facts of all scopes from the outermost in. */
void suite_make_question(struct suite *suite, struct suite_request *request);

/* --- suite_expect.c --- */

/* An `expect` statement, or NULL after an error. */
struct suite_expectation *suite_read_expectation(struct suite *suite,
                                                 const struct statement *statement,
                                                 const struct table *table);

const struct statement *suite_expectation_statement(const struct suite_expectation *expectation);

/* Whether the route does what is expected; else `actual` says what it does instead, in the same
 * notation. */
bool suite_is_met(const struct suite_expectation *expectation, struct route *route,
                  struct slice *actual);

/* The expectation as it was written, behind the word `expect`. */
struct slice suite_expected(struct suite *suite, const struct suite_expectation *expectation);

/* Parts of a route that explain why it is not met, besides the steps. */
enum { SUITE_SHOWS_BACKEND = 1, SUITE_SHOWS_RESPONSE = 2 };
unsigned suite_shows(const struct suite_expectation *expectation);

/* --- suite_run.c --- */

struct suite_failure {
    const struct suite_expectation *expectation; /* NULL: the request did not get anywhere */
    struct slice actual;                         /* or why it did not */
};

/* A request some of whose expectations were not met. */
struct suite_failed_request {
    const struct suite_request *request;
    struct route *route; /* NULL: it did not get anywhere */
    VECTOR_OF(struct suite_failure) failures;
};

struct suite_result {
    const struct suite_case *test;
    VECTOR_OF(struct suite_failed_request) failed;
};

struct suite_totals {
    size_t tests;
    size_t requests;
    size_t expectations;
    size_t failed; /* tests */
};

/* Told of each test as it is done; what it points to lives in an arena that is emptied then. */
struct suite_listener {
    void (*done)(void *owner, struct suite *suite, const struct suite_result *result);
    void *owner;
};

void suite_run(struct suite *suite, struct engine *engine, const struct suite_listener *listeners,
               size_t listener_count, struct suite_totals *totals);

/* --- suite_text.c --- */

/* One line. */
void suite_print_passed(FILE *out, struct suite *suite, const struct suite_result *result,
                        bool colour);

/* All failures of a test. */
void suite_print_failures(FILE *out, struct suite *suite, const struct suite_result *result,
                          bool colour);

/* --- suite_junit.c --- */

/* A JUnit report while it grows; one suite for each file of tests. */
struct junit;
struct junit *junit_create(void);
void junit_begin_suite(struct junit *junit);
void junit_add(struct junit *junit, struct suite *suite, const struct suite_result *result);
void junit_end_suite(struct junit *junit, const char *name);

/* The finished document, to be freed by junit_destroy. */
struct slice junit_finish(struct junit *junit);
void junit_destroy(struct junit *junit);

#endif
