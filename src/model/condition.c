/* if: its condition, and its block as a location without a name of its own, which holds for the
 * requests that meet the condition. */
#include "model/reading.h"

static bool reject_condition(struct model *model, struct span span, const char *problem,
                             const char *help) {
    struct diagnostic *diagnostic =
        diagnostic_error(model->diagnostics, DIAGNOSTIC_INVALID_VALUE, span, "%s", problem);
    diagnostic_help(model->arena, diagnostic, "%s", help);
    return false;
}

/* The words between the parentheses, which nginx strips off the first and the last word. */
struct condition_words {
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

/* Whether a word is what other languages join conditions by. */
static bool joins_conditions(struct slice text) {
    static const struct slice words[] = {SLICE_INIT("&&"), SLICE_INIT("||"), SLICE_INIT("and"),
                                         SLICE_INIT("or")};
    for (size_t i = 0; i < sizeof words / sizeof words[0]; i++) {
        if (slice_equals_nocase(text, words[i])) {
            return true;
        }
    }
    return false;
}

static bool reject_part(struct model *model, const struct word *word) {
    if (joins_conditions(word->text)) {
        return reject_condition(model, word->span, "\"if\" has a single condition",
                                "put what is to be tested together: set $both \"$a:$b\"; "
                                "if ($both = \"x:y\"), or use a map");
    }
    return reject_condition(model, word->span, "the condition of \"if\" has too many words",
                            "put a value with spaces between quotes");
}

static bool reject_parentheses(struct model *model, const struct statement *statement,
                               struct span span) {
    if (structure_is_cut_by_brace(statement)) {
        return reject_condition(model, span, "the condition of \"if\" is cut off by \"{\"",
                                "put a regular expression with \"{\" in it between quotes");
    }
    return reject_condition(model, span, "the condition of \"if\" stands between parentheses",
                            CONDITION_HELP);
}

static bool parse_words(struct model *model, const struct statement *statement,
                        struct condition_words *condition) {
    uint32_t count = statement_argument_count(statement);
    const struct word *first = statement_argument(statement, 0);
    const struct word *last = statement_argument(statement, count - 1);
    struct span whole = span_join(first->span, last->span);
    condition->statement = statement;
    if (!slice_starts_with(first->text, SLICE("(")) || !slice_ends_with(last->text, SLICE(")"))) {
        return reject_parentheses(model, statement, whole);
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
            return reject_part(model, word);
        }
        condition->words[condition->count++] = strip(model, word, begin, end);
    }
    return condition->count > 0 ||
           reject_condition(model, whole, "the condition of \"if\" is empty", CONDITION_HELP);
}

/* What to write instead of a subject that is no single variable. */
static void help_subject(struct model *model, struct slice text, const struct template *subject,
                         struct diagnostic *diagnostic) {
    bool is_single = subject->parts.count == 1 && subject->parts.items[0].kind != PART_TEXT;
    if (is_single && text.data[1] == '{') {
        diagnostic_help(model->arena, diagnostic, "write \"$%.*s\", without braces",
                        SLICE_ARGS(subject->parts.items[0].text));
    } else if (slice_ends_with(text, SLICE(")"))) {
        diagnostic_help(model->arena, diagnostic, "there is a \")\" too many");
    } else {
        diagnostic_help(model->arena, diagnostic,
                        "put the text into a variable before: set $name \"%.*s\"; if ($name ...)",
                        SLICE_ARGS(text));
    }
}

/* nginx looks up the whole word as one variable's name, and knows none called 1 to 9. */
static bool read_subject(struct model *model, const struct word *word, struct template *subject) {
    *subject = template_parse(model, word, word->text, 0);
    if (subject->parts.count == 1 && subject->parts.items[0].kind != PART_CAPTURE &&
        word->text.data[1] != '{') {
        return true;
    }
    struct diagnostic *diagnostic = diagnostic_error(
        model->diagnostics, DIAGNOSTIC_INVALID_VALUE, word->span,
        "the condition of \"if\" tests one variable, not \"%.*s\"", SLICE_ARGS(word->text));
    help_subject(model, word->text, subject, diagnostic);
    return false;
}

static const struct {
    struct slice text;
    enum condition_kind kind;
    bool is_negated;
    bool ignore_case;
} comparisons[] = {
    {SLICE_INIT("="), CONDITION_EQUAL, false, false},
    {SLICE_INIT("!="), CONDITION_EQUAL, true, false},
    {SLICE_INIT("~"), CONDITION_REGEX, false, false},
    {SLICE_INIT("~*"), CONDITION_REGEX, false, true},
    {SLICE_INIT("!~"), CONDITION_REGEX, true, false},
    {SLICE_INIT("!~*"), CONDITION_REGEX, true, true},
};

#define COMPARISON_COUNT (sizeof comparisons / sizeof comparisons[0])

/* How other languages write them. */
static const struct {
    struct slice text;
    const char *help;
} slips[] = {
    {SLICE_INIT("=="), "write \"=\""},   {SLICE_INIT("==="), "write \"=\""},
    {SLICE_INIT("eq"), "write \"=\""},   {SLICE_INIT("is"), "write \"=\""},
    {SLICE_INIT("ne"), "write \"!=\""},  {SLICE_INIT("<>"), "write \"!=\""},
    {SLICE_INIT("!=="), "write \"!=\""}, {SLICE_INIT("=~"), "write \"~\""},
    {SLICE_INIT("=~*"), "write \"~*\""}, {SLICE_INIT("!=~"), "write \"!~\""},
    {SLICE_INIT("*~"), "write \"~*\""},
};

