/* How findings tell of a value: the reference that stands in the configuration, and the variable
 * that the value comes from, where that is another one. */
#ifndef CHECK_STORY_H
#define CHECK_STORY_H

#include "check/check.h"

struct story {
    struct span span;    /* of the reference */
    struct slice name;   /* its variable, with '$' */
    struct slice origin; /* "" or " ($x)", with the variable that it comes from */
};

struct story story_tell(struct arena *arena, const struct dataflow_atom *atom);

/* Reports "$x ($y) TEXT" at the reference, with a note where the value comes in, and `help`. */
__attribute__((format(printf, 5, 6))) struct diagnostic *
story_report(struct finding_list *findings, enum rule_id rule, const struct dataflow_atom *atom,
             const char *help, const char *format, ...);

/* A note where the value comes in, unless that is the reference itself. */
void story_note(struct arena *arena, struct diagnostic *diagnostic,
                const struct dataflow_atom *atom);

/* Remembers statements that were reported, as many blocks inherit one. */
struct story_list {
    VECTOR_OF(const struct statement *) statements;
};

/* True the first time. */
bool story_add(struct arena *arena, struct story_list *list, const struct statement *statement);

#endif
