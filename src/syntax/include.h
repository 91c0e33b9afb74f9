/* Includes: which files a pattern names, and what they bring into the tree. */
#ifndef SYNTAX_INCLUDE_H
#define SYNTAX_INCLUDE_H

#include "syntax/tree.h"

#include <sys/types.h>

enum {
    INCLUDE_DEPTH_LIMIT = 50,
    INCLUDE_SIZE_LIMIT = 1 << 30 /* bytes of one file: offsets have 32 bits */
};

/* A file that is being read; those it was included from are outside of it. */
struct open_file {
    const struct open_file *outer; /* NULL for the main file */
    const struct source *source;
    uint32_t depth; /* number of files outside */
    /* What tells whether two names mean one file; text from memory has none. */
    bool has_identity;
    dev_t device;
    ino_t inode;
};

struct includer {
    struct tree *tree;
    struct slice directory; /* what relative patterns are relative to: "" or ending with '/' */
    bool is_disabled;       /* include statements stay unexpanded */
    bool may_lack_stock_files;
};

/* Reads the text of `file`, and all that it includes, into `block`. */
void include_read_file(const struct includer *includer, const struct open_file *file,
                       struct block *block);

/* Opens and reads `path`, or standard input when it is NULL, and learns its identity, without
 * parsing it. Returns 0, or an errno value. */
int include_load_file(struct arena *arena, const char *path, struct open_file *file,
                      struct slice *content);

#endif
