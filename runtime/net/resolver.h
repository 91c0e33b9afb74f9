/* Host names to addresses, asynchronously, by c-ares on the worker's loop. Either as the system
 * does it, honouring /etc/hosts and /etc/resolv.conf, or by asking given name servers and nothing
 * else. Nothing is remembered here: see name_cache.h. */
#ifndef NET_RESOLVER_H
#define NET_RESOLVER_H

#include "loop/loop.h"

#include <sys/socket.h>

struct resolver;
struct resolver_query;

/* nginx's numbers of what a name server answered; any other is c-ares' own. */
enum { RESOLVER_NOT_FOUND = 3, RESOLVER_TIMED_OUT = 110 };

/* As many addresses of one name are used. */
enum { RESOLVER_ADDRESSES_LIMIT = 1024 };

struct resolver_answer {
    /* In an order that does not depend on the name server's: IPv4 first, then by their bytes. Ports
     * are 0; only during the call. */
    struct sockaddr_storage *addresses;
    uint32_t count;    /* 0: it did not resolve */
    uint32_t code;     /* with count 0: RESOLVER_… or another number for logs */
    const char *error; /* with count 0: the same in words */
    uint32_t ttl;      /* seconds; 0 when unknown, or when the name server says so */
};

struct resolver_options {
    const char *servers; /* "127.0.0.1:53,[::1]:5353": each is asked in turn; NULL: the system's */
    bool ipv4;           /* the families to ask for */
    bool ipv6;
};

/* NULL when c-ares cannot start; its reason in `error`. */
struct resolver *resolver_create(struct loop *loop, const struct resolver_options *options,
                                 const char **error);

/* Cancels what is running without calling back. Not from within a `done`. The sockets' memory is
 * released by a deferred task, as any handle's: the loop should end its turn afterwards. */
void resolver_destroy(struct resolver *resolver);

/* Resolves `host` and calls `done` once, never before this returns. NULL when there
 * is no memory. */
struct resolver_query *
resolver_start(struct resolver *resolver, const char *host,
               void (*done)(void *owner, const struct resolver_answer *answer), void *owner);

/* The owner is no longer interested; `done` will not be called. */
void resolver_cancel(struct resolver_query *query);

#endif
