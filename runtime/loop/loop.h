/* The readiness loop. One interface, one file per back end (poll, epoll); both behave the same, as
 * if edge-triggered: a handle is registered once for both directions, and the loop reports a
 * direction when it becomes ready. The owner keeps what it knows in handle->ready: it clears a
 * direction's bit when the kernel said EAGAIN (or a read came back short), and tries again only
 * after the loop has set the bit anew. Nobody is woken for a direction whose bit is set.
 *
 * Within a turn handles may be added and removed freely; a removed handle is not reported any
 * more, but its memory must stay until the turn is over (loop_defer). */
#ifndef LOOP_LOOP_H
#define LOOP_LOOP_H

#include "loop/timer.h"

#include <stdbool.h>
#include <stdint.h>
#include <time.h>

enum {
    LOOP_READ = 1,   /* reading may yield bytes, the end, or an error */
    LOOP_WRITE = 2,  /* writing may take bytes; also: connect has ended */
    LOOP_HANGUP = 4, /* the peer has closed its sending side, or the descriptor has an error: the
                        next short read is not the last */
};

struct loop_handle {
    int fd;
    uint8_t ready;     /* LOOP_… bits: may be tried without waiting. Starts as 0. */
    bool is_listener;  /* level-triggered, read only, woken in one worker at a time */
    uint32_t position; /* the back end's own */
    /* Called with the bits that became ready in this turn, after they were set in `ready`. */
    void (*on_ready)(struct loop_handle *handle, uint32_t events);
};

/* Something to do at the end of the current turn, before the next wait. */
struct loop_task {
    struct loop_task *next;
    bool is_queued;
    void (*run)(struct loop_task *task);
};

enum loop_method { LOOP_EPOLL, LOOP_POLL }; /* as `use` in grammar/directives.def */

struct loop {
    const struct loop_backend *backend;
    void *backend_data;
    struct timer_wheel timers;
    uint64_t now;            /* monotonic milliseconds, read once per turn */
    struct timespec clock;   /* wall clock, read once per turn */
    struct loop_task *tasks; /* to run at the end of this turn, in order of queueing */
    struct loop_task **tasks_end;
    struct loop_task *next_tasks; /* to run at the end of the next turn, newest first */
    bool is_stopped;
};

/* One per back end; rows of the table in loop.c. */
struct loop_backend {
    const char *name;
    void *(*create)(void);
    void (*destroy)(void *data);
    bool (*add)(void *data, struct loop_handle *handle);
    void (*remove)(void *data, struct loop_handle *handle);
    void (*close)(void *data, struct loop_handle *handle);
    void (*replace)(void *data, struct loop_handle *handle, struct loop_handle *old);
    /* Waits at most `timeout` milliseconds (-1: forever), sets ready bits, calls on_ready. After
     * waiting and before the first call it calls loop_update_clock. Returns false on an error other
     * than EINTR. */
    bool (*wait)(struct loop *loop, int timeout);
};

extern const struct loop_backend loop_backend_epoll;
extern const struct loop_backend loop_backend_poll;

/* False, with errno set, when the kernel refuses. */
bool loop_init(struct loop *loop, enum loop_method method);
void loop_destroy(struct loop *loop);

/* False, with errno set, when the kernel has no memory for it. The handle must be zeroed except
 * for fd, is_listener and on_ready; fd keeps its value until the handle is removed. */
__attribute__((warn_unused_result)) bool loop_add(struct loop *loop, struct loop_handle *handle);

/* Before its descriptor is closed. */
void loop_remove(struct loop *loop, struct loop_handle *handle);

/* Removes it and closes its descriptor, which must be the only one of its socket: with that the
 * kernel forgets it, too. */
void loop_close(struct loop *loop, struct loop_handle *handle);

/* `handle` goes on where `old` was: the same descriptor, the same bits in `ready`, another owner.
 * What has not been reported to `old` yet is reported to it, what is in `ready` is not. `old` is
 * then as one that was removed. */
void loop_replace(struct loop *loop, struct loop_handle *handle, struct loop_handle *old);

/* Queues the task for the end of this turn; a task that is queued already stays where it is. Tasks
 * queued by tasks run in the same turn. */
void loop_defer(struct loop *loop, struct loop_task *task);

/* Queues the task for the end of the next turn, which then does not wait: for work that goes on but
 * must let others have their turn. A task that is queued already stays where it is. */
void loop_defer_next(struct loop *loop, struct loop_task *task);

/* Takes a queued task off again; before its memory is freed. */
void loop_cancel(struct loop *loop, struct loop_task *task);

/* Waits once, reports what is ready, runs expired timers, then deferred tasks. */
bool loop_run_once(struct loop *loop);

/* Until loop->is_stopped. */
bool loop_run(struct loop *loop);

void loop_update_clock(struct loop *loop);

#endif
