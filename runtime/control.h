/* The line between supervisor and worker: a pair of SOCK_SEQPACKET sockets over which deliveries
 * travel, as messages with descriptors (SCM_RIGHTS). The worker says nothing: that it has ended is
 * all the supervisor needs to know, and the end of the line tells the worker to end. */
#ifndef CONTROL_H
#define CONTROL_H

#include "delivery.h"

/* The supervisor's end and the worker's; the worker's does not block. False with errno set. */
__attribute__((warn_unused_result)) bool control_create(int *supervisor, int *worker);

/* Sends a whole delivery, waiting a little for a worker that is slow to read. False with errno set,
 * after which the line is of no use any more. */
__attribute__((warn_unused_result)) bool control_send(int line, const struct delivery *delivery);

/* A delivery that is coming in. */
struct control_intake {
    struct delivery delivery; /* owns its descriptors */
    bool is_open;
};

enum control_result {
    CONTROL_COMPLETE, /* the intake's delivery is whole: take it, then control_intake_clear */
    CONTROL_WAIT,     /* nothing more at the moment */
    CONTROL_ENDED,    /* the supervisor is gone */
    CONTROL_BROKEN,   /* descriptors were lost, or no memory */
};

/* Reads messages until one of these is the case. */
enum control_result control_receive(int line, struct control_intake *intake);

/* Drops what came in. */
void control_intake_clear(struct control_intake *intake);

#endif
