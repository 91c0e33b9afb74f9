/* What TLS needs from files, on both sides: read, and tried, when a table is loaded, by who may
 * read keys. A file that is missing or makes no sense so fails a start or a reload, not a request.
 */
#ifndef CREDENTIALS_H
#define CREDENTIALS_H

#include "log/failure.h"
#include "table/table.h"

/* Something that keeps nothing from working. */
struct credentials_warning {
    struct credentials_warning *next;
    char text[];
};

struct credentials {
    int descriptor; /* of net/secrets.h, for workers; -1: the table needs no files */
    size_t size;
    struct credentials_warning *warnings; /* in order, to be told by whoever uses it */
};

/* False with the reason, which names place, directive and file, in `failure`. */
__attribute__((warn_unused_result)) bool credentials_open(struct credentials *credentials,
                                                          const struct table *table,
                                                          const char *prefix,
                                                          struct failure *failure);
void credentials_close(struct credentials *credentials);

#endif
