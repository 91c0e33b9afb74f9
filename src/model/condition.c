/* if and limit_except: blocks that hold for some requests only. They are modelled as nameless
 * locations, for the checks; compile refuses them. */
#include "model/reading.h"

static bool reject_condition(struct model *model, struct span span, const char *problem,
                             const char *help) {
    struct diagnostic *diagnostic =
        diagnostic_error(model->diagnostics, DIAGNOSTIC_INVALID_VALUE, span, "%s", problem);
    diagnostic_help(model->arena, diagnostic, "%s", help);
    return false;
}

/* The words between the parentheses, which nginx strips off the first and the last word. */
struct condition {
    const struct statement *statement;
    struct word words[3];
    uint32_t count;
};

static struct word strip(struct model *model, const struct word *word, size_t begin, size_t end) {
    struct word stripped = *word;
    stripped.text = slice_skip(slice_take(word->text, end), begin);
    stripped.span = word_span(model, word, begin, end);
    stripped.quote = QUOTE_NONE;
    return stripped;
}

#define CONDITION_HELP                                                                             \
    "write if ($variable), if ($variable = value), if ($variable ~ regex) or if (-f file)"

static bool parse_words(struct model *model, const struct statement *statement,
                        struct condition *condition) {
    uint32_t count = statement_argument_count(statement);
    const struct word *first = statement_argument(statement, 0);
    const struct word *last = statement_argument(statement, count - 1);
    condition->statement = statement;
    if (first->text.size == 0 || first->text.data[0] != '(' || last->text.size == 0 ||
        last->text.data[last->text.size - 1] != ')' || (count == 1 && first->text.size < 3)) {
        return reject_condition(model, span_join(first->span, last->span),
                                "the condition of \"if\" stands between parentheses",
                                CONDITION_HELP);
    }
    for (uint32_t i = 0; i < count; i++) {
        const struct word *word = statement_argument(statement, i);
        size_t begin = i == 0 ? 1 : 0;
        size_t end = word->text.size - (i == count - 1 ? 1 : 0);
        /* "( $a = b )": the parentheses are words of their own. */
        if (begin >= end && (i == 0 || i == count - 1)) {
            continue;
        }
        if (condition->count == 3) {
            return reject_condition(model, word->span, "the condition of \"if\" has too many words",
                                    "put a value with spaces between quotes");
        }
        condition->words[condition->count++] = strip(model, word, begin, end);
    }
    return condition->count > 0 ||
           reject_condition(model, span_join(first->span, last->span),
                            "the condition of \"if\" is empty", CONDITION_HELP);
}

static bool is_one_of(struct slice text, const struct slice *choices, size_t count) {
    for (size_t i = 0; i < count; i++) {
        if (slice_equals(text, choices[i])) {
            return true;
        }
    }
    return false;
}

static bool check_comparison(struct model *model, const struct condition *condition,
                             const struct template *subject) {
    const struct slice equalities[] = {SLICE("="), SLICE("!=")};
    const struct slice matches[] = {SLICE("~"), SLICE("~*"), SLICE("!~"), SLICE("!~*")};
    const struct word *operator_word = &condition->words[1];
    if (condition->count == 3 && is_one_of(operator_word->text, equalities, 2)) {
        const struct word *value = &condition->words[2];
        (void)template_parse(model, value, value->text, 0);
        return true;
    }
    if (condition->count == 3 && is_one_of(operator_word->text, matches, 4)) {
        bool ignore_case = slice_ends_with(operator_word->text, SLICE("*"));
        return regex_create(model, condition->statement, &condition->words[2], 0, ignore_case,
                            subject) != NULL;
    }
    return reject_condition(model, operator_word->span,
                            "unexpected operator in the condition of \"if\"",
                            "the operators are =, !=, ~, ~*, !~ and !~*");
}

static bool check_condition(struct model *model, struct condition *condition) {
    const struct slice file_tests[] = {SLICE("-f"), SLICE("!-f"), SLICE("-d"), SLICE("!-d"),
                                       SLICE("-e"), SLICE("!-e"), SLICE("-x"), SLICE("!-x")};
    const struct word *first = &condition->words[0];
    if (slice_starts_with(first->text, SLICE("$"))) {
        struct template subject = template_parse(model, first, first->text, 0);
        return condition->count == 1 || check_comparison(model, condition, &subject);
    }
    if (condition->count == 2 && is_one_of(first->text, file_tests, 8)) {
        (void)template_parse(model, &condition->words[1], condition->words[1].text, 0);
        return true;
    }
    return reject_condition(model, first->span,
                            "the condition of \"if\" begins neither with a variable nor with a "
                            "file test",
                            CONDITION_HELP);
}

/* Reads the block as a nameless location inside what is around it. */
static void read_block(const struct setter_call *call, uint32_t context) {
    struct model *model = call->model;
    struct location *location = location_create(model, call->scope, call->statement);
    location->is_condition = true;
    if (location->parent != NULL) {
        VECTOR_PUSH(model->arena, &location->parent->nested, location);
    } else {
        VECTOR_PUSH(model->arena, &location->server->conditions, location);
    }
    struct scope inner = build_inner_scope(call->scope, call->statement, context);
    inner.settings = location->settings;
    inner.location = location;
    inner.rewrite = &location->rewrite;
    build_block(model, &inner, call->statement->block);
}

bool model_set_if_block(const struct setter_call *call) {
    struct model *model = call->model;
    refuse(model, call->statement, call->statement->words[0].span, "directive \"if\"");
    struct condition *condition = arena_require(model->arena, sizeof *condition);
    bool is_right =
        parse_words(model, call->statement, condition) && check_condition(model, condition);
    bool is_in_server = call->scope->context == C_SERVER;
    read_block(call, is_in_server ? C_IF_SERVER : C_IF_LOCATION);
    return is_right;
}

static const struct slice methods[] = {
    SLICE_INIT("GET"),     SLICE_INIT("HEAD"),     SLICE_INIT("POST"),      SLICE_INIT("PUT"),
    SLICE_INIT("DELETE"),  SLICE_INIT("MKCOL"),    SLICE_INIT("COPY"),      SLICE_INIT("MOVE"),
    SLICE_INIT("OPTIONS"), SLICE_INIT("PROPFIND"), SLICE_INIT("PROPPATCH"), SLICE_INIT("LOCK"),
    SLICE_INIT("UNLOCK"),  SLICE_INIT("PATCH"),
};

#define METHOD_COUNT (sizeof methods / sizeof methods[0])

static bool check_method(struct model *model, const struct word *word) {
    for (size_t i = 0; i < METHOD_COUNT; i++) {
        if (slice_equals_nocase(word->text, methods[i])) {
            return true;
        }
    }
    struct diagnostic *diagnostic =
        diagnostic_error(model->diagnostics, DIAGNOSTIC_INVALID_VALUE, word->span,
                         "invalid method \"%.*s\"", SLICE_ARGS(word->text));
    struct slice nearest = nearest_name(word->text, methods, METHOD_COUNT);
    if (nearest.size > 0) {
        diagnostic_help(model->arena, diagnostic, "write \"%.*s\"", SLICE_ARGS(nearest));
    }
    return false;
}

bool model_set_limit_except_block(const struct setter_call *call) {
    struct model *model = call->model;
    refuse(model, call->statement, call->statement->words[0].span, "directive \"limit_except\"");
    bool is_right = true;
    for (uint32_t i = 0; i < statement_argument_count(call->statement); i++) {
        is_right &= check_method(model, statement_argument(call->statement, i));
    }
    read_block(call, C_LIMIT_EXCEPT);
    return is_right;
}
