/* Quotes and escapes of one word. */
#include "syntax/word.h"

/* The byte that a backslash and `byte` stand for; false when the pair stays as it is
 * (ngx_conf_read_token). */
static bool decode_pair(char byte, char *meaning) {
    static const char pairs[][2] = {{'"', '"'},  {'\'', '\''}, {'\\', '\\'},
                                    {'t', '\t'}, {'r', '\r'},  {'n', '\n'}};
    for (size_t i = 0; i < sizeof pairs / sizeof pairs[0]; i++) {
        if (pairs[i][0] == byte) {
            *meaning = pairs[i][1];
            return true;
        }
    }
    return false;
}

static struct slice resolve_escapes(struct arena *arena, struct slice raw) {
    if (slice_find_byte(raw, '\\') == raw.size) {
        return raw;
    }
    char *text = arena_allocate_bytes(arena, raw.size);
    if (text == NULL) {
        memory_exhausted();
    }
    size_t size = 0;
    for (size_t i = 0; i < raw.size; i++) {
        char byte = raw.data[i];
        if (byte == '\\' && i + 1 < raw.size && decode_pair(raw.data[i + 1], &byte)) {
            i++;
        }
        text[size++] = byte;
    }
    return (struct slice){text, size};
}

static enum quote opening_quote(struct slice raw) {
    switch (raw.data[0]) {
    case '"':
        return QUOTE_DOUBLE;
    case '\'':
        return QUOTE_SINGLE;
    default:
        return QUOTE_NONE;
    }
}

struct word word_decode(struct arena *arena, struct span span, struct slice raw) {
    enum quote quote = opening_quote(raw);
    struct slice inside = raw;
    if (quote != QUOTE_NONE) {
        inside = slice_skip(raw, 1);
        if (inside.size > 0) {
            inside.size--; /* the closing quote */
        }
    }
    return (struct word){resolve_escapes(arena, inside), span, quote};
}
