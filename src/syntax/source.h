/* Source texts and places in them. A place is a source and two offsets; line and column are
 * computed when a diagnostic is printed. */
#ifndef SYNTAX_SOURCE_H
#define SYNTAX_SOURCE_H

#include "base/arena.h"
#include "base/vector.h"

/* Bytes `begin` up to but not including `end` of source number `source`. */
struct span {
    uint32_t source;
    uint32_t begin;
    uint32_t end;
};

struct source {
    uint32_t id;
    struct slice name; /* as the user would write it: the argument, or what include named */
    struct slice text;
    struct span included_at; /* the include statement; only when is_included */
    bool is_included;
    uint32_t *line_starts; /* offset of each line; built on first use */
    uint32_t line_count;
    uint32_t latest_line; /* found last, from 0: places are mostly asked for in order */
};

struct source_set {
    struct arena *arena;
    VECTOR_OF(struct source *) all;
};

struct position {
    uint32_t line;   /* from 1 */
    uint32_t column; /* from 1, in bytes */
};

void source_set_init(struct source_set *set, struct arena *arena);

/* Takes name and text by reference: they live as long as the set's arena. */
struct source *source_add(struct source_set *set, struct slice name, struct slice text);

struct position source_locate(struct source_set *set, uint32_t id, uint32_t offset);

/* The text of line `line` (from 1), without its line end. */
struct slice source_line(struct source_set *set, uint32_t id, uint32_t line);

/* From the beginning of `first` to the end of `last`; both in the same source. */
struct span span_join(struct span first, struct span last);

/* By source, then by where they begin: less than 0, 0 or more, as qsort wants it. */
int span_compare(struct span a, struct span b);

#endif
