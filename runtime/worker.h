/* A worker: a loop, the log files, and the HTTP service on it. Where its deliveries come from (the
 * supervisor, or this very process when there is none) is its owner's business. */
#ifndef WORKER_H
#define WORKER_H

#include "delivery.h"
#include "log/failure.h"
#include "log/log.h"
#include "net/generation.h"
#include "net/memory_pool.h"

struct balance_zone;
struct http_service;
struct staple_board;

/* What the process that forks the workers has made for all of them; each may be NULL. */
struct worker_shared {
    struct balance_zone *zone;    /* states of peers */
    struct staple_board *staples; /* answers about certificates */
};

struct worker {
    struct loop loop;
    struct log log;
    struct memory_pool memory;
    struct http_service *service;
    struct generation *generation; /* the current one */
    int *sockets;                /* by listener of the current table: what is accepted on, or -1 */
    struct timer shutdown_timer; /* worker_shutdown_timeout, while draining */
    bool is_draining;
};

/* Starts a loop and a service, as `process` says, and takes the first delivery. Relative roots
 * begin at `prefix`, or the current folder when it is NULL. False with the reason in `failure`;
 * worker_destroy is due in either case. */
__attribute__((warn_unused_result)) bool
worker_start(struct worker *worker, const struct table_process *process, const char *prefix,
             const struct worker_shared *shared, struct delivery *delivery,
             struct failure *failure);

/* Goes over to what is in the delivery, whose descriptors it takes. False when that cannot be
 * completed: the worker is not fit to go on. */
__attribute__((warn_unused_result)) bool
worker_take(struct worker *worker, struct delivery *delivery, struct failure *failure);

/* Accepts nothing more, lets what is going on end, for worker_shutdown_timeout at most, then stops
 * the loop. */
void worker_drain(struct worker *worker);

/* Closes everything at once. */
void worker_destroy(struct worker *worker);

/* Where errors of the process itself go: the main level's error logs. */
const struct log_target *worker_error_logs(const struct worker *worker, uint32_t *count);

#endif
