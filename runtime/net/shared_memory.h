/* Memory that processes share through a descriptor. Its size is sealed, so that nobody who has it
 * can take it away under the others. What lies in it, and who may write it, is its owner's
 * business. */
#ifndef NET_SHARED_MEMORY_H
#define NET_SHARED_MEMORY_H

#include <stdbool.h>
#include <stddef.h>

/* All zeros, and not charged before it is written to. Returns its descriptor, or -1 with errno set.
 */
int shared_memory_create(const char *name, size_t size);

/* Nothing about it can be changed any more by whoever gets the descriptor. `is_ours`: only mappings
 * that are there can be written to, as far as the kernel offers that (Linux 5.1). */
void shared_memory_seal(int descriptor, bool is_ours);

/* Maps all of it, for reading alone or for writing as well; core dumps go without it. The
 * descriptor stays the caller's. NULL with errno set. */
void *shared_memory_map(int descriptor, bool writes, size_t *size);

#endif
