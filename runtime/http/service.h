/* The HTTP service of one worker: everything between an accepted connection and its end. What the
 * worker process (runtime/worker.c) sees of http/ and proxy/. */
#ifndef HTTP_SERVICE_H
#define HTTP_SERVICE_H

#include "loop/loop.h"
#include "net/generation.h"

struct balance_zone;
struct memory_pool;
struct staple_board;
struct http_service;

struct http_proxy_hooks; /* http/exchange.h; the only ones are proxy_hooks in proxy/proxy.h */

struct http_file_hooks; /* http/exchange.h; the only ones are file_hooks in file/file.h */

struct http_service_options {
    const struct http_proxy_hooks *proxy;
    const struct http_file_hooks *files;
    struct balance_zone *zone;    /* peer states; may be NULL */
    struct staple_board *staples; /* answers about certificates; may be NULL */
    struct loop *loop;
    struct log *log;
    struct memory_pool *memory; /* for nghttp2; outlives the last tasks of the loop */
    uint32_t worker_connections;
    bool multi_accept;
    const char *prefix; /* where relative roots begin; NULL: the current folder */
};

/* NULL when there is no memory. */
struct http_service *http_service_create(const struct http_service_options *options);

/* Makes `generation` (one reference passes to the service) the one that new exchanges begin on.
 * Peer state and kept back connections of groups that go on under the same name are carried over.
 * False when there is no memory; the old one then stays. */
__attribute__((warn_unused_result)) bool http_service_use(struct http_service *service,
                                                          struct generation *generation);

/* Starts accepting on a socket that is bound and listening; `record` is the one of section
 * listener in the current generation. The descriptor passes to the service. */
__attribute__((warn_unused_result)) bool http_service_listen(struct http_service *service, int fd,
                                                             uint32_t record);

/* After a reload: sockets are matched to the new generation's listeners. `fds[i]` is the socket
 * already being accepted on that is now listener i, or -1 (to be added by http_service_listen).
 * Sockets not named are closed. */
void http_service_relisten(struct http_service *service, const int *fds, uint32_t count);

/* Log files whose paths have variables are opened anew from now on. */
void http_service_reopen_logs(struct http_service *service);

/* Graceful: no more accepting, idle connections are closed, exchanges end. `on_idle(data)` is
 * called once nothing is left, perhaps at once. */
void http_service_drain(struct http_service *service, void (*on_idle)(void *data), void *data);

/* Closes all connections to clients, and with them what is going on for them. */
void http_service_close(struct http_service *service);

/* Closes everything at once and frees the service. */
void http_service_destroy(struct http_service *service);

#endif
