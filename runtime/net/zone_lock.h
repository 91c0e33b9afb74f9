/* Locks in memory that processes share. Each is one word that says who has it, and nothing else, so
 * that the supervisor, which has more rights than those who can write there, follows no pointer of
 * theirs; and so that it can free what an ended process has kept. */
#ifndef NET_ZONE_LOCK_H
#define NET_ZONE_LOCK_H

#include <stdalign.h>
#include <stdbool.h>
#include <stdint.h>

/* All zeros: free. None shares a cache line with another. */
struct zone_lock {
    alignas(64) uint32_t word;
};

/* `owner` is a number from 1 that no other process has. Uncontended neither makes a system call. */
void zone_lock_take(struct zone_lock *lock, uint32_t owner);
void zone_lock_give(struct zone_lock *lock);

/* As zone_lock_take, but gives up when `patience`, milliseconds of waiting that are counted down,
 * is used up. Returns whether the lock was taken. */
__attribute__((warn_unused_result)) bool
zone_lock_take_patiently(struct zone_lock *lock, uint32_t owner, uint32_t *patience);

/* Gives the lock in the name of a process that has ended, if it had it. */
void zone_lock_give_for(struct zone_lock *lock, uint32_t owner);

#endif
