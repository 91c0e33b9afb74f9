/* Counting requests at a time: limit_conn. Each process has entries of its own for a key, of which
 * the sum counts; so what a process had that was killed is known, and taken back. */
#ifndef LIMIT_CONNECTIONS_H
#define LIMIT_CONNECTIONS_H

#include "base/slice.h"
#include "net/shared_memory.h"

#include <stdint.h>

/* What was counted, to be given back. */
struct limit_connection {
    struct shared_area *area; /* NULL: nothing */
    uint64_t key[2];
};

enum limit_seat { LIMIT_SEAT_TAKEN, LIMIT_SEAT_NONE, LIMIT_SEAT_FULL, LIMIT_SEAT_LOCKED };

/* Counts one for the key, unless there are `most` already (NONE), the zone has no room for another
 * key (FULL), or it is not to be had because the process that has its lock has stopped (LOCKED). */
enum limit_seat limit_connections_take(struct shared_area *area, struct slice key, uint32_t most,
                                       uint32_t owner, struct limit_connection *connection);

/* Gives it back, once. False when the zone is locked by a process that has stopped: to be tried
 * again. */
__attribute__((warn_unused_result)) bool
limit_connections_give(const struct limit_connection *connection, uint32_t owner);

#endif
