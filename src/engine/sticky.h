/* Keeping clients with a peer: which one a request names, and what the client is told. Pure
 * functions of the request and the table. */
#ifndef ENGINE_STICKY_H
#define ENGINE_STICKY_H

#include "engine/engine.h"

/* The name of the peer that the request asks for; empty when it asks for none. False without
 * memory. */
__attribute__((warn_unused_result)) bool engine_find_route(struct engine_request *request,
                                                           const struct table_sticky *sticky,
                                                           struct slice *route);

/* The value of the Set-Cookie field that binds the client to the peer of that name. `now` is the
 * time in seconds since 1970. It may hold what variables gave it: control characters are the
 * caller's to deal with. False without memory. */
__attribute__((warn_unused_result)) bool engine_make_cookie(struct engine_request *request,
                                                            const struct table_sticky *sticky,
                                                            struct slice route, int64_t now,
                                                            struct slice *cookie);

#endif
