/* A running rpcd, apart from who serves: the current bundle, the process's own logs, the pid file.
 * The supervisor has one, and so has a single process. */
#ifndef INSTANCE_H
#define INSTANCE_H

#include "bundle.h"
#include "options.h"
#include "reporter.h"

#include <limits.h>

struct instance {
    const struct options *options;
    struct bundle *bundle;
    struct log log; /* lines are written at once */
    struct reporter reporter;
    struct log_target *targets; /* the reporter's */
    char pid_path[PATH_MAX];    /* empty: no pid file */
    int daemon_report;          /* of daemon.h; -1 in the foreground */
};

/* Opens what `bundle`, which was loaded and passes to the instance, needs, and writes the pid file.
 * False with the reason in `failure`; instance_close is due in either case. */
__attribute__((warn_unused_result)) bool instance_open(struct instance *instance,
                                                       const struct options *options,
                                                       struct bundle *bundle, int daemon_report,
                                                       struct failure *failure);

/* Everything is open: a daemon's parent may go. Before workers are started, as they inherit what a
 * daemon gives up. */
void instance_report_ready(struct instance *instance);

/* Loads the table anew and makes it current. Returns the bundle it replaces, to be closed once
 * everybody was told of the change; or NULL, with the reason logged, when the old one stays. */
struct bundle *instance_reload(struct instance *instance);

/* Opens the log files anew; false, with the reason logged, when they stay as they are. */
__attribute__((warn_unused_result)) bool instance_reopen_logs(struct instance *instance);

/* Removes the pid file and the files of unix sockets, and closes everything. */
void instance_close(struct instance *instance);

/* Closes everything in a forked process, leaving the files to the parent. */
void instance_forget(struct instance *instance);

/* The descriptor of the fallback log. */
int instance_fallback(const struct instance *instance);

#endif
