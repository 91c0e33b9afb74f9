/* Builds the tree of one text from what the scanner and the grammar find. Its errors are worded in
 * reader_errors.c. */
#include "syntax/reader.h"

#include "syntax/lua.h"
#include "syntax/word.h"

#include "config_parser.h"
/* After the parser's header, which defines the tokens. */
#include "config_lexer.h"

/* At the end of the lexer: passes over as many bytes. */
void config_lexer_skip(size_t size, yyscan_t yyscanner);

#include <stdlib.h>
#include <string.h>

static struct slice text_of(const struct config_reader *reader, struct span span) {
    return slice_take(slice_skip(reader->source->text, span.begin), span.end - span.begin);
}

void reader_set_token(struct config_reader *reader, const char *text, size_t size) {
    uint32_t begin = (uint32_t)(text - reader->scanned);
    reader->token = (struct span){reader->source->id, begin, begin + (uint32_t)size};
}

/* Whether only blanks stand between the beginning of the line and `offset`. */
static bool is_first_on_line(struct slice text, uint32_t offset) {
    while (offset > 0 && (text.data[offset - 1] == ' ' || text.data[offset - 1] == '\t')) {
        offset--;
    }
    return offset == 0 || text.data[offset - 1] == '\n';
}

void reader_add_comment(struct config_reader *reader) {
    struct span span = reader->token;
    struct slice text = reader->source->text;
    if (text.data[span.end - 1] == '\r') {
        span.end--;
    }
    struct comment comment = {
        .span = span,
        .line = source_locate(reader->tree->sources, span.source, span.begin).line,
        .is_alone = is_first_on_line(text, span.begin),
    };
    VECTOR_PUSH(reader->tree->arena, &reader->tree->comments, comment);
}

/* Whether an unquoted word ends with a '}' that was most likely meant to close a block. */
static bool ends_with_brace(const struct word *word) {
    return word->quote == QUOTE_NONE && slice_ends_with(word->text, SLICE("}")) &&
           slice_find_byte(word->text, '{') == word->text.size;
}

void reader_add_word(struct config_reader *reader, struct span span) {
    struct slice raw = text_of(reader, span);
    struct word word = word_decode(reader->tree->arena, span, raw);
    size_t counted = word.quote == QUOTE_NONE ? raw.size : raw.size - 1;
    if (counted > READER_WORD_LIMIT && !reader->is_faulty) {
        reader_report_long_word(reader, &word);
        reader->is_faulty = true;
    }
    if (reader->has_zero_bytes && slice_find_byte(raw, '\0') < raw.size) {
        reader->is_faulty = true; /* reported for the whole text */
    }
    if (ends_with_brace(&word)) {
        reader->glued_brace = (struct span){span.source, span.end - 1, span.end};
    }
    VECTOR_PUSH(reader->tree->arena, &reader->words, word);
}

/* After a closing quote nginx wants a blank, the end of the statement, or a ')' that begins the
 * next word. A '}' there is left to the grammar, which misses a ';' before it; a zero byte is
 * reported in any case. */
void reader_check_after_quote(struct config_reader *reader) {
    static const char tolerated[] = {' ', '\t', '\r', '\n', ';', '{', ')', '}', '\0'};
    struct slice rest = slice_skip(reader->source->text, reader->token.end);
    if (rest.size > 0 && memchr(tolerated, rest.data[0], sizeof tolerated) == NULL &&
        !reader->is_faulty) {
        reader_report_after_quote(reader);
        reader->is_faulty = true;
    }
}

/* Size of what an unclosed quote was most likely meant for: its line without the ';' or '{' that
 * it ends with, and without a comment behind those. */
static size_t measure_unclosed(struct slice line) {
    size_t end = 0; /* place of a ';' or '{' that only blanks follow so far */
    for (size_t at = 1; at < line.size; at++) {
        char byte = line.data[at];
        if (byte == ';' || byte == '{') {
            end = at;
        } else if (byte == '#' && end > 0) {
            break;
        } else if (byte != ' ' && byte != '\t' && byte != '\r') {
            end = 0;
        }
    }
    return end > 0 ? end : line.size;
}

/* Reading goes on behind that, so that what the quote would have swallowed is checked as well. */
size_t reader_cut_unclosed_quote(struct config_reader *reader) {
    struct slice word = text_of(reader, reader->token);
    size_t size = measure_unclosed(slice_take(word, slice_find_byte(word, '\n')));
    if (!reader->is_faulty) {
        reader_report_unclosed_quote(reader, size);
        reader->is_faulty = true;
    }
    reader->token.end = reader->token.begin + (uint32_t)size;
    return size;
}

