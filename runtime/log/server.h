/* Logs that go to a syslog server, by datagrams (syslog: of access_log and error_log). Their paths
 * are "syslog:HOST:PORT" or "syslog:unix:PATH". The supervisor finds out the address; a descriptor
 * with it takes the place of an open file on the way to processes, each of which has a socket of
 * its own. */
#ifndef LOG_SERVER_H
#define LOG_SERVER_H

#include "log/failure.h"
#include "log/file.h"

bool log_is_server(struct slice path);

/* A descriptor that holds the server's address, which may have to be asked of a name server, for as
 * long as that takes. -1 with the reason in `failure`. */
int log_server_find(struct slice path, struct failure *failure);

/* Makes the file a server, with the address of one of log_server_find's descriptors, which is
 * closed. False without memory. */
__attribute__((warn_unused_result)) bool log_server_adopt(struct log *log, struct log_file *file,
                                                          int descriptor);

/* The same where it is one already. */
void log_server_move(struct log *log, struct log_file *file, int descriptor);

/* Sends what was collected. What the server has no room for now stays collected. */
void log_server_flush(struct log *log, struct log_file *file);

/* Lets the server have a moment for what it had no room for, before the file is closed. */
void log_server_end(struct log *log, struct log_file *file);

/* One message, whose text is the line (RFC 3164 4.1, as nginx writes it). */
void log_server_send(struct log *log, const struct log_target *target,
                     enum table_log_level severity, struct slice line);

#endif
