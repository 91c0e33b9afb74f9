/* What a word means once its quotes and escapes are taken off. */
#ifndef SYNTAX_WORD_H
#define SYNTAX_WORD_H

#include "syntax/tree.h"

/* The word written as `raw` at `span`. Its text is part of `raw` unless an escape changes it. */
struct word word_decode(struct arena *arena, struct span span, struct slice raw);

#endif
