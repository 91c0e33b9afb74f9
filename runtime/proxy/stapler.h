/* The stapler: has responders asked about the certificates that are in use, in time, off the way of
 * all requests. For each certificate there is a timer; which worker asks when it is time is settled
 * on the board of net/staple_board.h. */
#ifndef PROXY_STAPLER_H
#define PROXY_STAPLER_H

#include "net/generation.h"
#include "net/staple.h"

struct proxy_state;
struct stapler_watch;

/* From now on until they go, or the worker does. `settings` are those of a server of the generation
 * whose context they belong to; its resolver is asked. May be called again, with settings of a
 * later generation. False without memory. */
__attribute__((warn_unused_result)) bool stapler_watch(struct proxy_state *state,
                                                       const struct generation *generation,
                                                       const struct table_settings *settings,
                                                       struct staples *staples);

/* Nobody is asked any more. */
void stapler_stop(struct proxy_state *state);

#endif
