/* What a terminal shows for a piece of text: one glyph at a time, with the columns it takes. Bytes
 * that could control the terminal or mislead the reader (control characters, marks that reorder
 * text, what is not UTF-8) are shown as '?', since configurations come from strangers too. */
#ifndef SYNTAX_GLYPH_H
#define SYNTAX_GLYPH_H

#include "base/slice.h"

#include <stdio.h>

enum { GLYPH_TAB_WIDTH = 4 };

struct glyph {
    size_t size;        /* bytes of the text it stands for; at least 1 */
    uint32_t width;     /* columns */
    struct slice shown; /* what to print; empty when it is `width` spaces */
};

/* The first glyph of `text`, which must not be empty, printed at `column` (from 0). */
struct glyph glyph_read(struct slice text, uint32_t column);

/* Columns that `text` takes when it begins at column 0. */
uint32_t glyph_measure(struct slice text);

/* Prints what a terminal may be shown of `text`; returns the columns it took. */
uint32_t glyph_print(FILE *out, struct slice text);

/* Decodes the UTF-8 sequence at the beginning of `text`; returns its size, 0 when it is not one. */
size_t glyph_decode_utf8(struct slice text, uint32_t *point);

#endif
