/* Texts put together at random, for tests that compare with a search of everything. Seeded by each
 * test, so that a run can be repeated. */
#ifndef ENGINE_RANDOM_TEXT_H
#define ENGINE_RANDOM_TEXT_H

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static inline unsigned random_below(unsigned limit) {
    return (unsigned)rand() % limit;
}

static inline unsigned random_number(void) {
    return (unsigned)rand() << 16 ^ (unsigned)rand();
}

/* A configuration while it is written. */
struct script {
    char text[64 * 1024];
    size_t size;
};

__attribute__((format(printf, 2, 3))) static inline void script_add(struct script *script,
                                                                    const char *format, ...) {
    va_list arguments;
    va_start(arguments, format);
    size_t room = sizeof script->text - script->size;
    size_t size = (size_t)vsnprintf(script->text + script->size, room, format, arguments);
    va_end(arguments);
    if (size >= room) {
        abort();
    }
    script->size += size;
}

/* One to `most` labels with dots between them. */
static inline char *random_labels(char *text, unsigned most, const char *const labels[],
                                  unsigned label_count) {
    unsigned count = 1 + random_below(most);
    char *end = text;
    for (unsigned i = 0; i < count; i++) {
        end = stpcpy(stpcpy(end, i == 0 ? "" : "."), labels[random_below(label_count)]);
    }
    return end;
}

#endif
