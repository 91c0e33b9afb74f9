/* Regular expressions: compiled here only to find out whether they are right, how many captures
 * they have and how those are named. Matching is the engine's. */
#include "model/reading.h"

#define PCRE2_CODE_UNIT_WIDTH 8
#include <pcre2.h>

static pcre2_code *compile(struct model *model, const struct word *word, size_t offset,
                           bool ignore_case) {
    struct slice pattern = slice_skip(word->text, offset);
    int error;
    PCRE2_SIZE at;
    pcre2_code *code =
        pcre2_compile((PCRE2_SPTR)(pattern.size > 0 ? pattern.data : ""), pattern.size,
                      ignore_case ? PCRE2_CASELESS : 0, &error, &at, NULL);
    if (code != NULL) {
        return code;
    }
    PCRE2_UCHAR message[256];
    if (pcre2_get_error_message(error, message, sizeof message) < 0) {
        message[0] = '\0';
    }
    size_t begin = offset + (at < pattern.size ? at : pattern.size);
    size_t end = begin < word->text.size ? begin + 1 : begin;
    struct span span = word_span(model, word, begin, end);
    struct diagnostic *diagnostic =
        diagnostic_error(model->diagnostics, DIAGNOSTIC_INVALID_REGEX, span,
                         "the regular expression does not compile: %s", (const char *)message);
    diagnostic_note(model->arena, diagnostic, word->span, "in this expression");
    return NULL;
}

/* One row of PCRE2's name table: the group's number in two bytes, the name, a zero byte. */
static void define_capture(struct model *model, struct regex *regex,
                           const struct statement *statement, const struct template *key,
                           const char *row) {
    struct slice name = arena_copy_slice(model->arena, slice_from_string(row + 2));
    struct variable_definition definition = {
        .statement = statement, .kind = DEFINED_BY_CAPTURE, .regex = regex};
    if (key != NULL) {
        definition.key = *key;
    }
    struct config_variable *variable = variable_define(model, name, regex->span, definition);
    if (variable != NULL) {
        VECTOR_PUSH(model->arena, &regex->names, variable);
        VECTOR_PUSH(model->arena, &regex->capture_names, name);
    }
}

static struct regex *describe(struct model *model, const struct word *word, size_t offset,
                              bool ignore_case, const pcre2_code *code) {
    struct regex *regex = arena_require(model->arena, sizeof *regex);
    uint32_t capture_count = 0;
    (void)pcre2_pattern_info(code, PCRE2_INFO_CAPTURECOUNT, &capture_count);
    regex->span = word_span(model, word, offset, word->text.size);
    regex->pattern = slice_skip(word->text, offset);
    regex->ignore_case = ignore_case;
    regex->capture_count = capture_count;
    return regex;
}

struct regex *regex_create_nameless(struct model *model, const struct word *word, size_t offset,
                                    bool ignore_case) {
    pcre2_code *code = compile(model, word, offset, ignore_case);
    if (code == NULL) {
        return NULL;
    }
    struct regex *regex = describe(model, word, offset, ignore_case, code);
    pcre2_code_free(code);
    return regex;
}

struct regex *regex_create(struct model *model, const struct statement *statement,
                           const struct word *word, size_t offset, bool ignore_case,
                           const struct template *key) {
    pcre2_code *code = compile(model, word, offset, ignore_case);
    if (code == NULL) {
        return NULL;
    }
    uint32_t name_count = 0;
    uint32_t row_size = 0;
    PCRE2_SPTR rows = NULL;
    (void)pcre2_pattern_info(code, PCRE2_INFO_NAMECOUNT, &name_count);
    (void)pcre2_pattern_info(code, PCRE2_INFO_NAMEENTRYSIZE, &row_size);
    (void)pcre2_pattern_info(code, PCRE2_INFO_NAMETABLE, &rows);
    struct regex *regex = describe(model, word, offset, ignore_case, code);
    for (uint32_t i = 0; i < name_count; i++) {
        define_capture(model, regex, statement, key, (const char *)rows + (size_t)i * row_size);
    }
    pcre2_code_free(code);
    return regex;
}
