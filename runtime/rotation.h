/* The rotation: makes new keys for TLS tickets as time goes by, on the loop of whoever owns the
 * instance. How often follows from ssl_session_timeout. */
#ifndef ROTATION_H
#define ROTATION_H

#include "instance.h"
#include "loop/loop.h"

struct rotation {
    struct timer timer;
    struct loop *loop;
    const struct instance *instance;
};

/* Also after a reload, whose table may want keys sooner. */
void rotation_start(struct rotation *rotation, struct loop *loop, const struct instance *instance);
void rotation_stop(struct rotation *rotation);

#endif
