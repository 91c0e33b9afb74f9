/* Text to tree: reads a file and everything it includes. */
#ifndef SYNTAX_PARSE_H
#define SYNTAX_PARSE_H

#include "syntax/tree.h"

struct parse_options {
    const char *prefix;        /* what relative include patterns are relative to; NULL: the
                                  directory of the main file */
    bool ignore_includes;      /* keep include statements unexpanded (fmt, fuzzing) */
    bool may_lack_stock_files; /* mime.types and others that come with nginx are empty when missing
                                */
    struct progress *progress; /* counts statements; may be NULL. The tree keeps it. */
};

/* Reads and parses `path` ("-" for standard input). Returns 0, or an errno value when the main file
 * itself cannot be read; anything else that is wrong is a diagnostic in `diagnostics`. The tree
 * holds what was understood even when there were errors. Everything is allocated from `arena`. */
int parse_file(struct arena *arena, struct source_set *sources, struct diagnostic_list *diagnostics,
               const char *path, const struct parse_options *options, struct tree *tree);

/* Parses text that is already in memory, under the name `name`. */
void parse_text(struct arena *arena, struct source_set *sources,
                struct diagnostic_list *diagnostics, struct slice name, struct slice text,
                const struct parse_options *options, struct tree *tree);

#endif
