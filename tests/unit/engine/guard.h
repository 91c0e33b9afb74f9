/* Inputs that end at an unmapped page, so that reading one byte too far ends the test. */
#ifndef ENGINE_GUARD_H
#define ENGINE_GUARD_H

#include "base/slice.h"

#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>

/* A copy of `text` whose last byte is the last readable one; the next call overwrites it. */
static inline struct slice guard_copy(struct slice text) {
    enum { PAGE = 65536, READABLE = 4 * PAGE }; /* a multiple of any page size in use */
    static char *pages;
    if (pages == NULL) {
        pages =
            mmap(NULL, READABLE + PAGE, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
        if (pages == MAP_FAILED || mprotect(pages + READABLE, PAGE, PROT_NONE) != 0) {
            abort();
        }
    }
    if (text.size > READABLE) {
        abort();
    }
    char *copy = pages + READABLE - text.size;
    if (text.size > 0) {
        memcpy(copy, text.data, text.size);
    }
    return (struct slice){copy, text.size};
}

#endif
