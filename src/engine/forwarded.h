/* From an address to that of the client behind it, as proxies tell it in header fields: what geo
 * and set_real_ip_from have in common (nginx's ngx_http_get_forwarded_addr). */
#ifndef ENGINE_FORWARDED_H
#define ENGINE_FORWARDED_H

#include "base/ip.h"
#include "engine/engine.h"

/* An address on its way back to the client. The caller fills in the first part and where the way
 * begins; what `trust` points to is its own. */
struct engine_walk {
    struct engine_request *request;
    bool (*is_trusted)(const struct engine_walk *walk); /* whether `address` is a proxy's */
    void *trust;
    uint32_t trust_count; /* of networks that is_trusted looks at */
    bool is_recursive;    /* proxies behind proxies are passed over, too */

    struct slice text;    /* as it was written; borrowed */
    struct slice address; /* 4 or 16 bytes, perhaps those below; any other number: none */
    uint32_t port;        /* 0: none was told */
    bool has_moved;       /* some field told an address that counts */
    uint8_t bytes[IP_V6_SIZE];
};

/* Begins at, or moves to, what is written there without a port. False when that is no address. */
bool engine_walk_parse(struct engine_walk *walk, struct slice text);

/* Steps back through a list of addresses, the last one first. Both are false when that takes too
 * much, see ENGINE_EFFORT_LIMIT. */
__attribute__((warn_unused_result)) bool engine_walk_list(struct engine_walk *walk,
                                                          struct slice list);

/* The same through all fields X-Forwarded-For of the request. */
__attribute__((warn_unused_result)) bool engine_walk_forwarded(struct engine_walk *walk);

#endif
