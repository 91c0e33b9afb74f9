/* What a worker process does from its fork to its end. */
#ifndef WORKER_PROCESS_H
#define WORKER_PROCESS_H

#include "delivery.h"
#include "privileges.h"
#include "worker.h"

#include <sys/types.h>

struct worker_process_setup {
    pid_t supervisor;
    int line; /* the worker's end; see control.h */
    struct privileges privileges;
    struct table_process process;
    const char *prefix;          /* see worker_start; borrowed */
    struct worker_shared shared; /* the same */
    uint32_t seat;               /* in the zone */
    struct delivery delivery;    /* owned */
};

/* Serves until told to stop or the supervisor is gone, then exits: 0, or 1 when it could not start
 * or could not take a new table. */
__attribute__((noreturn)) void worker_process_run(struct worker_process_setup *setup);

#endif
