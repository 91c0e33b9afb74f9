/* Text to suite: which statement may stand where and with how many words, by the rows of
 * `statements`. All mistakes are reported in one run. */
#include "cli/suite.h"

#include "base/text.h"
#include "syntax/parse.h"

#include <stdarg.h>
#include <string.h>

enum { ERROR_LIMIT = 100, ARENA_CHUNK = 1 << 16, MANY = 1000 };

/* Reads one statement into the scope it stands in. */
struct reader {
    struct suite *suite;
    const struct table *table;
    struct suite_scope *scope;
    struct suite_case *test; /* the one around; NULL outside */
};

typedef void read_statement(struct reader *reader, const struct statement *statement);

static read_statement read_test;
static read_statement read_request;
static read_statement read_fact;
static read_statement read_expect;

enum block_form { NO_BLOCK, MAY_HAVE_BLOCK, HAS_BLOCK };

static const struct row {
    const char *name;
    unsigned contexts;
    uint32_t min; /* words behind the name */
    uint32_t max;
    enum block_form form;
    read_statement *read;
    const char *usage;
} statements[] = {
    {"test", SUITE_FILE, 1, 1, HAS_BLOCK, read_test, "test NAME { ... }"},
    {"request", SUITE_TEST, 1, 2, MAY_HAVE_BLOCK, read_request, "request [METHOD] URL;"},
    {"method", SUITE_FILE | SUITE_TEST | SUITE_REQUEST, 1, 1, NO_BLOCK, read_fact,
     "method METHOD;"},
    {"header", SUITE_FILE | SUITE_TEST | SUITE_REQUEST, 1, 2, NO_BLOCK, read_fact,
     "header NAME [VALUE];"},
    {"from", SUITE_FILE | SUITE_TEST | SUITE_REQUEST, 1, 1, NO_BLOCK, read_fact,
     "from ADDRESS[:PORT];"},
    {"to", SUITE_FILE | SUITE_TEST | SUITE_REQUEST, 1, 1, NO_BLOCK, read_fact, "to ADDRESS:PORT;"},
    {"body", SUITE_FILE | SUITE_TEST | SUITE_REQUEST, 1, 1, NO_BLOCK, read_fact, "body SIZE;"},
    {"file", SUITE_FILE | SUITE_TEST | SUITE_REQUEST, 1, MANY, NO_BLOCK, read_fact,
     "file PATH ...;"},
    {"expect", SUITE_FILE | SUITE_TEST | SUITE_REQUEST, 1, 5, NO_BLOCK, read_expect,
     "expect [not] WHAT [NAME] [[~ | ~*] VALUE];"},
};
enum { STATEMENT_COUNT = sizeof statements / sizeof statements[0] };

struct diagnostic *suite_error(struct suite *suite, enum diagnostic_code code, struct span span,
                               const char *format, ...) {
    struct text text;
    va_list arguments;
    text_init(&text, &suite->arena);
    va_start(arguments, format);
    text_format_list(&text, format, arguments);
    va_end(arguments);
    return diagnostic_error(&suite->diagnostics, code, span, "%s", text_slice(&text).data);
}

struct slice suite_place(struct suite *suite, const struct statement *statement) {
    struct span span = statement->span;
    struct position position = source_locate(&suite->sources, span.source, span.begin);
    struct slice name = suite->sources.all.items[span.source]->name;
    return arena_format(&suite->arena, "%.*s:%u", SLICE_ARGS(name), position.line);
}

/* --- one statement --- */

static const struct row *find_row(struct slice name) {
    for (size_t i = 0; i < STATEMENT_COUNT; i++) {
        if (slice_equals(name, slice_from_string(statements[i].name))) {
            return &statements[i];
        }
    }
    return NULL;
}

