/* Bytes that would end a line or a word of a message, encoded or replaced; see safe_text.h. */
#include "engine/safe_text.h"

static size_t count_controls(struct slice text, unsigned char last) {
    size_t count = 0;
    for (size_t i = 0; i < text.size; i++) {
        unsigned char byte = (unsigned char)text.data[i];
        count += byte <= last || byte == 0x7f;
    }
    return count;
}

struct slice engine_escape_controls(struct arena *arena, struct slice text, unsigned char last) {
    static const char digits[] = "0123456789ABCDEF";
    size_t count = text.data == NULL ? 0 : count_controls(text, last);
    if (count == 0) {
        return text;
    }
    char *escaped = arena_allocate_bytes(arena, text.size + 2 * count);
    if (escaped == NULL) {
        return (struct slice){NULL, 0};
    }
    char *end = escaped;
    for (size_t i = 0; i < text.size; i++) {
        unsigned char byte = (unsigned char)text.data[i];
        if (byte > last && byte != 0x7f) {
            *end++ = (char)byte;
            continue;
        }
        *end++ = '%';
        *end++ = digits[byte >> 4];
        *end++ = digits[byte & 15];
    }
    return (struct slice){escaped, (size_t)(end - escaped)};
}

static bool is_unsafe(char byte) {
    return (unsigned char)byte <= '\r' && (byte == '\r' || byte == '\n' || byte == '\0');
}

bool engine_make_value_safe(struct arena *arena, struct slice *value) {
    size_t i = 0;
    while (i < value->size && !is_unsafe(value->data[i])) {
        i++;
    }
    if (i == value->size) {
        return true;
    }
    char *copy = arena_allocate_bytes(arena, value->size);
    if (copy == NULL) {
        return false;
    }
    for (i = 0; i < value->size; i++) {
        copy[i] = is_unsafe(value->data[i]) ? ' ' : value->data[i];
    }
    value->data = copy;
    return true;
}
