/* The crew: the worker processes of a supervisor. Each place is filled by one worker; one that ends
 * is replaced at once, or after a pause when its kind keeps ending at once. Workers that are no
 * longer needed are retired: they finish what they have and are not replaced. */
#ifndef CREW_H
#define CREW_H

#include "loop/loop.h"
#include "reporter.h"

#include <sys/types.h>

struct crew;

struct crew_member {
    struct crew_member *next;
    pid_t process;
    uint32_t place;
    int line;            /* the supervisor's end; see control.h */
    uint32_t seat;       /* in the zone of peer states */
    uint64_t started_at; /* monotonic milliseconds */
    bool is_retired;
};

struct crew_place {
    struct crew *crew;
    uint32_t number;
    struct crew_member *member; /* NULL: vacant */
    uint32_t early_ends;        /* workers in a row that did not live for long */
    struct timer restart;
};

struct crew {
    struct loop *loop;
    const struct reporter *reporter;
    /* Forks the worker of a place; returns its process id, its line and its seat, or -1 with errno
     * set. */
    pid_t (*start)(void *owner, uint32_t place, int *line, uint32_t *seat);
    /* A worker has ended, somehow. */
    void (*ended)(void *owner, const struct crew_member *member);
    void *owner;
    struct crew_place **places;
    uint32_t place_count; /* as many as there ever were */
    uint32_t wanted;      /* the first so many are to be filled */
    struct crew_member *members;
};

/* Fills the first `count` places, and retires the workers of others. False when there is no memory
 * for the places; then nothing has changed. */
__attribute__((warn_unused_result)) bool crew_resize(struct crew *crew, uint32_t count);

/* Asks the member to finish and vacates its place, which is not filled before crew_resize. */
void crew_retire(struct crew *crew, struct crew_member *member);

/* Takes note of members that have ended, and replaces them. */
void crew_reap(struct crew *crew);

/* Sends a signal to all members; nobody is replaced from now on. */
void crew_dismiss(struct crew *crew, int signal);

/* In a forked process: forgets all members without a word, and closes its copies of their lines.
 * Also frees the crew's memory. */
void crew_forget(struct crew *crew);

#endif
