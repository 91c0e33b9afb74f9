/* What edits make of a text, and the difference as a unified diff. */
#ifndef CLI_TEXT_DIFF_H
#define CLI_TEXT_DIFF_H

#include "syntax/diagnostic.h"

#include <stdio.h>

struct text_edits {
    VECTOR_OF(struct diagnostic_edit) items; /* by place, none overlapping another */
};

/* The edited text, in the arena. */
struct slice text_edits_apply(struct arena *arena, struct slice text,
                              const struct text_edits *edits);

/* Prints the difference as diff -u does, with three lines around each change; nothing when there
 * is none. `name` is the file's on both sides. */
void text_edits_print(FILE *out, struct arena *arena, struct slice name, struct slice text,
                      const struct text_edits *edits);

#endif
