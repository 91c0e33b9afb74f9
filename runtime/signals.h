/* Signals as events of a loop. They are blocked, so that they arrive nowhere else. */
#ifndef SIGNALS_H
#define SIGNALS_H

#include "loop/loop.h"

struct signals {
    struct loop_handle handle;
    void (*on_signal)(void *owner, int number);
    void *owner;
};

/* Once per program: blocks what will be read by signals_start, ignores SIGPIPE, and undoes what the
 * parent may have left behind. Forked processes inherit it. */
void signals_prepare(void);

/* Calls on_signal(owner, number) for each signal from now on. False with errno set. */
__attribute__((warn_unused_result)) bool signals_start(struct signals *signals, struct loop *loop,
                                                       void (*on_signal)(void *owner, int number),
                                                       void *owner);

void signals_stop(struct signals *signals, struct loop *loop);

#endif
