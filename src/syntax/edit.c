/* Edits in the terms of statements; see edit.h. */
#include "syntax/edit.h"

#include "base/text.h"

#include <stdarg.h>

static struct slice text_of(const struct tree *tree, uint32_t source) {
    return tree->sources->all.items[source]->text;
}

static bool is_blank(char byte) {
    return byte == ' ' || byte == '\t' || byte == '\r';
}

struct span edit_widen(const struct tree *tree, struct span span) {
    struct slice text = text_of(tree, span.source);
    uint32_t begin = span.begin;
    uint32_t end = span.end;
    while (begin > 0 && is_blank(text.data[begin - 1])) {
        begin--;
    }
    while (end < text.size && is_blank(text.data[end])) {
        end++;
    }
    bool begins_line = begin == 0 || text.data[begin - 1] == '\n';
    bool ends_line = end == text.size || text.data[end] == '\n';
    if (begins_line && ends_line) {
        return (struct span){span.source, begin, end < text.size ? end + 1 : end};
    }
    if (begins_line) { /* what follows keeps the indent */
        return (struct span){span.source, span.begin, end};
    }
    return (struct span){span.source, begin, span.end};
}

void edit_remove_statement(const struct tree *tree, struct diagnostic *diagnostic,
                           const struct statement *statement) {
    diagnostic_edit(tree->arena, diagnostic, edit_widen(tree, statement->span), "%s", "");
}

void edit_remove_argument(const struct tree *tree, struct diagnostic *diagnostic,
                          const struct statement *statement, uint32_t argument) {
    struct span span = statement_argument(statement, argument)->span;
    span.begin = statement->words[argument].span.end; /* of the word before */
    diagnostic_edit(tree->arena, diagnostic, span, "%s", "");
}

static struct span words_of(const struct statement *statement) {
    return span_join(statement->words[0].span, statement->words[statement->word_count - 1].span);
}

void edit_append_word(const struct tree *tree, struct diagnostic *diagnostic,
                      const struct statement *statement, const char *word) {
    struct span span = words_of(statement);
    span.begin = span.end;
    diagnostic_edit(tree->arena, diagnostic, span, " %s", word);
}

__attribute__((format(printf, 2, 0))) static struct slice
format_text(struct arena *arena, const char *format, va_list arguments) {
    struct text text;
    text_init(&text, arena);
    text_format_list(&text, format, arguments);
    return text_slice(&text);
}

void edit_replace_words(const struct tree *tree, struct diagnostic *diagnostic,
                        const struct statement *statement, const char *format, ...) {
    va_list arguments;
    va_start(arguments, format);
    struct slice text = format_text(tree->arena, format, arguments);
    va_end(arguments);
    diagnostic_edit(tree->arena, diagnostic, words_of(statement), "%.*s", SLICE_ARGS(text));
}

/* The white space that a statement's line begins with. */
static struct slice indent_of(const struct tree *tree, const struct statement *statement) {
    struct span span = statement->span;
    uint32_t line = source_locate(tree->sources, span.source, span.begin).line;
    struct slice text = source_line(tree->sources, span.source, line);
    size_t size = 0;
    while (size < text.size && (text.data[size] == ' ' || text.data[size] == '\t')) {
        size++;
    }
    return slice_take(text, size);
}

void edit_add_below(const struct tree *tree, struct diagnostic *diagnostic,
                    const struct statement *statement, const char *format, ...) {
    va_list arguments;
    va_start(arguments, format);
    struct slice text = format_text(tree->arena, format, arguments);
    va_end(arguments);
    struct span place = statement->span;
    struct slice source = text_of(tree, place.source);
    struct slice indent = indent_of(tree, statement);
    struct slice rest = slice_skip(source, place.end);
    size_t line = slice_find_byte(rest, '\n');
    /* Behind the comment beside the statement, unless another statement follows on the line. */
    struct slice beside = slice_trim(slice_take(rest, line));
    bool is_alone = beside.size == 0 || beside.data[0] == '#' || beside.data[0] == '\r';
    if (is_alone && line < rest.size) {
        place.end += (uint32_t)line + 1;
        place.begin = place.end;
        diagnostic_edit(tree->arena, diagnostic, place, "%.*s%.*s\n", SLICE_ARGS(indent),
                        SLICE_ARGS(text));
    } else {
        place.begin = place.end;
        diagnostic_edit(tree->arena, diagnostic, place, " %.*s", SLICE_ARGS(text));
    }
}
