/* Expressions that take PCRE2 exponentially long, or with a high power of the subject's length, as
 * there are too many ways to match the same text. Found in the automaton, and shown by a subject
 * that PCRE2 was asked about: nothing is reported that it gets done with. */
#ifndef CHECK_BACKTRACKING_H
#define CHECK_BACKTRACKING_H

#include "check/regex_tree.h"

enum backtracking_kind { BACKTRACKING_NONE, BACKTRACKING_POLYNOMIAL, BACKTRACKING_EXPONENTIAL };

/* A subject is `prefix`, `pump` over and over, `suffix`. */
struct backtracking {
    enum backtracking_kind kind;
    struct slice prefix;
    struct slice pump;
    struct slice suffix;
    uint32_t effort; /* of finding it, or that there is none; 2 * BACKTRACKING_EFFORT at most */
};

/* What an expression that is hard to judge takes, about: a fifth of a second. */
enum { BACKTRACKING_EFFORT = 100 };

/* What a subject may be. */
struct backtracking_subject {
    struct byte_set bytes;
    bool is_path; /* begins with "/", and has no "//" and no "." between slashes */
};

struct backtracking backtracking_find(struct arena *arena, struct slice expression,
                                      bool ignores_case,
                                      const struct backtracking_subject *subject);

/* The subject with so many pumps. */
struct slice backtracking_subject(struct arena *arena, const struct backtracking *found,
                                  uint32_t pumps);

#endif
