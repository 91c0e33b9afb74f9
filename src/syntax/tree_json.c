/* Writes a tree as JSON values. Nothing about a value is decided here: what the tree holds is
 * shown as it is. Blocks are nested at most READER_BLOCK_LIMIT deep, and so is the recursion. */
#include "syntax/tree_json.h"

#include "base/text.h"
#include "syntax/glyph.h"

static json_t *require(json_t *value) {
    if (value == NULL) {
        memory_exhausted();
    }
    return value;
}

static void set(json_t *object, const char *key, json_t *value) {
    if (json_object_set_new(object, key, require(value)) != 0) {
        memory_exhausted();
    }
}

static void append(json_t *array, json_t *value) {
    if (json_array_append_new(array, require(value)) != 0) {
        memory_exhausted();
    }
}

/* With U+FFFD for each byte that is not part of a UTF-8 sequence. */
static json_t *repaired_string(struct arena *arena, struct slice text) {
    struct text repaired;
    text_init(&repaired, arena);
    while (text.size > 0) {
        uint32_t point = 0;
        size_t size = glyph_decode_utf8(text, &point);
        text_add(&repaired, size == 0 ? SLICE("\xef\xbf\xbd") : slice_take(text, size));
        text = slice_skip(text, size == 0 ? 1 : size);
    }
    return json_stringn(repaired.data, repaired.size);
}

static json_t *hexadecimal_string(struct arena *arena, struct slice text) {
    static const char digits[] = "0123456789abcdef";
    struct text hexadecimal;
    text_init(&hexadecimal, arena);
    for (size_t i = 0; i < text.size; i++) {
        uint8_t byte = (uint8_t)text.data[i];
        text_add_byte(&hexadecimal, digits[byte >> 4]);
        text_add_byte(&hexadecimal, digits[byte & 0xf]);
    }
    return json_stringn(hexadecimal.data, hexadecimal.size);
}

static json_t *string(const struct tree *tree, struct slice text) {
    json_t *value = json_stringn(text.size == 0 ? "" : text.data, text.size);
    return value != NULL ? value : repaired_string(tree->arena, text);
}

static void set_text(const struct tree *tree, json_t *object, struct slice text) {
    json_t *value = json_stringn(text.size == 0 ? "" : text.data, text.size);
    if (value != NULL) {
        set(object, "text", value);
    } else {
        set(object, "text", repaired_string(tree->arena, text));
        set(object, "bytes", hexadecimal_string(tree->arena, text));
    }
}

static json_t *place_value(const struct tree *tree, uint32_t source, uint32_t offset) {
    struct position position = source_locate(tree->sources, source, offset);
    json_t *place = require(json_object());
    set(place, "offset", json_integer(offset));
    set(place, "line", json_integer(position.line));
    set(place, "column", json_integer(position.column));
    return place;
}

static json_t *span_value(const struct tree *tree, struct span span) {
    json_t *value = require(json_object());
    set(value, "file", json_integer(span.source));
    set(value, "begin", place_value(tree, span.source, span.begin));
    set(value, "end", place_value(tree, span.source, span.end));
    return value;
}

static json_t *word_value(const struct tree *tree, const struct word *word) {
    static const char *const quotes[] = {
        [QUOTE_NONE] = "none",
        [QUOTE_SINGLE] = "single",
        [QUOTE_DOUBLE] = "double",
    };
    json_t *value = require(json_object());
    set_text(tree, value, word->text);
    set(value, "quote", json_string(quotes[word->quote]));
    set(value, "span", span_value(tree, word->span));
    return value;
}

static json_t *statements_value(const struct tree *tree, const struct block *block);

static json_t *block_value(const struct tree *tree, const struct block *block) {
    json_t *value = require(json_object());
    set(value, "open", span_value(tree, block->open));
    set(value, "close", span_value(tree, block->close));
    set(value, "statements", statements_value(tree, block));
    return value;
}

static json_t *included_value(const struct tree *tree, const struct block *first) {
    json_t *files = require(json_array());
    for (const struct block *block = first; block != NULL; block = block->next) {
        json_t *file = require(json_object());
        set(file, "file", json_integer(block->open.source));
        set(file, "statements", statements_value(tree, block));
        append(files, file);
    }
    return files;
}

static json_t *statement_value(const struct tree *tree, const struct statement *statement) {
    json_t *value = require(json_object());
    json_t *words = require(json_array());
    for (uint32_t i = 0; i < statement->word_count; i++) {
        append(words, word_value(tree, &statement->words[i]));
    }
    set(value, "name", string(tree, statement_name(statement)));
    set(value, "words", words);
    set(value, "span", span_value(tree, statement->span));
    if (statement->block != NULL) {
        set(value, "block", block_value(tree, statement->block));
    }
    if (statement->included != NULL) {
        set(value, "included", included_value(tree, statement->included));
    }
    return value;
}

static json_t *statements_value(const struct tree *tree, const struct block *block) {
    json_t *statements = require(json_array());
    for (const struct statement *s = block->first; s != NULL; s = s->next) {
        append(statements, statement_value(tree, s));
    }
    return statements;
}

static json_t *comment_value(const struct tree *tree, const struct comment *comment) {
    struct slice source = tree->sources->all.items[comment->span.source]->text;
    size_t size = comment->span.end - comment->span.begin;
    json_t *value = require(json_object());
    set_text(tree, value, slice_take(slice_skip(source, comment->span.begin), size));
    set(value, "span", span_value(tree, comment->span));
    set(value, "alone", json_boolean(comment->is_alone));
    return value;
}

json_t *tree_json_build(const struct tree *tree) {
    json_t *files = require(json_array());
    for (size_t i = 0; i < tree->sources->all.count; i++) {
        append(files, string(tree, tree->sources->all.items[i]->name));
    }
    json_t *comments = require(json_array());
    for (size_t i = 0; i < tree->comments.count; i++) {
        append(comments, comment_value(tree, &tree->comments.items[i]));
    }
    json_t *value = require(json_object());
    set(value, "files", files);
    set(value, "statements", statements_value(tree, tree->root));
    set(value, "comments", comments);
    return value;
}
