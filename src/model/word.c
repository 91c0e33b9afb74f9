/* Words and their places: where in the source a byte of a word's text stands. */
#include "model/reading.h"

#include <string.h>

/* What nginx's scanner takes as two bytes for one. */
static bool is_escape(char second) {
    return second == '"' || second == '\'' || second == '\\' || second == 't' || second == 'r' ||
           second == 'n';
}

/* Offset in the source text of byte `index` of the word's text. */
static uint32_t source_offset(const struct source *source, const struct word *word, size_t index) {
    uint32_t at = word->span.begin + (word->quote != QUOTE_NONE ? 1 : 0);
    if (word->span.end - word->span.begin == word->text.size) {
        return at + (uint32_t)index;
    }
    const char *text = source->text.data;
    for (size_t i = 0; i < index && at < word->span.end; i++) {
        bool is_pair = text[at] == '\\' && at + 1 < word->span.end && is_escape(text[at + 1]);
        at += is_pair ? 2 : 1;
    }
    return at < word->span.end ? at : word->span.end;
}

struct span word_span(const struct model *model, const struct word *word, size_t begin,
                      size_t end) {
    struct span span = word->span;
    /* Defaults are words that stand in no source. */
    if (span.end == span.begin || span.source >= model->tree->sources->all.count) {
        return span;
    }
    const struct source *source = model->tree->sources->all.items[span.source];
    return (struct span){
        .source = span.source,
        .begin = source_offset(source, word, begin),
        .end = source_offset(source, word, end),
    };
}

struct slice text_lower(struct model *model, struct slice text) {
    size_t i = 0;
    while (i < text.size && byte_lower(text.data[i]) == text.data[i]) {
        i++;
    }
    if (i == text.size) {
        return text;
    }
    char *lower = arena_require(model->arena, text.size + 1);
    for (i = 0; i < text.size; i++) {
        lower[i] = byte_lower(text.data[i]);
    }
    return (struct slice){lower, text.size};
}

struct slice text_marked(struct arena *arena, char mark, struct slice text) {
    char *marked = arena_allocate_bytes(arena, text.size + 1);
    if (marked == NULL) {
        memory_exhausted();
    }
    marked[0] = mark;
    if (text.size > 0) {
        memcpy(marked + 1, text.data, text.size);
    }
    return (struct slice){marked, text.size + 1};
}
