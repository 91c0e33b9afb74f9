/* What the supervisor keeps for workers to count limits in: memory for every zone of limit_req and
 * limit_conn that a table has. A reload takes over what has the same name, key and size, with all
 * that was counted; the rate may be another. */
#ifndef LIMIT_ZONES_H
#define LIMIT_ZONES_H

#include "delivery.h"
#include "log/failure.h"
#include "table/table.h"

#include <sys/types.h>

struct limit_memory_zone;

/* All zero: there are none. */
struct limit_zones {
    uint32_t count;
    struct limit_memory_zone **zones; /* by record of section limit_zone */
};

/* Makes what `table` needs, or takes it over from that of the table before, which may be NULL.
 * `number` is the bundle's. limit_zones_close is due in either case. False with the reason in
 * `failure`. */
__attribute__((warn_unused_result)) bool
limit_zones_open(struct limit_zones *zones, const struct table *table, uint32_t number,
                 const struct limit_zones *previous, const struct table *previous_table,
                 struct failure *failure);
void limit_zones_close(struct limit_zones *zones);

/* Puts their memory into a delivery, borrowed, from position `first` on. */
void limit_zones_deliver(const struct limit_zones *zones, struct delivery *delivery,
                         uint32_t first);

/* That process has ended: what it has locked is free, and what it counted of requests under way is
 * taken back. What a process that has stopped keeps locked is taken back after the next one has
 * ended. */
void limit_zones_forget_process(struct limit_zones *zones, pid_t process);

#endif
