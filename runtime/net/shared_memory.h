/* Memory that processes share through a descriptor. Its size is sealed, so that nobody who has it
 * can take it away under the others. What lies in it, and who may write it, is its owner's
 * business. */
#ifndef NET_SHARED_MEMORY_H
#define NET_SHARED_MEMORY_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* All zeros, and not charged before it is written to. Returns its descriptor, or -1 with errno set.
 */
int shared_memory_create(const char *name, size_t size);

/* Nothing about it can be changed any more by whoever gets the descriptor. `is_ours`: only mappings
 * that are there can be written to, as far as the kernel offers that (Linux 5.1). */
void shared_memory_seal(int descriptor, bool is_ours);

/* Maps all of it, for reading alone or for writing as well; core dumps go without it. The
 * descriptor stays the caller's. NULL with errno set. */
void *shared_memory_map(int descriptor, bool writes, size_t *size);

/* How long a process waits for the lock of such memory, before it takes its owner for stopped. */
enum { SHARED_AREA_PATIENCE_MS = 1000 };

/* Such memory as one process has it, to be written to. */
struct shared_area {
    void *memory; /* NULL: none */
    size_t size;
    uint32_t patience; /* what is left of it; its users count it down, and begin anew */
};

/* False with errno set. The descriptor stays the caller's. */
__attribute__((warn_unused_result)) bool shared_area_map(struct shared_area *area, int descriptor);
void shared_area_unmap(struct shared_area *area);

#endif
