/* Whom the workers run as, and other rights and limits of a process. */
#ifndef PRIVILEGES_H
#define PRIVILEGES_H

#include "log/failure.h"
#include "table/table.h"

#include <sys/types.h>

struct privileges {
    bool is_dropped;    /* whether there is anything to drop: the supervisor is root */
    bool keeps_net_raw; /* proxy_bind ... transparent takes it */
    uid_t user;
    gid_t group;
    char user_name[256];
};

/* Finds the user and group of the table's `user` directive. Looks nothing up when not root. */
__attribute__((warn_unused_result)) bool
privileges_find(struct privileges *privileges, const struct table *table, struct failure *failure);

/* Becomes that user, for good. */
__attribute__((warn_unused_result)) bool privileges_drop(const struct privileges *privileges,
                                                         struct failure *failure);

/* Raises the soft limit of open files to the hard one, and returns it. */
uint64_t privileges_raise_file_limit(void);

#endif
