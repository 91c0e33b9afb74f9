/* Making the memory of a zone of limits, and putting right what an ended process has left in it.
 * What is counted there is in requests.h and connections.h. */
#ifndef LIMIT_ZONE_H
#define LIMIT_ZONE_H

#include "net/shared_memory.h"

#include <stdint.h>

/* Memory of about so many bytes, with a secret of its own. Returns its descriptor, or -1 with errno
 * set. */
int limit_zone_create(uint64_t size);

/* The process of that number has ended: what it had locked is free, and with `counts_connections`
 * those that it had are no more. `self` is the caller's number. False when the lock was not to be
 * had in time, as a process that has it has stopped: to be tried again. */
__attribute__((warn_unused_result)) bool
limit_zone_clear(struct shared_area *area, bool counts_connections, uint32_t self, uint32_t ended);

#endif
