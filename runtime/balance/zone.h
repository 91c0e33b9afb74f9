/* The zone of peer states: what is known of every peer, in memory that all processes of one rpcd
 * share. It is made once, before the first worker, and outlives workers and reloads, so that limits
 * and failures count for all workers together and are not forgotten.
 *
 * A state belongs to a key (group, server line, address), not to a table. Whoever uses it holds it;
 * one that nobody holds keeps what it knows until its place is needed for another.
 *
 * Each process has a seat. What it has added to counters is written down there as well, so that the
 * supervisor can take it back when the process is killed; locks that it had are free then, too. */
#ifndef BALANCE_ZONE_H
#define BALANCE_ZONE_H

#include <stdbool.h>
#include <stdint.h>

struct balance_zone;

/* What active checks have found out. */
enum balance_health { BALANCE_UNCHECKED, BALANCE_HEALTHY, BALANCE_UNHEALTHY };

struct balance_key {
    uint64_t words[2];
};

/* Guarded by the lock of its group. Times are loop times, the same in all processes. */
struct balance_state {
    struct balance_key key;
    uint32_t next;    /* of the same bucket: a number from 1, or 0 */
    uint32_t holders; /* guarded by the registry's lock */
    uint32_t lock;
    int64_t weight;           /* as configured */
    int64_t effective_weight; /* lowered by failures, recovers by one with each pick */
    int64_t current_weight;   /* in thousandths */
    uint32_t active;          /* attempts under way */
    uint32_t fails;
    uint64_t accessed;     /* time of the last failure */
    uint64_t checked;      /* time from which fail_timeout is counted */
    uint64_t slow_start;   /* when it began to grow to its full weight; 0: it has that */
    uint32_t health;       /* enum balance_health */
    uint32_t check_fails;  /* in a row, up to what matters */
    uint32_t check_passes; /* the same */
    uint32_t is_checking;  /* somebody makes a check */
    uint64_t check_due;    /* when the next is to begin; of one that is made: when it began */
};

/* Milliseconds since then. Workers read the clock at different moments, so that what one has noted
 * may be later than what another takes for the present. */
static inline uint64_t balance_elapsed(uint64_t now, uint64_t since) {
    return now > since ? now - since : 0;
}

/* In the process that forks the workers. NULL when the memory cannot be had: states are then
 * private to each worker. */
struct balance_zone *balance_zone_create(void);

/* Unmaps it; also after a fork, in a process that does not need it. NULL is allowed. */
void balance_zone_destroy(struct balance_zone *zone);

enum { BALANCE_NO_SEAT = UINT32_MAX };

/* The supervisor: a free seat for a process that is to be forked, or BALANCE_NO_SEAT. */
uint32_t balance_zone_reserve_seat(struct balance_zone *zone);

/* The supervisor, once that process has ended: takes back what it has added, and frees the seat.
 * What a process that has stopped keeps locked is taken back after the next one has ended. */
void balance_zone_clear_seat(struct balance_zone *zone, uint32_t seat);

/* The forked process, or the only one: sits down. */
void balance_zone_sit(struct balance_zone *zone, uint32_t seat);

/* Has `report(data)` called once, when the first state of this process is a private one although
 * there is a zone: it has no room left, or no seat. */
void balance_zone_watch(struct balance_zone *zone, void (*report)(void *data), void *data);

/* The state for a key, held. A new one has that weight; `lock` is the group's, the same whenever
 * the key is. When there is no room, or no zone (NULL), it is a private one. NULL without memory.
 */
struct balance_state *balance_zone_attach(struct balance_zone *zone, const struct balance_key *key,
                                          uint32_t lock, uint32_t weight);

/* The same, of a state that is there already, whatever its weight; NULL: there is none. */
struct balance_state *balance_zone_recall(struct balance_zone *zone, const struct balance_key *key);

void balance_zone_detach(struct balance_zone *zone, struct balance_state *state);

/* The lock for a group whose name has that hash. */
uint32_t balance_zone_choose_lock(uint64_t hash);
void balance_zone_lock(struct balance_zone *zone, uint32_t lock);
void balance_zone_unlock(struct balance_zone *zone, uint32_t lock);

/* An attempt begins, or ends. The lock is held. */
void balance_zone_enter(struct balance_zone *zone, struct balance_state *state);
void balance_zone_leave(struct balance_zone *zone, struct balance_state *state);

/* The caller makes a check, or has made it. The lock is held. */
void balance_zone_begin_check(struct balance_zone *zone, struct balance_state *state);
void balance_zone_end_check(struct balance_zone *zone, struct balance_state *state);

#endif