/* A statement of the words collected so far, up to `end`; they are collected anew then. */
static struct statement *take_statement(struct config_reader *reader, struct span end) {
    struct arena *arena = reader->tree->arena;
    struct statement *statement = arena_require(arena, sizeof *statement);
    statement->parent = reader->block;
    statement->span = end;
    statement->word_count = (uint32_t)reader->words.count;
    if (statement->word_count > 0) {
        size_t size = reader->words.count * sizeof *statement->words;
        statement->words = arena_require(arena, size);
        memcpy(statement->words, reader->words.items, size);
        statement->span = span_join(statement->words[0].span, end);
    }
    reader->words.count = 0;
    return statement;
}

/* Adds it to the innermost block, unless it has an error of its own. */
static bool add_statement(struct config_reader *reader, struct statement *statement) {
    bool is_faulty = reader->is_faulty;
    progress_step(reader->tree->progress);
    reader->is_faulty = false;
    if (is_faulty) {
        return false;
    }
    struct block *block = reader->block;
    if (block->last == NULL) {
        block->first = statement;
    } else {
        block->last->next = statement;
    }
    block->last = statement;
    return true;
}

void reader_end_statement(struct config_reader *reader, struct span end) {
    struct statement *statement = take_statement(reader, end);
    if (add_statement(reader, statement) && statement_is_include(statement)) {
        VECTOR_PUSH(reader->tree->arena, &reader->includes, statement);
    }
}

void reader_end_unfinished_statement(struct config_reader *reader) {
    struct span last = reader->words.items[reader->words.count - 1].span;
    bool has_glued_brace = reader->glued_brace.end == last.end;
    if (has_glued_brace && reader->depth > reader->outer_depth) {
        reader->is_faulty = true; /* the report of the unclosed block tells */
    }
    if (!reader->is_faulty) {
        reader_report_missing_semicolon(reader);
    }
    reader_end_statement(reader, last);
}

void reader_open_block(struct config_reader *reader, struct span brace) {
    struct statement *statement = take_statement(reader, brace);
    struct block *block = arena_require(reader->tree->arena, sizeof *block);
    block->owner = statement;
    block->open = brace;
    statement->block = block;
    add_statement(reader, statement);
    reader->block = block;
    reader->depth++;
}

void reader_open_nameless_block(struct config_reader *reader, struct span brace) {
    reader_report_nameless_block(reader, brace);
    reader->is_faulty = true;
    reader_open_block(reader, brace);
}

static void leave_block(struct config_reader *reader, struct span end) {
    struct block *block = reader->block;
    block->close = end;
    block->owner->span.end = end.end;
    reader->block = block->owner->parent;
    reader->depth--;
}

/* The blanks that the line of `offset` begins with. */
static struct slice indentation(struct slice text, uint32_t offset) {
    uint32_t begin = offset;
    while (begin > 0 && text.data[begin - 1] != '\n') {
        begin--;
    }
    uint32_t end = begin;
    while (end < text.size && (text.data[end] == ' ' || text.data[end] == '\t')) {
        end++;
    }
    return slice_take(slice_skip(text, begin), end - begin);
}

/* Remembers the first block whose '}' stands on a line of its own, indented unlike the line on
 * which the block's statement begins: there a '}' may be missing, or one too many. That of a block
 * around it which is indented well tells that all inside is balanced. */
static void compare_indentation(struct config_reader *reader, const struct block *block) {
    struct slice text = reader->source->text;
    uint32_t begin = block->owner->span.begin;
    if (!is_first_on_line(text, block->close.begin)) {
        return;
    }
    bool is_same = slice_equals(indentation(text, begin), indentation(text, block->close.begin));
    if (!is_same && reader->suspect == NULL) {
        reader->suspect = block;
    } else if (is_same && reader->suspect != NULL && reader->suspect->open.begin > begin) {
        reader->suspect = NULL;
    }
}

void reader_close_block(struct config_reader *reader, struct span brace) {
    const struct block *block = reader->block;
    leave_block(reader, brace);
    compare_indentation(reader, block);
}

void reader_leave_unclosed_block(struct config_reader *reader, struct span end) {
    reader_report_unclosed_block(reader);
    leave_block(reader, end);
}

