/* A bundle: everything the supervisor opened for one table. It is complete before any worker hears
 * of it, so a table that cannot be served changes nothing. */
#ifndef BUNDLE_H
#define BUNDLE_H

#include "credentials.h"
#include "delivery.h"
#include "limit_zones.h"
#include "log/paths.h"
#include "net/listening.h"
#include "privileges.h"
#include "session_zones.h"
#include "table_file.h"

/* The sockets of one listener record: one for all workers, or with reuseport one for each. */
struct bundle_listener {
    struct listening_socket **sockets;
    uint32_t count;
    bool is_shared;
    uint32_t previous; /* the listener of the previous bundle for the same address, or TABLE_NONE */
};

struct bundle {
    uint32_t number; /* 1 for the first */
    struct table_file file;
    struct privileges privileges;
    bool keeps_user; /* the table names another, who needs a restart */
    uint32_t worker_count;
    struct bundle_listener *listeners; /* by record of section listener */
    struct log_paths log_paths;
    int *logs; /* by position in log_paths */
    struct credentials credentials;
    struct session_zones session_zones;
    struct limit_zones limit_zones;
};

/* Loads the table at `path`, which must be signed with one of the keys unless they are NULL;
 * nothing else is opened yet. NULL with the reason in `failure`. */
struct bundle *bundle_load(const char *path, const struct table_keys *trusted_keys,
                           struct failure *failure);

/* Opens sockets, logs and what TLS needs, finds the user, and makes the folders of temporary files.
 * Sockets and sessions that `previous` (or NULL) has are shared with it. False with the reason in
 * `failure`. */
__attribute__((warn_unused_result)) bool bundle_open(struct bundle *bundle, const char *prefix,
                                                     const struct bundle *previous,
                                                     struct failure *failure);

/* Opens the log files anew: all of them or, with the reason in `failure`, none. */
__attribute__((warn_unused_result)) bool
bundle_reopen_logs(struct bundle *bundle, const char *prefix, struct failure *failure);

/* What worker number `worker` gets, borrowed: everything; as a change from `previous` unless that
 * is NULL. False when there is no memory. */
__attribute__((warn_unused_result)) bool bundle_deliver(const struct bundle *bundle,
                                                        const struct bundle *previous,
                                                        uint32_t worker, int fallback,
                                                        struct delivery *delivery);

/* The same with log files alone. */
__attribute__((warn_unused_result)) bool
bundle_deliver_logs(const struct bundle *bundle, int fallback, struct delivery *delivery);

/* Closes the sockets alone; nobody can be started with this bundle any more. */
void bundle_close_listeners(struct bundle *bundle, bool remove_files);

/* Closes everything. `remove_files`: also the files of unix sockets nobody else holds; not in a
 * worker. */
void bundle_close(struct bundle *bundle, bool remove_files);

#endif
