/* Where a block redirects visitors to: by return, by rewrite, and by pages of errors that are URLs.
 */
#ifndef CHECK_REDIRECTS_H
#define CHECK_REDIRECTS_H

#include "check/site.h"

struct redirect {
    const struct template *target;
    const struct regex *captured; /* see struct dataflow_place */
    bool escapes_captures;        /* $1 to $9 are encoded again */
};
struct redirect_list {
    VECTOR_OF(struct redirect) items;
};

void redirects_collect(struct arena *arena, const struct site_block *block,
                       struct redirect_list *list);

#endif
