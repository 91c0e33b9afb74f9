/* The tree: statements with words, spans and comments. It knows nothing of what a directive
 * means. Included files are part of it: an include statement carries the blocks it brought in. */
#ifndef SYNTAX_TREE_H
#define SYNTAX_TREE_H

#include "base/progress.h"
#include "syntax/diagnostic.h"
#include "syntax/source.h"

enum quote { QUOTE_NONE, QUOTE_SINGLE, QUOTE_DOUBLE };

/* A large site has millions, so nothing is lost to padding. */
struct word {
    struct slice text; /* without quotes, escapes resolved as nginx does */
    struct span span;  /* with its quotes */
    enum quote quote;
};

struct statement {
    struct statement *next; /* in its block */
    struct block *parent;   /* the block it stands in */
    struct word *words;     /* at least one: the directive's name */
    uint32_t word_count;
    struct span span;       /* from the first word to ';' or '}' */
    struct block *block;    /* NULL when it ends with ';' */
    struct block *included; /* for an include statement: what it brought in, chained by `next` */
};

struct block {
    struct statement *owner; /* NULL for a file's outermost block */
    struct block *next;      /* the next file of the same include */
    struct statement *first;
    struct statement *last;
    struct span open;  /* the '{'; for a file its first byte */
    struct span close; /* the '}'; for a file its end */
    /* For an included file the block in which its include statement stands, else NULL. */
    struct block *included_into;
    struct statement *included_by; /* that include statement */
};

struct comment {
    struct span span; /* from '#' to the end of the line */
    uint32_t line;    /* from 1 */
    bool is_alone;    /* nothing but white space stands before it on its line */
};

struct tree {
    struct arena *arena;
    struct source_set *sources;
    struct diagnostic_list *diagnostics;
    struct progress *progress; /* of the work on the tree; NULL when nobody wants to see it */
    struct block *root;        /* the main file */
    VECTOR_OF(struct comment) comments; /* of all files, in order of reading */
};

/* The directive's name. */
static inline struct slice statement_name(const struct statement *statement) {
    return statement->words[0].text;
}

/* Number of arguments: words after the name. */
static inline uint32_t statement_argument_count(const struct statement *statement) {
    return statement->word_count - 1;
}

/* Argument `index`, from 0. */
static inline const struct word *statement_argument(const struct statement *statement,
                                                    uint32_t index) {
    return &statement->words[index + 1];
}

/* Whether it is an include that syntax/ expands: of that name, ending with ';'. */
bool statement_is_include(const struct statement *statement);

/* Walks a block's statements in order, entering included files in place and leaving out the
 * include statements themselves:
 *
 *     struct tree_walk walk = tree_walk_begin(block);
 *     for (struct statement *s; (s = tree_walk_next(&walk)) != NULL;) …
 *
 * There is nothing in a block that is not there (NULL).
 */
struct tree_walk {
    struct block *outermost;
    struct block *block;
    struct statement *statement;
};

struct tree_walk tree_walk_begin(struct block *block);
struct statement *tree_walk_next(struct tree_walk *walk);

/* The statement whose block this one stands in, looking through includes; NULL at the top. */
struct statement *statement_owner(const struct statement *statement);

#endif
