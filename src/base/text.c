/* Growing text. */
#include "base/text.h"

#include <stdio.h>
#include <string.h>

void text_init(struct text *text, struct arena *arena) {
    *text = (struct text){.arena = arena};
}

static void reserve(struct text *text, size_t more) {
    if (more > SIZE_MAX / 2 - text->size) {
        memory_exhausted();
    }
    size_t needed = text->size + more + 1;
    if (needed <= text->capacity) {
        return;
    }
    size_t capacity = text->capacity == 0 ? 64 : text->capacity;
    while (capacity < needed) {
        capacity *= 2;
    }
    char *moved = arena_allocate_bytes(text->arena, capacity);
    if (moved == NULL) {
        memory_exhausted();
    }
    if (text->size > 0) {
        memcpy(moved, text->data, text->size);
    }
    text->data = moved;
    text->capacity = capacity;
}

void text_add(struct text *text, struct slice s) {
    reserve(text, s.size);
    if (s.size > 0) {
        memcpy(text->data + text->size, s.data, s.size);
    }
    text->size += s.size;
    text->data[text->size] = '\0';
}

void text_add_byte(struct text *text, char byte) {
    text_add(text, (struct slice){&byte, 1});
}

void text_format_list(struct text *text, const char *format, va_list arguments) {
    va_list again;
    va_copy(again, arguments);
    int size = vsnprintf(NULL, 0, format, again);
    va_end(again);
    if (size < 0) {
        memory_exhausted();
    }
    reserve(text, (size_t)size);
    vsnprintf(text->data + text->size, (size_t)size + 1, format, arguments);
    text->size += (size_t)size;
}

void text_format(struct text *text, const char *format, ...) {
    va_list arguments;
    va_start(arguments, format);
    text_format_list(text, format, arguments);
    va_end(arguments);
}

struct slice text_slice(const struct text *text) {
    return (struct slice){text->data, text->size};
}
