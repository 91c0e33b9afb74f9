/* A growing piece of text in an arena. For the compiler: running out of memory ends the process. */
#ifndef BASE_TEXT_H
#define BASE_TEXT_H

#include "base/arena.h"

#include <stdarg.h>

struct text {
    struct arena *arena;
    char *data; /* terminated once anything was added */
    size_t size;
    size_t capacity;
};

void text_init(struct text *text, struct arena *arena);
void text_add(struct text *text, struct slice s);
void text_add_byte(struct text *text, char byte);
__attribute__((format(printf, 2, 3))) void text_format(struct text *text, const char *format, ...);
__attribute__((format(printf, 2, 0))) void text_format_list(struct text *text, const char *format,
                                                            va_list arguments);

/* What was collected; valid until the next addition. */
struct slice text_slice(const struct text *text);

#endif
