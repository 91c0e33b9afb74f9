/* What the supervisor does for workers that their user may not: worker_rlimit_nofile,
 * worker_rlimit_core, worker_priority and worker_cpu_affinity. As in nginx what cannot be had is
 * told, and the worker goes on without. */
#ifndef WORKER_LIMITS_H
#define WORKER_LIMITS_H

#include "reporter.h"
#include "table/table.h"

#include <sys/types.h>

/* The most files a worker may have open; `inherited` where the table does not say. */
uint64_t worker_limits_files(const struct table *table, uint64_t inherited);

/* In a process that has just been forked to become the worker of that place. */
void worker_limits_begin(const struct reporter *reporter, const struct table *table,
                         uint32_t place);

/* After a reload, in the supervisor, for a worker that goes on: what has changed. What is no longer
 * there becomes the supervisor's own. */
void worker_limits_change(const struct reporter *reporter, const struct table *table,
                          const struct table *previous, uint32_t place, pid_t process);

#endif
