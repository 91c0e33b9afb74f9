/* What the supervisor keeps for workers to share about TLS of clients: a store of sessions for
 * every shared cache that a table names, and the keys of tickets. A reload takes over what has the
 * same name and size, and the keys. */
#ifndef SESSION_ZONES_H
#define SESSION_ZONES_H

#include "delivery.h"
#include "log/failure.h"
#include "net/tls_shared.h"
#include "table/table.h"

#include <sys/types.h>

struct session_zone;

/* All zero: there are none. */
struct session_zones {
    struct ticket_keys *keys; /* NULL: no listener speaks TLS */
    uint32_t count;
    struct session_zone **zones; /* by record of section session_zone */
};

/* Makes what `table` needs, or takes it over from that of the table before, which may be NULL.
 * `number` is the bundle's. session_zones_close is due in either case. False with the reason in
 * `failure`. */
__attribute__((warn_unused_result)) bool
session_zones_open(struct session_zones *zones, const struct table *table, uint32_t number,
                   const struct session_zones *previous, const struct table *previous_table,
                   struct failure *failure);
void session_zones_close(struct session_zones *zones);

/* How much shared memory a delivery has, and puts it in, borrowed. */
uint32_t session_zones_memory_count(const struct session_zones *zones);
void session_zones_deliver(const struct session_zones *zones, struct delivery *delivery);

/* That process has ended: what it has locked is free. */
void session_zones_forget_process(struct session_zones *zones, pid_t process);

#endif