static bool reject_operator(struct model *model, const struct condition_words *words) {
    const struct word *word = &words->words[1];
    if (joins_conditions(word->text)) {
        return reject_part(model, word);
    }
    for (size_t i = 0; i < COMPARISON_COUNT; i++) {
        if (words->count == 2 && slice_equals(comparisons[i].text, word->text)) {
            return reject_condition(model, word->span,
                                    "the condition of \"if\" has no second value",
                                    "write \"\" to compare with an empty text");
        }
    }
    const char *help = "the operators are =, !=, ~, ~*, !~ and !~*";
    for (size_t i = 0; i < sizeof slips / sizeof slips[0]; i++) {
        if (slice_equals(slips[i].text, word->text)) {
            help = slips[i].help;
        }
    }
    return reject_condition(model, word->span, "unexpected operator in the condition of \"if\"",
                            help);
}

static bool read_comparison(struct model *model, const struct condition_words *words,
                            struct condition *condition) {
    for (size_t i = 0; words->count == 3 && i < COMPARISON_COUNT; i++) {
        const struct word *value = &words->words[2];
        if (!slice_equals(comparisons[i].text, words->words[1].text)) {
            continue;
        }
        condition->kind = comparisons[i].kind;
        condition->is_negated = comparisons[i].is_negated;
        if (condition->kind == CONDITION_EQUAL) {
            condition->value = template_parse(model, value, value->text, 0);
            return true;
        }
        condition->regex = regex_create(model, words->statement, value, 0,
                                        comparisons[i].ignore_case, &condition->subject);
        return condition->regex != NULL;
    }
    return reject_operator(model, words);
}

/* -f and the like, perhaps behind a '!'. */
static bool find_file_test(struct slice text, enum table_file_test *test) {
    static const char letters[TABLE_file_test_COUNT] = {
        [TABLE_FILE_REGULAR] = 'f',
        [TABLE_FILE_DIRECTORY] = 'd',
        [TABLE_FILE_EXISTS] = 'e',
        [TABLE_FILE_EXECUTABLE] = 'x',
    };
    struct slice rest = slice_skip(text, slice_starts_with(text, SLICE("!")) ? 1 : 0);
    if (rest.size != 2 || rest.data[0] != '-') {
        return false;
    }
    for (size_t i = 0; i < TABLE_file_test_COUNT; i++) {
        if (letters[i] == rest.data[1]) {
            *test = (enum table_file_test)i;
            return true;
        }
    }
    return false;
}

/* A condition that begins with neither. */
static bool reject_beginning(struct model *model, const struct condition_words *words) {
    const struct word *first = &words->words[0];
    enum table_file_test test;
    if (find_file_test(first->text, &test)) {
        return reject_condition(model, first->span, "a test of a file takes the file's name alone",
                                words->count == 1
                                    ? "write the name behind it: if (-f $request_filename)"
                                    : "put a name with spaces between quotes");
    }
    if (slice_equals(first->text, SLICE("!"))) {
        return reject_condition(model, first->span, "\"!\" stands right before what it negates",
                                "write !-f, !=, !~ or !~* in one word");
    }
    if (slice_starts_with(first->text, SLICE("-")) || slice_starts_with(first->text, SLICE("!-"))) {
        return reject_condition(model, first->span, "there is no such test of a file",
                                "the tests are -f, -d, -e and -x, and !-f and so on");
    }
    bool is_quoted =
        slice_starts_with(first->text, SLICE("\"$")) || slice_starts_with(first->text, SLICE("'$"));
    return reject_condition(model, first->span,
                            "the condition of \"if\" begins neither with a variable nor with a "
                            "file test",
                            is_quoted ? "write the variable without quotes" : CONDITION_HELP);
}

static bool read_condition(struct model *model, const struct condition_words *words,
                           struct condition *condition) {
    const struct word *first = &words->words[0];
    if (slice_starts_with(first->text, SLICE("$")) && first->text.size > 1) {
        return read_subject(model, first, &condition->subject) &&
               (words->count == 1 || read_comparison(model, words, condition));
    }
    if (words->count == 2 && find_file_test(first->text, &condition->test)) {
        const struct word *file = &words->words[1];
        condition->kind = CONDITION_FILE;
        condition->is_negated = first->text.data[0] == '!';
        condition->subject = template_parse(model, file, file->text, 0);
        return true;
    }
    return reject_beginning(model, words);
}

struct location *condition_read_block(const struct setter_call *call, uint32_t context) {
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
    return location;
}

bool model_set_if_block(const struct setter_call *call) {
    struct model *model = call->model;
    struct condition_words words = {0};
    struct condition *condition = arena_require(model->arena, sizeof *condition);
    bool is_right = parse_words(model, call->statement, &words);
    if (is_right) {
        /* Templates remember their words. */
        struct condition_words *kept = arena_require(model->arena, sizeof *kept);
        *kept = words;
        is_right = read_condition(model, kept, condition);
    }
    bool is_in_server = call->scope->context == C_SERVER;
    struct location *block = condition_read_block(call, is_in_server ? C_IF_SERVER : C_IF_LOCATION);
    if (is_right) {
        block->condition = condition;
        VECTOR_PUSH(model->arena, &call->scope->rewrite->steps,
                    (struct rewrite_step){
                        .statement = call->statement,
                        .kind = REWRITE_IF,
                        .condition = condition,
                        .block = block,
                    });
    }
    return is_right;
}
