/* Expectations: how they are written, and whether a route meets them. What they can be about is in
 * suite_subject.c. */
#include "cli/suite_subject.h"

#include "base/text.h"
#include "cli/notation.h"

#define PCRE2_CODE_UNIT_WIDTH 8
#include <pcre2.h>
#include <string.h>

struct suite_expectation {
    const struct statement *statement;
    const struct suite_subject *subject;
    bool is_negated;
    struct slice name; /* of the field or variable */
    bool has_value;    /* otherwise it is enough that there is one */
    struct slice value;
    pcre2_code *pattern; /* instead of `value`; NULL: none */
};

/* --- reading --- */

/* The words of an `expect` statement, one after the other. */
struct cursor {
    struct suite *suite;
    const struct statement *statement;
    uint32_t next; /* argument */
};

static const struct word *peek(const struct cursor *cursor) {
    return cursor->next < statement_argument_count(cursor->statement)
               ? statement_argument(cursor->statement, cursor->next)
               : NULL;
}

static bool is_bare(const struct word *word, const char *text) {
    return word != NULL && word->quote == QUOTE_NONE &&
           slice_equals(word->text, slice_from_string(text));
}

static bool take_bare(struct cursor *cursor, const char *text) {
    bool is_there = is_bare(peek(cursor), text);
    cursor->next += is_there;
    return is_there;
}

static bool fail(struct cursor *cursor, const struct word *word, const char *message,
                 struct slice detail) {
    struct span span = word != NULL ? word->span : cursor->statement->span;
    suite_error(cursor->suite, DIAGNOSTIC_INVALID_EXPECTATION, span, "%s%.*s", message,
                SLICE_ARGS(detail));
    return false;
}

static bool report_unknown(struct cursor *cursor, const struct word *word) {
    struct slice names[SUITE_SUBJECT_COUNT];
    for (size_t i = 0; i < SUITE_SUBJECT_COUNT; i++) {
        names[i] = slice_from_string(suite_subjects[i].name);
    }
    struct diagnostic *diagnostic =
        suite_error(cursor->suite, DIAGNOSTIC_INVALID_EXPECTATION, word->span,
                    "nothing called \"%.*s\" can be expected", SLICE_ARGS(word->text));
    struct slice nearest = nearest_name(word->text, names, SUITE_SUBJECT_COUNT);
    if (nearest.size > 0) {
        diagnostic_help(&cursor->suite->arena, diagnostic, "did you mean \"%.*s\"?",
                        SLICE_ARGS(nearest));
    }
    return false;
}

static bool read_subject(struct cursor *cursor, struct suite_expectation *expectation) {
    const struct word *word = peek(cursor);
    if (word == NULL) {
        return fail(cursor, NULL, "it is not said what is expected", SLICE(""));
    }
    for (size_t i = 0; i < SUITE_SUBJECT_COUNT; i++) {
        if (slice_equals(word->text, slice_from_string(suite_subjects[i].name))) {
            expectation->subject = &suite_subjects[i];
            cursor->next++;
            return true;
        }
    }
    return report_unknown(cursor, word);
}

static bool read_name(struct cursor *cursor, struct suite_expectation *expectation,
                      const struct table *table) {
    const struct word *word = peek(cursor);
    if (!expectation->subject->takes_name) {
        return true;
    }
    if (word == NULL) {
        return fail(cursor, NULL, "a name is missing behind ",
                    slice_from_string(expectation->subject->name));
    }
    expectation->name = word->text;
    cursor->next++;
    if (expectation->subject->kind != SUITE_VARIABLE) {
        return true;
    }
    if (!slice_starts_with(word->text, SLICE("$"))) {
        return fail(cursor, word, "a variable is written with its $: $", word->text);
    }
    return engine_variable_exists(table, slice_skip(word->text, 1)) ||
           fail(cursor, word, "neither the configuration nor rpcd has a variable ", word->text);
}

static void free_pattern(void *pattern) {
    pcre2_code_free(pattern);
}

static bool compile(struct cursor *cursor, struct suite_expectation *expectation,
                    const struct word *word, uint32_t options) {
    int error = 0;
    PCRE2_SIZE at = 0;
    PCRE2_UCHAR message[256] = "";
    const char *pattern = word->text.size > 0 ? word->text.data : "";
    expectation->pattern =
        pcre2_compile((PCRE2_SPTR)pattern, word->text.size, options, &error, &at, NULL);
    if (expectation->pattern == NULL) {
        (void)pcre2_get_error_message(error, message, sizeof message);
        return fail(
            cursor, word, "the regular expression does not compile: ",
            arena_copy_slice(&cursor->suite->arena, slice_from_string((const char *)message)));
    }
    if (!arena_add_cleanup(&cursor->suite->arena, free_pattern, expectation->pattern)) {
        memory_exhausted();
    }
    return true;
}

