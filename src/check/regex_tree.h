/* Regular expressions as trees, read as PCRE2 reads them without UTF: what a class admits is a set
 * of bytes. Rules ask here which bytes a group can capture, whether an expression is anchored, and
 * build automata from it. What is beyond this reader (backreferences, recursion, conditions) is a
 * node REGEX_UNKNOWN, which may match anything. */
#ifndef CHECK_REGEX_TREE_H
#define CHECK_REGEX_TREE_H

#include "base/vector.h"
#include "check/byte_set.h"

enum regex_kind {
    REGEX_BYTES,      /* one byte of a set */
    REGEX_SEQUENCE,   /* the children in order; none: the empty text */
    REGEX_CHOICE,     /* one of the children */
    REGEX_REPEAT,     /* the only child, `least` to `most` times */
    REGEX_LOOK,       /* looks at what the child matches, and takes nothing */
    REGEX_BEGIN,      /* ^ \A */
    REGEX_END,        /* $, which holds before a newline at the end, too; \Z */
    REGEX_STRICT_END, /* \z */
    REGEX_BORDER,     /* \b and other assertions */
    REGEX_UNKNOWN,    /* any text */
};

#define REGEX_UNBOUNDED UINT32_MAX

struct regex_node {
    enum regex_kind kind;
    uint32_t least;
    uint32_t most;
    uint32_t group;      /* the number of the group that it is; 0: none */
    struct slice name;   /* of the group */
    struct slice source; /* where it is written */
    struct byte_set bytes;
    bool is_negative; /* REGEX_LOOK */
    VECTOR_OF(struct regex_node *) children;
};

struct regex_tree {
    struct regex_node *root;
    uint32_t group_count;
    bool is_understood; /* there is no REGEX_UNKNOWN in it */
    enum { REGEX_ASKS_UNKNOWN, REGEX_ASKS_NOTHING, REGEX_ASKS_SOMETHING } asks; /* dataflow.h */
};

/* Never fails: what does not compile, and what is nested too deep, is REGEX_UNKNOWN. */
void regex_tree_read(struct arena *arena, struct slice expression, bool ignores_case,
                     struct regex_tree *tree);

/* The bytes that group `number`, or the one called `name` when that is 0, may capture; of groups
 * of one name those of all. Everything, where there is no such group. Group 0 without a name is
 * the whole match. */
struct byte_set regex_tree_group_bytes(const struct regex_tree *tree, uint32_t number,
                                       struct slice name);

/* Whether the group takes the end of every subject that matches. A newline behind it does not
 * count. */
bool regex_tree_group_is_last(const struct regex_tree *tree, uint32_t number, struct slice name);

/* Whether the group may begin with ".." and go on with "/" where what it follows is no slash: of
 * "/files../x" it is "../x" then. */
bool regex_tree_group_may_climb(const struct regex_tree *tree, uint32_t number, struct slice name);

/* Whether every match begins at the beginning of the subject, or ends at its end; a newline behind
 * the end does not count. */
bool regex_tree_is_anchored_at_start(const struct regex_tree *tree);
bool regex_tree_is_anchored_at_end(const struct regex_tree *tree);

/* The bytes that a subject may hold which matches: all, unless the expression is anchored at both
 * ends. A newline is among them where `$` lets one follow. */
struct byte_set regex_tree_subject_bytes(const struct regex_tree *tree);

/* Whether it matches exactly the subjects with a byte of the set in them: a class on its own. */
bool regex_tree_is_search_for(const struct regex_tree *tree, struct byte_set *bytes);

/* For regex_tree.c: reads what stands behind a backslash, or a class behind its '[', and moves `at`
 * behind it. False: no set of bytes. */
bool regex_class_read_escape(struct slice text, size_t *at, struct byte_set *bytes);
bool regex_class_read_brackets(struct slice text, size_t *at, bool ignores_case,
                               struct byte_set *bytes);

#endif
