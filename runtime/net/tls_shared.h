/* What all workers share about TLS of clients, as one generation has it: the keys of tickets and
 * the stores of sessions, from descriptors of the supervisor. */
#ifndef NET_TLS_SHARED_H
#define NET_TLS_SHARED_H

#include "net/session_store.h"
#include "net/ticket_keys.h"

enum {
    TLS_SHARED_KEYS,
    TLS_SHARED_STORES
}; /* positions of descriptors: the keys, then the stores */

struct tls_shared {
    struct ticket_keys *keys; /* NULL: no listener speaks TLS */
    uint32_t store_count;
    struct session_store **stores; /* by record of section session_zone */
    /* What tells memory from other memory of the same name and size. */
    uint32_t *store_numbers;
};

/* Maps what the descriptors lead to, which stay the caller's; those of -1 are not there. All zero
 * when there are none. False with errno set, and nothing to be released. */
__attribute__((warn_unused_result)) bool tls_shared_map(struct tls_shared *shared,
                                                        const int *descriptors,
                                                        const uint32_t *numbers, uint32_t count);

void tls_shared_unmap(struct tls_shared *shared);

#endif
