/* What fuzz targets share: an assertion that is never compiled out, and numbers taken from the
 * input. */
#ifndef FUZZ_H
#define FUZZ_H

#include "base/slice.h"

#include <stdint.h>
#include <stdlib.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static inline void require(bool condition) {
    if (!condition) {
        abort();
    }
}

static inline bool lies_inside(struct slice part, struct slice whole) {
    return part.size == 0 ||
           (part.data >= whole.data && part.data + part.size <= whole.data + whole.size);
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
