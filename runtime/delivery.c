/* The memory and the descriptors of deliveries. */
#include "delivery.h"

#include "table/layout.h"

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

static int *create_descriptors(uint32_t count) {
    int *descriptors = calloc((size_t)count + 1, sizeof *descriptors);
    for (uint32_t i = 0; descriptors != NULL && i < count; i++) {
        descriptors[i] = -1;
    }
    return descriptors;
}

bool delivery_create(struct delivery *delivery, uint32_t listener_count, uint32_t memory_count,
                     uint32_t log_count) {
    *delivery = (struct delivery){
        .table = -1,
        .secrets = -1,
        .listener_count = listener_count,
        .kept = calloc((size_t)listener_count + 1, sizeof(uint32_t)),
        .sockets = create_descriptors(listener_count),
        .memory_count = memory_count,
        .memory_numbers = calloc((size_t)memory_count + 1, sizeof(uint32_t)),
        .memories = create_descriptors(memory_count),
        .log_count = log_count,
        .logs = create_descriptors(log_count),
    };
    if (delivery->kept == NULL || delivery->sockets == NULL || delivery->logs == NULL ||
        delivery->memory_numbers == NULL || delivery->memories == NULL) {
        delivery_release(delivery);
        return false;
    }
    for (uint32_t i = 0; i < listener_count; i++) {
        delivery->kept[i] = TABLE_NONE;
    }
    return true;
}

/* Goes through all descriptors: the table, the secrets, the sockets, the shared memory, the logs.
 * NULL behind the last. */
static int *find_descriptor(struct delivery *delivery, size_t position) {
    if (position == 0) {
        return &delivery->table;
    }
    if (position == 1) {
        return &delivery->secrets;
    }
    position -= 2;
    if (position < delivery->listener_count) {
        return &delivery->sockets[position];
    }
    position -= delivery->listener_count;
    if (position < delivery->memory_count) {
        return &delivery->memories[position];
    }
    position -= delivery->memory_count;
    return position < delivery->log_count ? &delivery->logs[position] : NULL;
}

/* After a failure at `failed`: those before it are duplicates, the others still borrowed. */
static void undo(struct delivery *delivery, size_t failed) {
    int *descriptor;
    for (size_t i = 0; (descriptor = find_descriptor(delivery, i)) != NULL; i++) {
        if (i < failed && *descriptor >= 0) {
            close(*descriptor);
        }
        *descriptor = -1;
    }
}

bool delivery_own(struct delivery *delivery) {
    int *descriptor;
    for (size_t i = 0; (descriptor = find_descriptor(delivery, i)) != NULL; i++) {
        int copy = *descriptor >= 0 ? fcntl(*descriptor, F_DUPFD_CLOEXEC, STDERR_FILENO + 1) : -1;
        if (copy < 0 && *descriptor >= 0) {
            int error = errno;
            undo(delivery, i);
            errno = error;
            return false;
        }
        *descriptor = copy;
    }
    return true;
}

void delivery_close(struct delivery *delivery) {
    int *descriptor;
    for (size_t i = 0; (descriptor = find_descriptor(delivery, i)) != NULL; i++) {
        if (*descriptor >= 0) {
            close(*descriptor);
            *descriptor = -1;
        }
    }
}

void delivery_release(struct delivery *delivery) {
    free(delivery->kept);
    free(delivery->sockets);
    free(delivery->memory_numbers);
    free(delivery->memories);
    free(delivery->logs);
    memset(delivery, 0, sizeof *delivery);
    delivery->table = -1;
    delivery->secrets = -1;
}
