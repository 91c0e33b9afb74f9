/* What differs between two tables, told by what things are: a server by where it listens and what
 * it is called, a location by its server, kind and name, an upstream group and its peers by their
 * names. Numbers of records and lines of the configuration make no difference.
 *
 * Fields are compared by the descriptions in table.h, so that a new field or a new kind of record
 * is covered without being mentioned here. For the compiler: running out of memory ends the
 * process. */
#ifndef TABLE_DIFF_H
#define TABLE_DIFF_H

#include "base/vector.h"
#include "table/table.h"

#include <stdio.h>

enum diff_side { DIFF_OLD, DIFF_NEW };

enum diff_kind { DIFF_ADDED, DIFF_REMOVED, DIFF_CHANGED, DIFF_REORDERED };

/* Something that can be told apart by name. */
struct diff_thing {
    const struct diff_thing *outer; /* e.g. the server of a location; NULL when there is none */
    enum table_section section;
    uint32_t records[2]; /* by enum diff_side; TABLE_NONE where it is missing */
    /* "if" and "limit_except": a block of the location that is outside, or NULL. */
    const char *block;
    struct slice condition; /* behind the word */
};

/* One difference, and all things that have it. */
struct diff_change {
    enum diff_kind kind;
    struct slice what; /* e.g. weight; empty when the thing itself was added or removed */
    /* As in the configuration; empty where there is none. CHANGED with equal values: the difference
     * is beyond what is shown of a value. */
    struct slice values[2];
    VECTOR_OF(const struct diff_thing *) things; /* at least one */
};

struct table_diff {
    const struct table *tables[2];
    VECTOR_OF(struct diff_change *) changes; /* in the order of the site */
    const struct differ *differ;             /* what the labels of things need */
};

/* Compares two tables that table_open has accepted; everything is allocated from `arena`. False
 * when they are so entangled that comparing them would not end in good time, which no compiler's
 * tables are. */
bool table_diff(struct table_diff *diff, struct arena *arena, const struct table *old,
                const struct table *new);

/* What a thing is, in one word: "server", "if". */
const char *diff_thing_word(const struct diff_thing *thing);

/* The side on which to look at a thing: the new one unless it was removed. */
enum diff_side diff_thing_side(const struct diff_thing *thing);

/* Its name alone, without quotes, or a block's condition; empty when it has none. */
struct slice diff_thing_name(const struct table_diff *diff, const struct diff_thing *thing);

/* All of it, from the outside in: server "example.com", location "/api/". */
void diff_thing_print(FILE *out, const struct table_diff *diff, const struct diff_thing *thing);

/* Where it was written on one side; source TABLE_NONE when nobody wrote it there. */
struct table_place diff_thing_place(const struct table_diff *diff, const struct diff_thing *thing,
                                    enum diff_side side);

#endif
