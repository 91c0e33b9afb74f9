/* Zones are counted references, as two tables may have the same while one follows the other. */
#include "limit_zones.h"

#include "limit/zone.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

enum { ENDED_LIMIT = 64 };

struct limit_memory_zone {
    uint32_t references;
    uint32_t number; /* of the bundle that made it */
    int descriptor;
    struct shared_area area; /* to put right what ended processes have left */
    bool counts_connections;
    uint32_t ended_count; /* processes that have ended, and not all is taken back */
    uint32_t ended[ENDED_LIMIT];
};

static void release(struct limit_memory_zone *zone) {
    if (--zone->references == 0) {
        shared_area_unmap(&zone->area);
        if (zone->descriptor >= 0) {
            close(zone->descriptor);
        }
        free(zone);
    }
}

static struct limit_memory_zone *create(const struct table_limit_zone *record, uint32_t number) {
    struct limit_memory_zone *zone = calloc(1, sizeof *zone);
    if (zone == NULL) {
        return NULL;
    }
    zone->references = 1;
    zone->number = number;
    zone->counts_connections = record->kind == TABLE_LIMIT_CONNECTIONS;
    zone->descriptor = limit_zone_create(record->size);
    if (zone->descriptor < 0 || !shared_area_map(&zone->area, zone->descriptor)) {
        int error = errno;
        release(zone);
        errno = error;
        return NULL;
    }
    return zone;
}

static bool is_same(const struct table *table, const struct table_limit_zone *zone,
                    const struct table *other_table, const struct table_limit_zone *other) {
    return zone->kind == other->kind && zone->size == other->size &&
           slice_equals(table_text(table, zone->name), table_text(other_table, other->name)) &&
           slice_equals(table_text(table, zone->key_text),
                        table_text(other_table, other->key_text));
}

/* Tables have few zones; they are compared one by one. */
static struct limit_memory_zone *find(const struct limit_zones *previous,
                                      const struct table *previous_table, const struct table *table,
                                      const struct table_limit_zone *record) {
    for (uint32_t i = 0; previous != NULL && i < previous->count; i++) {
        if (is_same(table, record, previous_table, &previous_table->limit_zone[i])) {
            return previous->zones[i];
        }
    }
    return NULL;
}

bool limit_zones_open(struct limit_zones *zones, const struct table *table, uint32_t number,
                      const struct limit_zones *previous, const struct table *previous_table,
                      struct failure *failure) {
    *zones = (struct limit_zones){0};
    zones->zones = calloc((size_t)table->limit_zone_count + 1, sizeof(struct limit_memory_zone *));
    if (zones->zones == NULL) {
        return failure_set(failure, "%s", strerror(ENOMEM));
    }
    for (; zones->count < table->limit_zone_count; zones->count++) {
        const struct table_limit_zone *record = &table->limit_zone[zones->count];
        struct limit_memory_zone *zone = find(previous, previous_table, table, record);
        if (zone != NULL) {
            zone->references++;
        } else {
            zone = create(record, number);
        }
        if (zone == NULL) {
            return failure_set(failure, "limit zone \"%.200s\": %s",
                               table_chars(table, record->name), strerror(errno));
        }
        zones->zones[zones->count] = zone;
    }
    return true;
}

void limit_zones_close(struct limit_zones *zones) {
    for (uint32_t i = 0; i < zones->count; i++) {
        release(zones->zones[i]);
    }
    free(zones->zones);
    *zones = (struct limit_zones){0};
}

void limit_zones_deliver(const struct limit_zones *zones, struct delivery *delivery,
                         uint32_t first) {
    for (uint32_t i = 0; i < zones->count; i++) {
        delivery->memories[first + i] = zones->zones[i]->descriptor;
        delivery->memory_numbers[first + i] = zones->zones[i]->number;
    }
}

/* Of more than can be remembered the one that ended first is forgotten. */
static void remember(struct limit_memory_zone *zone, uint32_t process) {
    if (zone->ended_count == ENDED_LIMIT) {
        memmove(zone->ended, zone->ended + 1, sizeof zone->ended - sizeof zone->ended[0]);
        zone->ended_count--;
    }
    zone->ended[zone->ended_count++] = process;
}

static void clear(struct limit_memory_zone *zone) {
    uint32_t left = 0;
    for (uint32_t i = 0; i < zone->ended_count; i++) {
        if (!limit_zone_clear(&zone->area, zone->counts_connections, (uint32_t)getpid(),
                              zone->ended[i])) {
            zone->ended[left++] = zone->ended[i];
        }
    }
    zone->ended_count = left;
}

void limit_zones_forget_process(struct limit_zones *zones, pid_t process) {
    for (uint32_t i = 0; i < zones->count; i++) {
        remember(zones->zones[i], (uint32_t)process);
        clear(zones->zones[i]);
    }
}
