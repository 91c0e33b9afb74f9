/* A text that an expression matches, made from its tree: the first branch of every choice, as
 * little as every repetition asks for, and letters where a class leaves a choice. It may be none
 * after all, as what lookarounds want is not known; PCRE2 is to be asked. */
#ifndef CHECK_REGEX_SAMPLE_H
#define CHECK_REGEX_SAMPLE_H

#include "check/regex_tree.h"

struct regex_sample {
    struct slice text;
    VECTOR_OF(size_t) wildcards; /* where a '.' of it is for a single byte of any kind */
};

/* False: the expression is not understood, or the text would be too long. */
bool regex_sample_make(struct arena *arena, const struct regex_tree *tree,
                       struct regex_sample *sample);

/* A byte of the set that reads well; the set is not empty. */
unsigned char regex_sample_byte(const struct byte_set *set);

#endif