/* Locations are written as in the configuration, with what is before their name. */
static bool read_location(struct cursor *cursor, struct suite_expectation *expectation) {
    const struct word *first = peek(cursor);
    cursor->next++;
    const struct word *second = peek(cursor);
    expectation->value = first->text;
    if (second != NULL) {
        cursor->next++;
        expectation->value = arena_format(&cursor->suite->arena, "%.*s %.*s",
                                          SLICE_ARGS(first->text), SLICE_ARGS(second->text));
    }
    return true;
}

static bool read_value(struct cursor *cursor, struct suite_expectation *expectation) {
    const struct suite_subject *subject = expectation->subject;
    expectation->has_value = peek(cursor) != NULL;
    if (!expectation->has_value) {
        return !subject->needs_value ||
               fail(cursor, NULL, "a value is missing behind ", slice_from_string(subject->name));
    }
    if (subject->kind == SUITE_LOCATION) {
        return read_location(cursor, expectation);
    }
    bool is_caseless = take_bare(cursor, "~*");
    bool is_pattern = is_caseless || take_bare(cursor, "~");
    const struct word *word = peek(cursor);
    if (word == NULL) {
        return fail(cursor, NULL, "a regular expression is missing", SLICE(""));
    }
    cursor->next++;
    if (is_pattern) {
        return compile(cursor, expectation, word, is_caseless ? PCRE2_CASELESS : 0);
    }
    uint64_t status;
    expectation->value = word->text;
    return subject->kind != SUITE_STATUS || slice_parse_u64(word->text, 999, &status) ||
           fail(cursor, word, "no status: ", word->text);
}

struct suite_expectation *suite_read_expectation(struct suite *suite,
                                                 const struct statement *statement,
                                                 const struct table *table) {
    struct suite_expectation *expectation = arena_require(&suite->arena, sizeof *expectation);
    struct cursor cursor = {suite, statement, 0};
    expectation->statement = statement;
    expectation->is_negated = take_bare(&cursor, "not");
    if (!read_subject(&cursor, expectation) || !read_name(&cursor, expectation, table) ||
        !read_value(&cursor, expectation)) {
        return NULL;
    }
    if (peek(&cursor) != NULL) {
        fail(&cursor, peek(&cursor), "more than one value; quote it if it is one", SLICE(""));
        return NULL;
    }
    return expectation;
}

/* --- judging --- */

static bool matches(const struct suite_expectation *expectation, struct slice actual) {
    if (!expectation->has_value) {
        return true;
    }
    if (expectation->pattern == NULL) {
        return slice_equals(actual, expectation->value);
    }
    pcre2_match_data *data = pcre2_match_data_create(1, NULL);
    if (data == NULL) {
        memory_exhausted();
    }
    int result = pcre2_match(expectation->pattern, (PCRE2_SPTR)(actual.size > 0 ? actual.data : ""),
                             actual.size, 0, 0, data, NULL);
    pcre2_match_data_free(data);
    return result >= 0;
}

static struct slice subject_text(struct route *route, const struct suite_expectation *expectation,
                                 struct slice value) {
    const char *separator = expectation->subject->takes_name ? " " : "";
    return arena_format(route->arena, "%s%s%.*s %.*s", expectation->subject->name, separator,
                        SLICE_ARGS(expectation->name), SLICE_ARGS(value));
}

/* The value that decides: the one that matches, else the first. */
bool suite_is_met(const struct suite_expectation *expectation, struct route *route,
                  struct slice *actual) {
    const struct suite_subject *subject = expectation->subject;
    struct slice value;
    struct slice shown = slice_from_string(subject->absent);
    bool is_found = false;
    for (uint32_t i = 0; !is_found && subject->find(route, expectation->name, i, &value); i++) {
        is_found = matches(expectation, value);
        if (i == 0 || is_found) {
            bool is_name = subject->kind == SUITE_LOCATION;
            shown = is_name ? value : notation_word(route->arena, value);
        }
    }
    *actual = subject_text(route, expectation, shown);
    return is_found != expectation->is_negated;
}

const struct statement *suite_expectation_statement(const struct suite_expectation *expectation) {
    return expectation->statement;
}

/* As it stands in the file, however many lines it takes there. */
struct slice suite_expected(struct suite *suite, const struct suite_expectation *expectation) {
    const struct statement *statement = expectation->statement;
    struct text text;
    text_init(&text, &suite->arena);
    for (uint32_t i = 0; i < statement_argument_count(statement); i++) {
        struct span span = statement_argument(statement, i)->span;
        struct slice source = suite->sources.all.items[span.source]->text;
        text_add(&text, i > 0 ? SLICE(" ") : SLICE(""));
        text_add(&text, slice_take(slice_skip(source, span.begin), span.end - span.begin));
    }
    return text_slice(&text);
}

unsigned suite_shows(const struct suite_expectation *expectation) {
    return expectation->subject->shows;
}
