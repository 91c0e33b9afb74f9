/* Where a question arrives: the socket that the client's connection would reach, the address of it,
 * and both ends of the connection. */
#ifndef CLI_ARRIVAL_H
#define CLI_ARRIVAL_H

#include "cli/question.h"

struct arrival_end {
    enum table_family family;
    uint8_t bytes[16];
    struct slice binary; /* the address in network order; empty for unix: */
    struct slice text;   /* as $remote_addr and $server_addr have it */
    uint32_t port;
};

struct arrival {
    const struct table_listener *listener;
    const struct table_endpoint *endpoint;
    struct arrival_end remote;
    struct arrival_end local;
    uint32_t others; /* addresses of the same port that might have been meant as well */
};

/* Returns NULL, or why no connection is possible or which of several is not clear. */
const char *arrival_find(struct arena *arena, const struct table *table,
                         const struct question *question, struct arrival *arrival);

#endif
