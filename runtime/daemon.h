/* Going to the background: the shell gets its prompt back once the daemon serves, or the exit
 * status that says it does not. */
#ifndef DAEMON_H
#define DAEMON_H

#include "log/failure.h"

/* Forks. The parent waits for daemon_report_ready, or the end of the child, and exits; the child
 * returns true with the descriptor for the report. False when there can be no child. */
__attribute__((warn_unused_result)) bool daemon_start(int *report, struct failure *failure);

/* Whether a daemon gives this descriptor up: a terminal or a pipe, which whoever started it has
 * other plans for. Files and sockets (a service manager's journal) stay. */
bool daemon_gives_up(int descriptor);

/* Lets the parent go, and puts standard input, and output and error if they are given up, on
 * /dev/null. */
void daemon_report_ready(int report);

#endif
