/* master_process off: one process that is supervisor and worker in one, for debugging. */
#ifndef SOLO_H
#define SOLO_H

#include "bundle.h"
#include "options.h"

/* As supervisor_run. The process keeps its user. */
__attribute__((warn_unused_result)) bool solo_run(const struct options *options,
                                                  struct bundle *bundle, int daemon_report,
                                                  struct failure *failure);

#endif
