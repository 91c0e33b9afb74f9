/* match: what answers to health checks have to be like. A line each for statuses, header fields and
 * the body; all of them have to hold. */
#include "model/reading.h"

bool model_set_match_block(const struct setter_call *call) {
    struct model *model = call->model;
    const struct word *word = statement_argument(call->statement, 0);
    struct health_match *match = arena_require(model->arena, sizeof *match);
    match->statement = call->statement;
    match->name = word->text;
    struct health_match *first = map_insert(&model->reading->matches, match->name, match);
    if (first != match) {
        struct diagnostic *diagnostic =
            diagnostic_error(model->diagnostics, DIAGNOSTIC_DUPLICATE_MATCH, word->span,
                             "duplicate match \"%.*s\"", SLICE_ARGS(match->name));
        diagnostic_note(model->arena, diagnostic, first->statement->words[1].span,
                        "first given here");
        diagnostic_help(model->arena, diagnostic, "give one of them another name");
    }
    struct scope inner = build_inner_scope(call->scope, call->statement, C_MATCH);
    inner.match = match;
    inner.settings = NULL;
    build_block(model, &inner, call->statement->block);
    return true;
}

/* --- status --- */

static bool read_status(struct slice text, uint32_t *status) {
    uint64_t number;
    if (text.size != 3 || !slice_parse_u64(text, 999, &number) || number < 100) {
        return false;
    }
    *status = (uint32_t)number;
    return true;
}

static bool add_range(const struct setter_call *call, const struct word *word) {
    size_t dash = slice_find_byte(word->text, '-');
    struct status_range range;
    bool is_range = dash < word->text.size;
    if (!read_status(slice_take(word->text, dash), &range.first) ||
        !read_status(is_range ? slice_skip(word->text, dash + 1) : word->text, &range.last) ||
        range.last < range.first) {
        return reject_invalid(
            call, DIAGNOSTIC_INVALID_VALUE, word, "status",
            "write statuses such as 200 or ranges such as 301-303, behind a \"!\" and a "
            "space those that are wrong");
    }
    VECTOR_PUSH(call->model->arena, &call->scope->match->statuses, range);
    return true;
}

bool model_set_match_status(const struct setter_call *call) {
    struct health_match *match = call->scope->match;
    if (match->status != NULL) {
        structure_report_duplicate(call->model, call->statement, match->status);
        return false;
    }
    match->status = call->statement;
    uint32_t count = statement_argument_count(call->statement);
    match->is_status_negated =
        slice_equals(statement_argument(call->statement, 0)->text, SLICE("!"));
    uint32_t first = match->is_status_negated ? 1 : 0;
    if (first == count) {
        return reject_invalid(call, DIAGNOSTIC_INVALID_VALUE,
                              statement_argument(call->statement, 0), "status",
                              "write which statuses are wrong: status ! 500;");
    }
    for (uint32_t i = first; i < count; i++) {
        if (!add_range(call, statement_argument(call->statement, i))) {
            return false;
        }
    }
    return true;
}

/* --- header --- */

static const struct {
    struct slice word;
    enum table_match_test test;
} operators[] = {
    {SLICE_INIT("="), TABLE_MATCH_EQUAL},
    {SLICE_INIT("!="), TABLE_MATCH_DIFFERENT},
    {SLICE_INIT("~"), TABLE_MATCH_MATCHING},
    {SLICE_INIT("!~"), TABLE_MATCH_UNMATCHING},
};

static bool find_operator(struct slice text, enum table_match_test *test) {
    for (size_t i = 0; i < sizeof operators / sizeof operators[0]; i++) {
        if (slice_equals(text, operators[i].word)) {
            *test = operators[i].test;
            return true;
        }
    }
    return false;
}

static bool read_comparison(const struct setter_call *call, struct header_test *test) {
    const struct word *operation = statement_argument(call->statement, 1);
    const struct word *value = statement_argument(call->statement, 2);
    if (!find_operator(operation->text, &test->test)) {
        return reject_invalid(call, DIAGNOSTIC_INVALID_VALUE, operation, "operator",
                              "write \"=\", \"!=\", \"~\" or \"!~\"");
    }
    if (test->test == TABLE_MATCH_EQUAL || test->test == TABLE_MATCH_DIFFERENT) {
        test->value = value->text;
        return true;
    }
    test->regex = regex_create(call->model, call->statement, value, 0, false, NULL);
    return test->regex != NULL;
}

/* A field of another name never arrives. `!` may begin one, but was hardly meant to. */
static bool check_name(const struct setter_call *call, const struct word *name) {
    struct slice rest = slice_skip(name->text, 1);
    if (!slice_starts_with(name->text, SLICE("!"))) {
        return values_is_token(name->text) ||
               reject_word(call, DIAGNOSTIC_INVALID_VALUE, name,
                           "a field's name holds letters, digits and some of #$%&'*+-.^_`|~",
                           "\"%.*s\" is not the name of a header field", SLICE_ARGS(name->text));
    }
    struct slice help =
        values_is_token(rest)
            ? arena_format(call->model->arena, "write \"header ! %.*s;\"", SLICE_ARGS(rest))
            : SLICE("write \"header ! NAME;\"");
    return reject_word(call, DIAGNOSTIC_INVALID_VALUE, name, help.data,
                       "\"%.*s\" is not the name of a header field", SLICE_ARGS(name->text));
}

/* NAME, ! NAME, or NAME OPERATOR VALUE. */
static bool read_header(const struct setter_call *call, struct header_test *test) {
    const struct word *first = statement_argument(call->statement, 0);
    bool is_absence = slice_equals(first->text, SLICE("!"));
    const struct word *name =
        is_absence && statement_argument_count(call->statement) > 1 ? first + 1 : first;
    test->name = name->text;
    if (!check_name(call, name)) {
        return false;
    }
    switch (statement_argument_count(call->statement)) {
    case 1:
        test->test = TABLE_MATCH_PRESENT;
        return true;
    case 2:
        test->test = TABLE_MATCH_ABSENT;
        return is_absence ||
               reject_invalid(
                   call, DIAGNOSTIC_INVALID_VALUE, first, "line",
                   "write \"header NAME;\", \"header ! NAME;\" or \"header NAME = TEXT;\"");
    default:
        return read_comparison(call, test);
    }
}

bool model_set_match_header(const struct setter_call *call) {
    struct header_test test = {0};
    if (!read_header(call, &test)) {
        return false;
    }
    VECTOR_PUSH(call->model->arena, &call->scope->match->headers, test);
    return true;
}

/* --- body --- */

bool model_set_match_body(const struct setter_call *call) {
    const struct word *operation = statement_argument(call->statement, 0);
    const struct word *pattern = statement_argument(call->statement, 1);
    struct body_test test = {.is_negated = slice_equals(operation->text, SLICE("!~"))};
    if (!test.is_negated && !slice_equals(operation->text, SLICE("~"))) {
        return reject_invalid(call, DIAGNOSTIC_INVALID_VALUE, operation, "operator",
                              "write \"~\" or \"!~\"");
    }
    test.regex = regex_create(call->model, call->statement, pattern, 0, false, NULL);
    if (test.regex == NULL) {
        return false;
    }
    VECTOR_PUSH(call->model->arena, &call->scope->match->bodies, test);
    return true;
}