static void report_unknown(struct suite *suite, const struct statement *statement) {
    struct slice names[STATEMENT_COUNT];
    struct slice name = statement_name(statement);
    for (size_t i = 0; i < STATEMENT_COUNT; i++) {
        names[i] = slice_from_string(statements[i].name);
    }
    struct diagnostic *diagnostic =
        suite_error(suite, DIAGNOSTIC_UNKNOWN_TEST_STATEMENT, statement->words[0].span,
                    "test files have no statement \"%.*s\"", SLICE_ARGS(name));
    struct slice nearest = nearest_name(name, names, STATEMENT_COUNT);
    if (nearest.size > 0) {
        diagnostic_help(&suite->arena, diagnostic, "did you mean \"%.*s\"?", SLICE_ARGS(nearest));
    }
}

static void report_misplaced(struct suite *suite, const struct statement *statement,
                             const struct row *row) {
    struct diagnostic *diagnostic =
        suite_error(suite, DIAGNOSTIC_MISPLACED_TEST_STATEMENT, statement->words[0].span,
                    "\"%s\" cannot stand here", row->name);
    diagnostic_help(&suite->arena, diagnostic, "%s",
                    row->contexts == SUITE_FILE ? "tests stand in the file, not in one another"
                                                : "put it inside \"test NAME { ... }\"");
}

static bool has_form(struct suite *suite, const struct statement *statement,
                     const struct row *row) {
    uint32_t count = statement_argument_count(statement);
    const char *problem = NULL;
    if (count < row->min) {
        problem = "has too few words";
    } else if (count > row->max) {
        problem = "has too many words";
    } else if (statement->block != NULL && row->form == NO_BLOCK) {
        problem = "takes no block";
    } else if (statement->block == NULL && row->form == HAS_BLOCK) {
        problem = "needs a block";
    }
    if (problem == NULL) {
        return true;
    }
    struct diagnostic *diagnostic =
        suite_error(suite, DIAGNOSTIC_INVALID_TEST_STATEMENT, statement->words[0].span, "\"%s\" %s",
                    row->name, problem);
    diagnostic_help(&suite->arena, diagnostic, "write \"%s\"", row->usage);
    return false;
}

static void read_block(struct reader *reader, struct suite_scope *scope, struct block *block) {
    struct reader inner = *reader;
    struct tree_walk walk = tree_walk_begin(block);
    const struct statement *statement;
    inner.scope = scope;
    while ((statement = tree_walk_next(&walk)) != NULL) {
        const struct row *row = find_row(statement_name(statement));
        if (row == NULL) {
            report_unknown(reader->suite, statement);
        } else if ((row->contexts & scope->context) == 0) {
            report_misplaced(reader->suite, statement, row);
        } else if (has_form(reader->suite, statement, row)) {
            row->read(&inner, statement);
        }
    }
}

/* --- what statements mean --- */

static void read_fact(struct reader *reader, const struct statement *statement) {
    suite_check_fact(reader->suite, statement);
    VECTOR_PUSH(&reader->suite->arena, &reader->scope->facts, statement);
}

static void read_expect(struct reader *reader, const struct statement *statement) {
    struct suite_expectation *expectation =
        suite_read_expectation(reader->suite, statement, reader->table);
    if (expectation != NULL) {
        VECTOR_PUSH(&reader->suite->arena, &reader->scope->expectations, expectation);
    }
}

static void read_request(struct reader *reader, const struct statement *statement) {
    struct suite_request *request = arena_require(&reader->suite->arena, sizeof *request);
    request->scope = (struct suite_scope){.outer = reader->scope, .context = SUITE_REQUEST};
    request->statement = statement;
    if (statement->block != NULL) {
        read_block(reader, &request->scope, statement->block);
    }
    VECTOR_PUSH(&reader->suite->arena, &reader->test->requests, request);
}

static void check_name(struct suite *suite, const struct suite_case *test) {
    struct span span = statement_argument(test->statement, 0)->span;
    for (size_t i = 0; i < suite->cases.count; i++) {
        if (slice_equals(suite->cases.items[i]->name, test->name)) {
            struct diagnostic *diagnostic = suite_error(suite, DIAGNOSTIC_DUPLICATE_TEST, span,
                                                        "there is a test of this name already");
            diagnostic_note(&suite->arena, diagnostic,
                            statement_argument(suite->cases.items[i]->statement, 0)->span,
                            "it is here");
            return;
        }
    }
}

