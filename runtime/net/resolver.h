/* Host names to addresses, asynchronously, by c-ares on the worker's loop. /etc/hosts and
 * /etc/resolv.conf are honoured. */
#ifndef NET_RESOLVER_H
#define NET_RESOLVER_H

#include "loop/loop.h"

#include <sys/socket.h>

struct resolver;
struct resolver_query;

struct resolver_answer {
    struct sockaddr_storage *addresses; /* ports are 0; only during the call */
    uint32_t count;                     /* 0: it did not resolve */
    const char *error;                  /* with count 0: why */
    uint32_t ttl;                       /* seconds; 0 when unknown */
};

/* NULL when c-ares cannot start; its reason in `error`. */
struct resolver *resolver_create(struct loop *loop, const char **error);

/* Cancels what is running without calling back. Not from within a `done`. The sockets' memory is
 * released by a deferred task, as any handle's: the loop should end its turn afterwards. */
void resolver_destroy(struct resolver *resolver);

/* Resolves `host` (IPv4 and IPv6) and calls `done` once, never before this returns. NULL when there
 * is no memory. */
struct resolver_query *
resolver_start(struct resolver *resolver, const char *host,
               void (*done)(void *owner, const struct resolver_answer *answer), void *owner);

/* The owner is no longer interested; `done` will not be called. */
void resolver_cancel(struct resolver_query *query);

#endif
