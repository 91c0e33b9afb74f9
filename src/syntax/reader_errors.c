/* The syntax errors: their words, their places, and what to write instead. */
#include "syntax/reader.h"

/* Blocks named by one report of unclosed ones. */
enum { UNCLOSED_LIMIT = 5 };

/* As much of a word as a message may hold. */
static struct slice shortened(struct slice text) {
    return slice_take(text, 64);
}

static struct slice owner_name(const struct block *block) {
    const struct statement *owner = block->owner;
    return owner->word_count == 0 ? SLICE("{") : shortened(statement_name(owner));
}

void reader_report_zero_byte(struct config_reader *reader, uint32_t offset) {
    struct tree *tree = reader->tree;
    struct span span = {reader->source->id, offset, offset + 1};
    struct diagnostic *error = diagnostic_error(tree->diagnostics, DIAGNOSTIC_NUL_BYTE, span,
                                                "the text holds a zero byte");
    diagnostic_help(tree->arena, error, "is this a configuration, and is it stored as UTF-8?");
}

void reader_report_long_word(struct config_reader *reader, const struct word *word) {
    struct tree *tree = reader->tree;
    struct diagnostic *error =
        diagnostic_error(tree->diagnostics, DIAGNOSTIC_WORD_TOO_LONG, word->span,
                         "this word is longer than %d bytes", READER_WORD_LIMIT);
    if (word->quote != QUOTE_NONE) {
        diagnostic_help(tree->arena, error, "is a closing quote missing?");
    }
}

void reader_report_after_quote(struct config_reader *reader) {
    struct tree *tree = reader->tree;
    struct span word = reader->token;
    struct span next = {word.source, word.end, word.end + 1};
    struct diagnostic *error = diagnostic_error(tree->diagnostics, DIAGNOSTIC_AFTER_QUOTE, next,
                                                "unexpected text directly after a closing quote");
    uint32_t first_line = source_locate(tree->sources, word.source, word.begin).line;
    uint32_t last_line = source_locate(tree->sources, word.source, word.end - 1).line;
    if (first_line != last_line) {
        diagnostic_note(tree->arena, error, word, "the quoted word begins on this line");
        diagnostic_help(tree->arena, error, "is a closing quote missing between the two places?");
    } else {
        diagnostic_help(tree->arena, error,
                        "put a space between the words, or the quotes around all of it");
    }
}

void reader_report_unclosed_quote(struct config_reader *reader, size_t size) {
    struct tree *tree = reader->tree;
    struct span span = reader->token;
    span.end = span.begin + (uint32_t)size;
    char quote = reader->source->text.data[span.begin];
    struct diagnostic *error = diagnostic_error(tree->diagnostics, DIAGNOSTIC_UNCLOSED_QUOTE, span,
                                                "the quote that begins here is never closed");
    diagnostic_help(tree->arena, error, "add %c where the word ends", quote);
}

/* The place is right behind the last word, where the ';' belongs. */
void reader_report_missing_semicolon(struct config_reader *reader) {
    struct tree *tree = reader->tree;
    struct word first = reader->words.items[0];
    struct word last = reader->words.items[reader->words.count - 1];
    struct span place = {last.span.source, last.span.end, last.span.end};
    struct diagnostic *error =
        diagnostic_error(tree->diagnostics, DIAGNOSTIC_MISSING_SEMICOLON, place,
                         "missing \";\" at the end of \"%.*s\"", SLICE_ARGS(shortened(first.text)));
    diagnostic_help(tree->arena, error, "add \";\" after \"%.*s\"",
                    SLICE_ARGS(shortened(last.text)));
}

void reader_report_stray_semicolon(struct config_reader *reader, struct span semicolon) {
    struct tree *tree = reader->tree;
    struct diagnostic *error =
        diagnostic_error(tree->diagnostics, DIAGNOSTIC_EMPTY_STATEMENT, semicolon,
                         "unexpected \";\": there is no directive before it");
    diagnostic_help(tree->arena, error, "remove this \";\"");
}

void reader_report_nameless_block(struct config_reader *reader, struct span brace) {
    struct tree *tree = reader->tree;
    struct diagnostic *error =
        diagnostic_error(tree->diagnostics, DIAGNOSTIC_EMPTY_STATEMENT, brace,
                         "unexpected \"{\": there is no directive before it");
    diagnostic_help(tree->arena, error,
                    "name the block's directive before it, and put no \";\" between them");
}

/* Where braces and indentation first disagree, the brace at fault is not far; said once. */
static void note_suspect(struct config_reader *reader, struct diagnostic *error) {
    const struct block *suspect = reader->suspect;
    if (suspect == NULL) {
        return;
    }
    reader->suspect = NULL;
    struct tree *tree = reader->tree;
    uint32_t line = source_locate(tree->sources, reader->source->id, suspect->open.begin).line;
    struct slice name = owner_name(suspect);
    diagnostic_note(tree->arena, error, suspect->close,
                    "perhaps near here: this \"}\" closes \"%.*s\" of line %u, which is indented "
                    "otherwise",
                    SLICE_ARGS(name), line);
}

/* "listen 80}" is a word that ends with a '}', and closes nothing. */
static void note_glued_brace(const struct config_reader *reader, struct diagnostic *error,
                             const struct block *block) {
    if (reader->glued_brace.begin > block->open.begin) {
        diagnostic_note(reader->tree->arena, error, reader->glued_brace,
                        "this \"}\" is part of the word it ends: put \";\" before it");
    }
}

void reader_report_stray_brace(struct config_reader *reader, struct span brace) {
    struct tree *tree = reader->tree;
    struct diagnostic *error =
        diagnostic_error(tree->diagnostics, DIAGNOSTIC_UNEXPECTED_BRACE, brace,
                         "unexpected \"}\": there is no open block for it to close");
    note_suspect(reader, error);
}

/* Called for each unclosed block, from the innermost out; most likely one '}' is missing for all
 * of them, or the text was cut off, so there is one report. */
void reader_report_unclosed_block(struct config_reader *reader) {
    struct tree *tree = reader->tree;
    const struct block *block = reader->block;
    struct slice name = owner_name(block);
    reader->unclosed_count++;
    if (reader->unclosed == NULL) {
        reader->unclosed =
            diagnostic_error(tree->diagnostics, DIAGNOSTIC_UNCLOSED_BLOCK, block->open,
                             "the block of \"%.*s\" is never closed", SLICE_ARGS(name));
        note_suspect(reader, reader->unclosed);
        note_glued_brace(reader, reader->unclosed, block);
        diagnostic_help(tree->arena, reader->unclosed, "add \"}\" where the block should end");
    } else if (reader->unclosed_count <= UNCLOSED_LIMIT) {
        diagnostic_note(tree->arena, reader->unclosed, block->open,
                        "neither is the block of \"%.*s\" around it", SLICE_ARGS(name));
    }
}

void reader_report_nesting(struct config_reader *reader, struct span brace) {
    diagnostic_error(reader->tree->diagnostics, DIAGNOSTIC_NESTING_TOO_DEEP, brace,
                     "more than %d blocks within each other", READER_BLOCK_LIMIT);
}
