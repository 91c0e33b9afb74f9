/* The sum over the entries of a key, of which each process has one at most. One that has nothing
 * left is free at once. */
#include "limit/connections.h"

#include "limit/store.h"

struct found {
    struct limit_connection_entry *own;
    uint64_t sum;
};

static struct found find(struct limit_store *store, const uint64_t key[2], uint32_t owner) {
    struct found found = {0};
    struct limit_entry *entry = limit_store_first(store, key);
    for (; entry != NULL; entry = limit_store_next(store, entry)) {
        struct limit_connection_entry *connections = (struct limit_connection_entry *)entry;
        if (limit_store_has_key(entry, key)) {
            found.sum += connections->count;
            found.own = connections->owner == owner ? connections : found.own;
        }
    }
    return found;
}

static enum limit_seat take(struct limit_store *store, const uint64_t key[2], uint32_t most,
                            uint32_t owner) {
    struct found found = find(store, key, owner);
    if (found.sum >= most) {
        return LIMIT_SEAT_NONE;
    }
    if (found.own == NULL) {
        found.own = (struct limit_connection_entry *)limit_store_add(store, key);
        if (found.own == NULL) {
            return LIMIT_SEAT_FULL;
        }
        found.own->owner = owner;
    }
    found.own->count++;
    return LIMIT_SEAT_TAKEN;
}

enum limit_seat limit_connections_take(struct shared_area *area, struct slice key, uint32_t most,
                                       uint32_t owner, struct limit_connection *connection) {
    struct limit_store store;
    limit_store_hash(area, key, connection->key);
    connection->area = NULL;
    if (!limit_store_begin(&store, area, false, owner)) {
        return LIMIT_SEAT_LOCKED;
    }
    enum limit_seat seat = take(&store, connection->key, most, owner);
    limit_store_end(&store);
    if (seat == LIMIT_SEAT_TAKEN) {
        connection->area = area;
    }
    return seat;
}

bool limit_connections_give(const struct limit_connection *connection, uint32_t owner) {
    struct limit_store store;
    if (connection->area == NULL) {
        return true;
    }
    if (!limit_store_begin(&store, connection->area, false, owner)) {
        return false;
    }
    struct limit_connection_entry *own = find(&store, connection->key, owner).own;
    if (own != NULL && (own->count <= 1 || --own->count == 0)) {
        limit_store_remove(&store, &own->head);
    }
    limit_store_end(&store);
    return true;
}
