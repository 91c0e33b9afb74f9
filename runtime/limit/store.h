/* What is counted, by key: a hash table in memory that all workers of one rpcd share. Inside the
 * room only; requests.h and connections.h say what for.
 *
 * A key is known by a hash of 128 bits, with a secret that the supervisor has drawn: so entries are
 * of one size however long keys are, and no key can be read there or be made to meet another.
 *
 * The memory is not believed: whatever another process wrote there, nothing outside of it is read
 * or written, and every walk ends. A process may be killed between any two instructions; while
 * links are changed a mark says so, and whoever finds the mark makes the links anew from the
 * entries. */
#ifndef LIMIT_STORE_H
#define LIMIT_STORE_H

#include "base/slice.h"
#include "net/shared_memory.h"

struct limit_memory;

/* Numbers of entries begin at 1; 0 is none. */
struct limit_entry {
    uint64_t key[2];
    uint32_t next; /* in the bucket, or of those that are free */
    uint32_t is_used;
};

/* Of requests. */
struct limit_request_entry {
    struct limit_entry head;
    uint32_t newer; /* in the order of their last use */
    uint32_t older;
    uint64_t last;   /* time of the last request that was let through */
    uint64_t excess; /* thousandths of requests */
};

/* Of connections: those of a key that one process has. */
struct limit_connection_entry {
    struct limit_entry head;
    uint32_t owner;
    uint32_t count;
};

/* A store as one process sees it while it has the lock. */
struct limit_store {
    struct limit_memory *memory;
    uint32_t *buckets;
    uint32_t bucket_count; /* a power of two */
    char *entries;
    uint32_t entry_size;
    uint32_t entry_count;
    bool is_ordered; /* entries are of requests */
    bool is_broken;  /* something was found that cannot be */
    uint32_t steps;  /* of the walk along a bucket */
};

/* Takes the lock. False when it was not to be had: that of a process that has stopped. */
__attribute__((warn_unused_result)) bool limit_store_begin(struct limit_store *store,
                                                           struct shared_area *area,
                                                           bool is_ordered, uint32_t owner);
void limit_store_end(struct limit_store *store);

/* Entry number `number`; NULL for 0 and for what cannot be. */
struct limit_entry *limit_store_at(struct limit_store *store, uint32_t number);
uint32_t limit_store_number(const struct limit_store *store, const struct limit_entry *entry);

/* Hashes a key; the lock is not needed. */
void limit_store_hash(const struct shared_area *area, struct slice key, uint64_t hash[2]);

/* Entries of a bucket, from the first on: of the key when they have it. */
struct limit_entry *limit_store_first(struct limit_store *store, const uint64_t key[2]);
struct limit_entry *limit_store_next(struct limit_store *store, const struct limit_entry *entry);
static inline bool limit_store_has_key(const struct limit_entry *entry, const uint64_t key[2]) {
    return entry->key[0] == key[0] && entry->key[1] == key[1];
}

/* An entry for the key, in its bucket; the newest. NULL: all are taken. */
struct limit_entry *limit_store_add(struct limit_store *store, const uint64_t key[2]);

/* Frees it. */
void limit_store_remove(struct limit_store *store, struct limit_entry *entry);

/* The entry is the newest from now on; and the one that was not used for the longest time, or NULL.
 */
void limit_store_touch(struct limit_store *store, struct limit_entry *entry);
struct limit_entry *limit_store_oldest(struct limit_store *store);

/* How many entries were ever used: the first so many. */
uint32_t limit_store_used(const struct limit_store *store);

#endif
