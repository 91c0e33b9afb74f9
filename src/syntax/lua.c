/* As much of Lua's lexical rules as it takes to find the end of a block: strings, long strings, and
 * comments of both lengths. */
#include "syntax/lua.h"

bool lua_is_block_of(struct slice directive) {
    return slice_ends_with(directive, SLICE("_by_lua_block"));
}

static char byte_at(struct slice text, size_t at) {
    return at < text.size ? text.data[at] : '\0';
}

/* The size of "[[ ... ]]" or "[==[ ... ]==]" at the beginning of the text, all of it when it has no
 * end; 0 when it begins otherwise. */
static size_t measure_long(struct slice text) {
    size_t level = 0;
    if (byte_at(text, 0) != '[') {
        return 0;
    }
    while (byte_at(text, level + 1) == '=') {
        level++;
    }
    if (byte_at(text, level + 1) != '[') {
        return 0;
    }
    size_t equals = 0;
    bool is_closing = false;
    for (size_t at = level + 2; at < text.size; at++) {
        char byte = text.data[at];
        if (byte == ']' && is_closing && equals == level) {
            return at + 1;
        }
        equals = byte == '=' && is_closing ? equals + 1 : 0;
        is_closing = byte == ']' || (byte == '=' && is_closing);
    }
    return text.size;
}

/* Of a string in quotes; one that its line does not end is no string, and its quote a byte like
 * others. */
static size_t measure_quoted(struct slice text) {
    char quote = text.data[0];
    for (size_t at = 1; at < text.size && text.data[at] != '\n'; at++) {
        if (text.data[at] == quote) {
            return at + 1;
        }
        at += text.data[at] == '\\';
    }
    return 1;
}

static size_t measure_comment(struct slice text) {
    size_t size = measure_long(slice_skip(text, 2));
    return size > 0 ? 2 + size : slice_find_byte(text, '\n');
}

/* Of what is to be passed over as a whole at the beginning of the text, which is not empty. */
static size_t measure_token(struct slice text) {
    size_t size = 0;
    switch (text.data[0]) {
    case '-':
        size = byte_at(text, 1) == '-' ? measure_comment(text) : 1;
        break;
    case '[':
        size = measure_long(text);
        break;
    case '"':
    case '\'':
        size = measure_quoted(text);
        break;
    default:
        break;
    }
    return size > 0 ? size : 1;
}

size_t lua_measure_block(struct slice text) {
    size_t depth = 0;
    size_t at = 0;
    while (at < text.size) {
        char byte = text.data[at];
        if (byte == '}' && depth == 0) {
            return at;
        }
        depth += byte == '{';
        depth -= byte == '}';
        at += measure_token(slice_skip(text, at));
    }
    return text.size;
}
