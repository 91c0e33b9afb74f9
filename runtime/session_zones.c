/* Zones are counted references, as two tables may have the same while one follows the other. */
#include "session_zones.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

struct session_zone {
    uint32_t references;
    uint32_t number; /* of the bundle that made it */
    int descriptor;
    struct session_store *store; /* to free locks in it */
};

static void release(struct session_zone *zone) {
    if (--zone->references == 0) {
        if (zone->store != NULL) {
            session_store_release(zone->store);
        }
        if (zone->descriptor >= 0) {
            close(zone->descriptor);
        }
        free(zone);
    }
}

static struct session_zone *create(uint64_t size, uint32_t number) {
    struct session_zone *zone = calloc(1, sizeof *zone);
    if (zone == NULL) {
        return NULL;
    }
    zone->references = 1;
    zone->number = number;
    zone->descriptor = session_store_create(size);
    if (zone->descriptor >= 0) {
        zone->store = session_store_map(zone->descriptor, (uint32_t)getpid());
    }
    if (zone->store == NULL) {
        int error = errno;
        release(zone);
        errno = error;
        return NULL;
    }
    return zone;
}

/* Tables have few zones; they are compared one by one. */
static struct session_zone *find(const struct session_zones *zones, const struct table *table,
                                 struct slice name, uint64_t size) {
    for (uint32_t i = 0; zones != NULL && i < zones->count; i++) {
        const struct table_session_zone *record = &table->session_zone[i];
        if (record->size == size && slice_equals(table_text(table, record->name), name)) {
            return zones->zones[i];
        }
    }
    return NULL;
}

static bool open_zones(struct session_zones *zones, const struct table *table, uint32_t number,
                       const struct session_zones *previous, const struct table *previous_table,
                       struct failure *failure) {
    zones->zones = calloc((size_t)table->session_zone_count + 1, sizeof *zones->zones);
    if (zones->zones == NULL) {
        return failure_set(failure, "%s", strerror(ENOMEM));
    }
    for (; zones->count < table->session_zone_count; zones->count++) {
        const struct table_session_zone *record = &table->session_zone[zones->count];
        struct slice name = table_text(table, record->name);
        struct session_zone *zone = find(previous, previous_table, name, record->size);
        if (zone != NULL) {
            zone->references++;
        } else {
            zone = create(record->size, number);
        }
        if (zone == NULL) {
            return failure_set(failure, "ssl_session_cache \"%.200s\": %s", name.data,
                               strerror(errno));
        }
        zones->zones[zones->count] = zone;
    }
    return true;
}

static bool speaks_tls(const struct table *table) {
    for (uint32_t i = 0; i < table->endpoint_count; i++) {
        if (table->endpoint[i].ssl != 0) {
            return true;
        }
    }
    return false;
}

bool session_zones_open(struct session_zones *zones, const struct table *table, uint32_t number,
                        const struct session_zones *previous, const struct table *previous_table,
                        struct failure *failure) {
    *zones = (struct session_zones){0};
    if (previous != NULL && previous->keys != NULL) {
        zones->keys = ticket_keys_hold(previous->keys);
    } else if (speaks_tls(table)) {
        zones->keys = ticket_keys_create();
        if (zones->keys == NULL) {
            return failure_set(failure, "making keys for TLS tickets: %s", strerror(errno));
        }
    }
    return open_zones(zones, table, number, previous, previous_table, failure);
}

void session_zones_close(struct session_zones *zones) {
    for (uint32_t i = 0; i < zones->count; i++) {
        release(zones->zones[i]);
    }
    free(zones->zones);
    if (zones->keys != NULL) {
        ticket_keys_release(zones->keys);
    }
    *zones = (struct session_zones){0};
}

uint32_t session_zones_memory_count(const struct session_zones *zones) {
    return TLS_SHARED_STORES + zones->count;
}

void session_zones_deliver(const struct session_zones *zones, struct delivery *delivery) {
    if (zones->keys != NULL) {
        delivery->memories[TLS_SHARED_KEYS] = ticket_keys_descriptor(zones->keys);
    }
    for (uint32_t i = 0; i < zones->count; i++) {
        delivery->memories[TLS_SHARED_STORES + i] = zones->zones[i]->descriptor;
        delivery->memory_numbers[TLS_SHARED_STORES + i] = zones->zones[i]->number;
    }
}

void session_zones_forget_process(struct session_zones *zones, pid_t process) {
    for (uint32_t i = 0; i < zones->count; i++) {
        session_store_forget_owner(zones->zones[i]->store, (uint32_t)process);
    }
}
