/* The supervisor: holds what workers are given, replaces workers that end, and takes the signals
 * that steer rpcd. It never touches traffic. */
#ifndef SUPERVISOR_H
#define SUPERVISOR_H

#include "bundle.h"
#include "options.h"

/* Runs until it is told to stop. `bundle` was loaded, and passes to the supervisor; `daemon_report`
 * is daemon.h's, or -1. False with the reason in `failure` when nothing could be started. */
__attribute__((warn_unused_result)) bool supervisor_run(const struct options *options,
                                                        struct bundle *bundle, int daemon_report,
                                                        struct failure *failure);

#endif