static void read_test(struct reader *reader, const struct statement *statement) {
    struct suite *suite = reader->suite;
    struct suite_case *test = arena_require(&suite->arena, sizeof *test);
    struct reader inner = *reader;
    test->scope = (struct suite_scope){.outer = reader->scope, .context = SUITE_TEST};
    test->statement = statement;
    test->name = statement_argument(statement, 0)->text;
    check_name(suite, test);
    inner.test = test;
    read_block(&inner, &test->scope, statement->block);
    VECTOR_PUSH(&suite->arena, &suite->cases, test);
}

/* --- the whole --- */

static size_t count_expectations(const struct suite_scope *scope) {
    size_t count = 0;
    for (; scope != NULL; scope = scope->outer) {
        count += scope->expectations.count;
    }
    return count;
}

/* A test that cannot fail is a mistake. */
static void check_test(struct suite *suite, const struct suite_case *test) {
    struct span span = test->statement->words[0].span;
    if (test->requests.count == 0) {
        suite_error(suite, DIAGNOSTIC_EMPTY_TEST, span, "this test makes no request");
    }
    for (size_t i = 0; i < test->requests.count; i++) {
        struct suite_request *request = test->requests.items[i];
        if (count_expectations(&request->scope) == 0) {
            suite_error(suite, DIAGNOSTIC_EMPTY_TEST, request->statement->words[0].span,
                        "nothing is expected of this request");
        }
    }
}

static void make_questions(struct suite *suite) {
    for (size_t i = 0; i < suite->cases.count; i++) {
        struct suite_case *test = suite->cases.items[i];
        for (size_t k = 0; k < test->requests.count; k++) {
            suite_make_question(suite, test->requests.items[k]);
        }
    }
}

/* What is missing is said only when nothing else was wrong: it may be what was. */
static void check_tests(struct suite *suite) {
    if (suite->diagnostics.error_count > 0) {
        return;
    }
    if (suite->cases.count == 0) {
        suite_error(suite, DIAGNOSTIC_EMPTY_TEST, suite->tree.root->open,
                    "there is no test in this file");
    }
    for (size_t i = 0; i < suite->cases.count; i++) {
        check_test(suite, suite->cases.items[i]);
    }
}

static void print_diagnostics(struct suite *suite) {
    bool colour = cli_wants_colour(stderr);
    diagnostic_sort(suite->diagnostics.all.items, suite->diagnostics.all.count);
    fflush(stdout);
    for (size_t i = 0; i < suite->diagnostics.all.count; i++) {
        diagnostic_print(stderr, &suite->sources, suite->diagnostics.all.items[i], colour);
    }
}

void suite_init(struct suite *suite, const char *path, const char *prefix) {
    *suite = (struct suite){.path = path, .prefix = prefix, .scope = {.context = SUITE_FILE}};
    arena_init(&suite->arena, ARENA_CHUNK);
    source_set_init(&suite->sources, &suite->arena);
    diagnostic_list_init(&suite->diagnostics, &suite->arena);
    suite->diagnostics.limit = ERROR_LIMIT;
}

bool suite_build(struct suite *suite, const struct table *table) {
    struct reader reader = {suite, table, &suite->scope, NULL};
    read_block(&reader, &suite->scope, suite->tree.root);
    make_questions(suite);
    check_tests(suite);
    return suite->diagnostics.error_count == 0;
}

enum outcome suite_read(struct suite *suite, const struct command *command, const char *path,
                        const struct table *table, const char *prefix) {
    struct parse_options options = {0};
    suite_init(suite, path, prefix);
    int error = parse_file(&suite->arena, &suite->sources, &suite->diagnostics, path, &options,
                           &suite->tree);
    if (error != 0) {
        return cli_error(command, "cannot read %s: %s",
                         strcmp(path, "-") == 0 ? "standard input" : path, strerror(error));
    }
    bool is_understood = suite_build(suite, table);
    print_diagnostics(suite);
    return is_understood ? OUTCOME_CLEAN : OUTCOME_INPUT;
}

void suite_release(struct suite *suite) {
    arena_release(&suite->arena);
}
