/* The resolvers of a generation: a cache of names for each record of section resolver. One whose
 * name servers and options stay the same over a reload goes on with what it knows. */
#ifndef PROXY_RESOLVERS_H
#define PROXY_RESOLVERS_H

#include "net/name_cache.h"
#include "table/table.h"

struct proxy_resolvers {
    uint32_t count;
    struct name_cache *items[]; /* all NULL: names cannot be resolved at all */
};

/* Takes over from `previous` (may be NULL) what is the same there. Without `can_resolve` (c-ares
 * did not start) there is nothing to ask. NULL without memory, or when c-ares does not start. */
struct proxy_resolvers *proxy_resolvers_create(struct loop *loop, const struct table *table,
                                               const struct proxy_resolvers *previous,
                                               bool can_resolve);
void proxy_resolvers_destroy(struct proxy_resolvers *resolvers);

#endif
