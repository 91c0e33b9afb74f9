/* What a request is: method, fields, addresses, body, files. Each statement is tried on a question
 * of its own when it is read, so that a mistake is reported where it stands, and once. */
#include "cli/suite.h"

typedef const char *set_fact(struct question *question, const struct statement *statement);

static struct slice argument(const struct statement *statement, uint32_t index) {
    return statement_argument(statement, index)->text;
}

static const char *set_method(struct question *question, const struct statement *statement) {
    return question_set_method(question, argument(statement, 0));
}

/* Without a value the field that a block around has is left out. */
static const char *set_header(struct question *question, const struct statement *statement) {
    if (statement_argument_count(statement) < 2) {
        return NULL;
    }
    return question_add_header(question, argument(statement, 0), argument(statement, 1));
}

static const char *set_from(struct question *question, const struct statement *statement) {
    return question_set_from(question, argument(statement, 0));
}

static const char *set_to(struct question *question, const struct statement *statement) {
    return question_set_to(question, argument(statement, 0));
}

static const char *set_body(struct question *question, const struct statement *statement) {
    return question_set_body_size(question, argument(statement, 0));
}

static const char *set_file(struct question *question, const struct statement *statement) {
    for (uint32_t i = 0; i < statement_argument_count(statement); i++) {
        question_add_file(question, argument(statement, i));
    }
    return NULL;
}

static const struct {
    const char *name;
    set_fact *set;
} facts[] = {
    {"method", set_method}, {"header", set_header}, {"from", set_from},
    {"to", set_to},         {"body", set_body},     {"file", set_file},
};

static set_fact *find_fact(const struct statement *statement) {
    for (size_t i = 0; i < sizeof facts / sizeof facts[0]; i++) {
        if (slice_equals(statement_name(statement), slice_from_string(facts[i].name))) {
            return facts[i].set;
        }
    }
    return NULL;
}

static void report(struct suite *suite, const struct word *word, const char *problem) {
    if (problem != NULL) {
        suite_error(suite, DIAGNOSTIC_INVALID_TEST_STATEMENT, word->span, "%s", problem);
    }
}

void suite_check_fact(struct suite *suite, const struct statement *statement) {
    struct question question;
    set_fact *set = find_fact(statement);
    question_init(&question, &suite->arena);
    if (set != NULL) {
        report(suite, statement_argument(statement, 0), set(&question, statement));
    }
}

static bool is_header(const struct statement *statement) {
    return slice_equals(statement_name(statement), SLICE("header"));
}

/* Fields of a name replace those that scopes further out have of it. */
static void apply_scope(struct question *question, const struct suite_scope *scope) {
    if (scope->outer != NULL) {
        apply_scope(question, scope->outer);
    }
    for (size_t i = 0; i < scope->facts.count; i++) {
        if (is_header(scope->facts.items[i])) {
            question_remove_header(question, argument(scope->facts.items[i], 0));
        }
    }
    for (size_t i = 0; i < scope->facts.count; i++) {
        (void)find_fact(scope->facts.items[i])(question, scope->facts.items[i]);
    }
}

void suite_make_question(struct suite *suite, struct suite_request *request) {
    struct question *question = &request->question;
    const struct statement *statement = request->statement;
    uint32_t last = statement_argument_count(statement) - 1;
    const struct word *url = statement_argument(statement, last);
    question_init(question, &suite->arena);
    question_set_prefix(question, suite->prefix);
    apply_scope(question, &request->scope);
    if (last > 0) {
        const struct word *method = statement_argument(statement, 0);
        report(suite, method, question_set_method(question, method->text));
    }
    const char *problem = question_set_url(question, url->text);
    report(suite, url, problem != NULL ? problem : question_check(question));
}