void reader_drop_stray_semicolon(struct config_reader *reader, struct span semicolon) {
    if (!reader->is_faulty) {
        reader_report_stray_semicolon(reader, semicolon);
    }
    reader->is_faulty = false;
}

/* With the words before it, if there are any: what they were meant to be is unknown. */
void reader_drop_stray_brace(struct config_reader *reader, struct span brace) {
    reader_report_stray_brace(reader, brace);
    reader->words.count = 0;
    reader->is_faulty = false;
}

/* Skips a block that is nested too deeply, up to its '}'. */
static void skip_block(struct config_reader *reader) {
    uint32_t depth = 1;
    while (depth > 0) {
        int token = config_lexer_lex(reader->scanner);
        if (token == TOKEN_END_OF_TEXT) {
            return;
        }
        depth += token == TOKEN_OPENING_BRACE;
        depth -= token == TOKEN_CLOSING_BRACE;
    }
}

/* What stands between the braces of a block of Lua is none of our language. */
static void skip_lua(struct config_reader *reader) {
    struct slice rest = slice_skip(reader->source->text, reader->token.end);
    size_t size = lua_measure_block(rest);
    if (size < rest.size) {
        config_lexer_skip(size, reader->scanner);
    }
}

/* A block beyond the limit becomes a ';', so that the grammar's stack stays small whatever the
 * text. */
int config_parser_lex(struct span *value, struct config_reader *reader) {
    int token = config_lexer_lex(reader->scanner);
    *value = reader->token;
    if (token == TOKEN_OPENING_BRACE && reader->depth == READER_BLOCK_LIMIT) {
        reader_report_nesting(reader, reader->token);
        reader->is_faulty = true;
        skip_block(reader);
        return TOKEN_SEMICOLON;
    }
    if (token == TOKEN_OPENING_BRACE && reader->words.count > 0 &&
        lua_is_block_of(reader->words.items[0].text)) {
        skip_lua(reader);
    }
    if (token == TOKEN_END_OF_TEXT) {
        uint32_t size = (uint32_t)reader->source->text.size;
        *value = (struct span){reader->source->id, size, size};
        return reader->depth > reader->outer_depth ? TOKEN_UNCLOSED : TOKEN_END_OF_TEXT;
    }
    return token;
}

/* The text with the two zero bytes that flex wants behind it. Any other zero byte it takes for a
 * possible end and scans the token again from its beginning, so those are replaced by another byte
 * that is no blank; they are errors anyway. */
static char *copy_for_scanner(struct config_reader *reader) {
    struct slice text = reader->source->text;
    char *copy = calloc(1, text.size + 2);
    if (copy == NULL) {
        memory_exhausted();
    }
    if (text.size > 0) {
        memcpy(copy, text.data, text.size);
    }
    size_t at = slice_find_byte(text, '\0');
    if (at < text.size) {
        reader->has_zero_bytes = true;
        reader_report_zero_byte(reader, (uint32_t)at);
    }
    while (at < text.size) {
        copy[at] = '?';
        at += 1 + slice_find_byte(slice_skip(text, at + 1), '\0');
    }
    return copy;
}

/* Some editors begin a file with it; it belongs to no word. */
static void blank_byte_order_mark(char *copy) {
    static const char mark[] = "\xef\xbb\xbf";
    if (strncmp(copy, mark, sizeof mark - 1) == 0) {
        memset(copy, ' ', sizeof mark - 1);
    }
}

void reader_read(struct config_reader *reader, struct tree *tree, const struct source *source,
                 struct block *file, uint32_t depth) {
    uint32_t size = (uint32_t)source->text.size;
    file->open = (struct span){source->id, 0, size > 0 ? 1 : 0};
    file->close = (struct span){source->id, size, size};
    *reader = (struct config_reader){
        .tree = tree,
        .source = source,
        .block = file,
        .outer_depth = depth,
        .depth = depth,
    };
    char *copy = copy_for_scanner(reader);
    blank_byte_order_mark(copy);
    reader->scanned = copy;
    if (config_lexer_lex_init_extra(reader, &reader->scanner) != 0 ||
        config_lexer__scan_buffer(copy, source->text.size + 2, reader->scanner) == NULL ||
        config_parser_parse(reader) != 0) {
        memory_exhausted();
    }
    config_lexer_lex_destroy(reader->scanner);
    free(copy);
}
