/* The automaton of an expression's positions: a position is a class of the expression as it is
 * written, repeated ones several times; after one of them others may follow. In how many ways is
 * counted up to two, as that is what makes matching explode. */
#ifndef CHECK_REGEX_AUTOMATON_H
#define CHECK_REGEX_AUTOMATON_H

#include "check/regex_tree.h"

#define REGEX_POSITION_LIMIT 96

struct regex_automaton {
    uint32_t count;
    struct byte_set bytes[REGEX_POSITION_LIMIT];
    uint8_t first[REGEX_POSITION_LIMIT]; /* ways in which a match begins there */
    uint8_t follow[REGEX_POSITION_LIMIT][REGEX_POSITION_LIMIT];
};

/* False: the expression is not understood, or has too many positions. */
bool regex_automaton_build(const struct regex_tree *tree, struct regex_automaton *automaton);

#endif
