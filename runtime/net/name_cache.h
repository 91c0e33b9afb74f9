/* The names that one resolver of the configuration has resolved: answers are kept as long as they
 * say (or the configuration does), everybody who asks for a name meanwhile waits for one query.
 * What did not resolve is not remembered, as in nginx. Both the names and their addresses are
 * bounded: those that were not used for longest go first. */
#ifndef NET_NAME_CACHE_H
#define NET_NAME_CACHE_H

#include "net/resolver.h"
#include "net/socket.h"

struct name_cache;
struct name_entry;

/* Counted, and never changed. Ports are 0. */
struct name_addresses {
    uint32_t references;
    uint32_t count;
    union socket_address items[];
};

struct name_result {
    struct name_addresses *addresses; /* NULL: it did not resolve; to be held by who keeps it */
    uint32_t code;                    /* then: as in struct resolver_answer */
    const char *error;
    uint64_t expires; /* loop time: from then on asking again may give something else */
};

/* Somebody who waits for a name; embedded in what its owner has. Zeroed at first. */
struct name_wait {
    struct name_cache *cache; /* while it waits */
    struct name_wait *next;
    struct name_wait **link;
    struct timer timer;
    void (*done)(struct name_wait *wait, const struct name_result *result);
};

struct name_cache_options {
    struct resolver_options resolver;
    uint32_t valid; /* seconds that answers are kept; 0: as they say */
};

/* One reference for the caller. NULL when there is no memory or c-ares cannot start; the reason in
 * `error`. */
struct name_cache *name_cache_create(struct loop *loop, const struct name_cache_options *options,
                                     const char **error);
struct name_cache *name_cache_hold(struct name_cache *cache);
/* With the last one it ends at the end of the turn; nobody may be waiting then. */
void name_cache_release(struct name_cache *cache);

/* Whether it is the cache for these options. */
bool name_cache_is_for(const struct name_cache *cache, const struct name_cache_options *options);

/* What is known of the name. False when it has to be asked for. */
bool name_cache_find(struct name_cache *cache, struct slice host, struct name_result *result);

/* Calls `wait->done` once, never before this returns: with an answer, or after `timeout`
 * milliseconds (0: as long as the resolver takes) without one. False when there is no memory or too
 * many names are being asked for. */
__attribute__((warn_unused_result)) bool name_cache_wait(struct name_cache *cache,
                                                         struct slice host, uint64_t timeout,
                                                         struct name_wait *wait);

/* No longer interested; fine for one that does not wait. */
void name_wait_cancel(struct name_wait *wait);

/* One reference for the caller; NULL without memory. */
struct name_addresses *name_addresses_copy(const struct resolver_answer *answer);
struct name_addresses *name_addresses_hold(struct name_addresses *addresses);
void name_addresses_release(struct name_addresses *addresses);

#endif
