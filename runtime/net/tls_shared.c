/* Mapping what the supervisor has made. */
#include "net/tls_shared.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

static bool map_stores(struct tls_shared *shared, const int *descriptors, const uint32_t *numbers,
                       uint32_t count) {
    shared->stores = calloc(count, sizeof *shared->stores);
    shared->store_numbers = calloc(count, sizeof *shared->store_numbers);
    if (shared->stores == NULL || shared->store_numbers == NULL) {
        return false;
    }
    for (; shared->store_count < count; shared->store_count++) {
        uint32_t i = shared->store_count;
        shared->stores[i] = session_store_map(descriptors[i], (uint32_t)getpid());
        if (shared->stores[i] == NULL) {
            return false;
        }
        shared->store_numbers[i] = numbers[i];
    }
    return true;
}

bool tls_shared_map(struct tls_shared *shared, const int *descriptors, const uint32_t *numbers,
                    uint32_t count) {
    *shared = (struct tls_shared){0};
    if (count > TLS_SHARED_KEYS && descriptors[TLS_SHARED_KEYS] >= 0) {
        shared->keys = ticket_keys_map(descriptors[TLS_SHARED_KEYS]);
        if (shared->keys == NULL) {
            return false;
        }
    }
    if (count > TLS_SHARED_STORES &&
        !map_stores(shared, descriptors + TLS_SHARED_STORES, numbers + TLS_SHARED_STORES,
                    count - TLS_SHARED_STORES)) {
        int error = errno;
        tls_shared_unmap(shared);
        errno = error;
        return false;
    }
    return true;
}

void tls_shared_unmap(struct tls_shared *shared) {
    for (uint32_t i = 0; i < shared->store_count; i++) {
        session_store_release(shared->stores[i]);
    }
    free(shared->stores);
    free(shared->store_numbers);
    if (shared->keys != NULL) {
        ticket_keys_release(shared->keys);
    }
    *shared = (struct tls_shared){0};
}
