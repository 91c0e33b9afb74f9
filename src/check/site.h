/* What several rules walk over: the blocks of a model in one list each. */
#ifndef CHECK_SITE_H
#define CHECK_SITE_H

#include "model/model.h"

/* A block that settings stand in: that of http, of a server, of a location or of an `if`. */
struct site_block {
    const struct settings *settings;
    const struct server *server;     /* NULL: http */
    const struct location *location; /* NULL: http, or the server itself */
};

struct site {
    /* http, then the servers, each with what is in it in order of appearance. */
    VECTOR_OF(struct site_block) blocks;
    /* Every location, nested ones and `if` blocks included, in order of appearance, outer before
     * inner. */
    VECTOR_OF(struct location *) locations;
    /* The settings of every block: http, then servers and locations in order of appearance. */
    VECTOR_OF(const struct settings *) settings;
    /* Those of http, then of the servers that have some of their own. */
    VECTOR_OF(const struct server_settings *) server_settings;
    struct model *model;
    struct map found; /* what was looked for in long blocks; see site_find_in_effect */
};

void site_collect(struct site *site, struct model *model);

/* The last statement called `name` in the innermost block around `statement`, or in `statement`'s
 * own, that has one; NULL when none has. For settings the model does not hold. `name` is a literal,
 * by whose address answers are remembered: all servers of a site ask the block around them. */
const struct statement *site_find_in_effect(struct site *site, const struct statement *statement,
                                            struct slice name);

/* Calls the function for every statement of the block, of blocks inside of it, and of included
 * files; for directives the model does not hold. */
void site_for_each_statement(const struct block *block,
                             void (*visit)(void *context, const struct statement *statement),
                             void *context);

/* The same for a block; NULL, too, where the block has no statement. */
const struct statement *site_find_in_block(struct site *site, const struct site_block *block,
                                           struct slice name);

/* Its first statement of that name right in `block`, those of included files among them. */
const struct statement *site_find_own(const struct statement *owner, struct slice name);

/* Whether a directive of that name makes a location answer with something else than files: a
 * backend's response, a program's, a page about the server. */
bool site_is_handler(struct slice directive);

/* Whether one of those stands right in `owner`, which has a block. */
bool site_has_handler(const struct statement *owner);

/* The first header of that name in the list, or NULL. */
const struct header_setting *site_find_header(const struct header_list *list, struct slice name);

#endif
