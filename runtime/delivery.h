/* What a worker gets from the supervisor: a table with the sockets and log files that belong to it,
 * or log files alone after they were reopened. Made by bundle.c, sent by control.c, used up by
 * worker.c. Descriptors in it are borrowed or owned; owned ones are -1 once they were passed on. */
#ifndef DELIVERY_H
#define DELIVERY_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct delivery {
    uint32_t number; /* of the generation */
    int table;       /* -1: log files only */
    size_t table_size;
    int secrets; /* of net/secrets.h; -1: the table needs none */
    size_t secrets_size;
    uint32_t listener_count;
    uint32_t *kept;        /* by listener: the previous table's listener whose socket goes on being
                              accepted on, or TABLE_NONE */
    int *sockets;          /* by listener: the socket to start accepting on, or -1 */
    uint32_t memory_count; /* shared memory: see net/tls_shared.h, and then zones of limits */
    uint32_t *memory_numbers;
    int *memories; /* -1: not needed */
    uint32_t log_count;
    int *logs; /* in the order of log/paths.h, and last the fallback */
};

/* Fields of such sizes without descriptors. False when there is no memory. */
__attribute__((warn_unused_result)) bool delivery_create(struct delivery *delivery,
                                                         uint32_t listener_count,
                                                         uint32_t memory_count, uint32_t log_count);

/* Replaces borrowed descriptors by duplicates. On failure none is owned, with errno set. */
__attribute__((warn_unused_result)) bool delivery_own(struct delivery *delivery);

/* Closes the owned descriptors that are left. */
void delivery_close(struct delivery *delivery);

/* Frees the memory, not the descriptors. */
void delivery_release(struct delivery *delivery);

#endif
