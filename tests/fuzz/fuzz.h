/* What fuzz targets share: an assertion that is never compiled out, and numbers taken from the
 * input. */
#ifndef FUZZ_H
#define FUZZ_H

#include "base/slice.h"

#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

/* Says where and what, as a backtrace of optimised code may not. */
#define require(condition)                                                                         \
    do {                                                                                           \
        if (!(condition)) {                                                                        \
            fprintf(stderr, "%s:%d: not true: %s\n", __FILE__, __LINE__, #condition);              \
            abort();                                                                               \
        }                                                                                          \
    } while (0)

static inline bool lies_inside(struct slice part, struct slice whole) {
    return part.size == 0 ||
           (part.data >= whole.data && part.data + part.size <= whole.data + whole.size);
}

/* The input aligned as memory that is mapped, and with an end that is watched; freed by the caller.
 */
static inline char *copy_input(const uint8_t *data, size_t size) {
    char *copy = malloc(size > 0 ? size : 1);
    require(copy != NULL);
    if (size > 0) {
        memcpy(copy, data, size);
    }
    return copy;
}

/* Takes a byte off the end of the input, so that its beginning stays what it looks like. */
static inline uint8_t take_last(struct slice *input) {
    if (input->size == 0) {
        return 0;
    }
    input->size--;
    return (uint8_t)input->data[input->size];
}

#endif
