/* Walking a tree through the files that were included into it. */
#include "syntax/tree.h"

bool statement_is_include(const struct statement *statement) {
    return statement->block == NULL && slice_equals(statement_name(statement), SLICE("include"));
}

struct tree_walk tree_walk_begin(struct block *block) {
    return (struct tree_walk){block, block, block != NULL ? block->first : NULL};
}

/* From the end of an included file to the next one, or behind the include statement. */
static void leave_file(struct tree_walk *walk) {
    if (walk->block->next != NULL) {
        walk->block = walk->block->next;
        walk->statement = walk->block->first;
    } else {
        walk->statement = walk->block->included_by->next;
        walk->block = walk->block->included_into;
    }
}

struct statement *tree_walk_next(struct tree_walk *walk) {
    for (;;) {
        struct statement *statement = walk->statement;
        if (statement == NULL) {
            if (walk->block == walk->outermost) {
                return NULL;
            }
            leave_file(walk);
        } else if (!statement_is_include(statement)) {
            walk->statement = statement->next;
            return statement;
        } else if (statement->included != NULL) {
            walk->block = statement->included;
            walk->statement = walk->block->first;
        } else {
            walk->statement = statement->next;
        }
    }
}

struct statement *statement_owner(const struct statement *statement) {
    const struct block *block = statement->parent;
    while (block->included_into != NULL) {
        block = block->included_into;
    }
    return block->owner;
}
