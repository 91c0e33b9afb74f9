/* Groups: built from a table, names resolved in the background, state carried over reloads. */
#include "proxy/group.h"

#include "engine/upstream.h"
#include "proxy/group_line.h"
#include "proxy/internal.h"

#include <netinet/in.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static const struct table *table_of(const struct proxy_group *group) {
    return &group->generation->table;
}

/* --- peers --- */

static struct balance_peer *find_among(const struct balance_peers *peers, uint32_t origin,
                                       const struct sockaddr *address, socklen_t size) {
    for (uint32_t i = 0; i < peers->count; i++) {
        struct balance_peer *peer = peers->items[i];
        if (peer->origin == origin && peer->address_size == size &&
            memcmp(&peer->address, address, size) == 0) {
            return peer;
        }
    }
    return NULL;
}

static struct balance_peer *find_peer(const struct proxy_group *group, uint32_t origin,
                                      const struct sockaddr *address, socklen_t size) {
    struct balance_peer *peer = find_among(&group->balance.peers, origin, address, size);
    return peer != NULL ? peer : find_among(&group->balance.backups, origin, address, size);
}

static struct slice format_name(const struct sockaddr *address, struct slice path, char *text,
                                size_t size) {
    char host[SOCKET_TEXT_SIZE];
    int length;
    if (address->sa_family == AF_UNIX) {
        length = snprintf(text, size, "unix:%.*s", SLICE_ARGS(path));
    } else {
        socket_address_text(address, host);
        length = snprintf(text, size, address->sa_family == AF_INET6 ? "[%s]:%u" : "%s:%u", host,
                          socket_address_port(address));
    }
    return (struct slice){text, (size_t)length < size ? (size_t)length : size - 1};
}

static struct balance_settings settings_of(const struct proxy_group *group,
                                           const struct table_peer *record) {
    const struct table *table = table_of(group);
    const struct table_health_check *check = group->health.check;
    return (struct balance_settings){
        .is_checked = check != NULL,
        .must_be_healthy = check != NULL && check->mandatory != 0,
        .weight = record->weight,
        .max_fails = record->max_fails,
        .fail_timeout = record->fail_timeout,
        .max_conns = record->max_conns,
        .slow_start = record->slow_start,
        .is_down = record->down != 0,
        .is_backup = record->backup != 0,
        .is_draining = record->drain != 0,
        .route = table_text(table, record->route),
    };
}

/* NULL without memory. */
static struct balance_peer *create_peer(const struct proxy_group *group, uint32_t origin,
                                        const struct sockaddr *address, socklen_t size) {
    char text[160];
    const struct table *table = table_of(group);
    const struct table_peer *record = &table->peer[group->record->peers.first + origin];
    struct balance_settings settings = settings_of(group, record);
    struct slice name = format_name(address, table_text(table, record->host), text, sizeof text);
    struct balance_identity identity = {.group = table_text(table, group->record->name),
                                        .port = group->record->port,
                                        .line = table_text(table, record->name),
                                        .occurrence = group_line_occurrence(group, origin)};
    struct balance_peer *peer =
        balance_peer_create(group->balance.zone, &identity, address, size, name, &settings);
    if (peer != NULL) {
        peer->origin = origin;
    }
    return peer;
}

/* Takes over the caller's reference, whatever becomes of it. */
static bool add_peer(struct balance_group *balance, struct balance_peer *peer) {
    if (peer == NULL) {
        return false;
    }
    if (!balance_group_add(balance, peer)) {
        balance_peer_release(peer);
        return false;
    }
    return true;
}

/* Until a name has been resolved anew its previous addresses go on. */
static bool adopt_among(struct proxy_group *group, const struct balance_peers *peers, uint32_t line,
                        uint32_t origin) {
    for (uint32_t i = 0; i < peers->count; i++) {
        const struct balance_peer *peer = peers->items[i];
        const struct sockaddr *address = (const struct sockaddr *)&peer->address;
        if (peer->origin == line &&
            !add_peer(&group->balance, create_peer(group, origin, address, peer->address_size))) {
            return false;
        }
    }
    return true;
}

static bool adopt_resolved(struct proxy_group *group, const struct proxy_group *previous,
                           uint32_t origin) {
    uint32_t line = previous == NULL ? TABLE_NONE : group_line_find(previous, group, origin);
    return line == TABLE_NONE || (adopt_among(group, &previous->balance.peers, line, origin) &&
                                  adopt_among(group, &previous->balance.backups, line, origin));
}

/* --- addresses of names --- */

static socklen_t set_port(union socket_address *address, uint32_t port) {
    if (address->any.sa_family == AF_INET) {
        address->ipv4.sin_port = htons((uint16_t)port);
        return sizeof address->ipv4;
    }
    address->ipv6.sin6_port = htons((uint16_t)port);
    return sizeof address->ipv6;
}

static bool add_addresses(struct proxy_group *group, struct balance_group *balance, uint32_t origin,
                          const union socket_address *addresses, uint32_t count) {
    const struct table_peer *record = &table_of(group)->peer[group->record->peers.first + origin];
    for (uint32_t i = 0; i < count; i++) {
        union socket_address address = addresses[i];
        socklen_t size = set_port(&address, record->port);
        struct balance_peer *known = find_peer(group, origin, &address.any, size);
        if (!add_peer(balance, known != NULL ? balance_peer_hold(known)
                                             : create_peer(group, origin, &address.any, size))) {
            return false;
        }
    }
    return true;
}

/* Those of lines from `first` up to `end`, in the order they are in. */
static bool keep_lines(const struct balance_peers *peers, struct balance_group *balance,
                       uint32_t first, uint32_t end) {
    for (uint32_t i = 0; i < peers->count; i++) {
        struct balance_peer *peer = peers->items[i];
        if (peer->origin >= first && peer->origin < end &&
            !add_peer(balance, balance_peer_hold(peer))) {
            return false;
        }
    }
    return true;
}

static bool keep_others(const struct balance_group *old, struct balance_group *balance,
                        uint32_t first, uint32_t end) {
    return keep_lines(&old->peers, balance, first, end) &&
           keep_lines(&old->backups, balance, first, end);
}

bool proxy_group_set_addresses(struct proxy_group *group, uint32_t origin,
                               const union socket_address *addresses, uint32_t count) {
    struct balance_group made;
    balance_group_init(&made, NULL, NULL);
    bool is_made = keep_others(&group->balance, &made, 0, origin) &&
                   add_addresses(group, &made, origin, addresses, count) &&
                   keep_others(&group->balance, &made, origin + 1, TABLE_NONE);
    if (is_made) {
        balance_group_take_peers(&group->balance, &made);
        proxy_health_start(group);
    }
    balance_group_release(&made);
    return is_made;
}

/* --- building --- */

static const struct proxy_group *find_previous(const struct proxy_groups *previous,
                                               const struct table *table,
                                               const struct table_upstream *record) {
    if (previous == NULL || previous->count == 0) {
        return NULL;
    }
    uint32_t index = engine_find_group(&previous->items[0].generation->table,
                                       table_text(table, record->name), record->port);
    return index == TABLE_NONE ? NULL : &previous->items[index];
}

static uint32_t count_names(const struct table *table, const struct table_upstream *record) {
    uint32_t count = 0;
    for (uint32_t i = 0; i < record->peers.count; i++) {
        count += table->peer[record->peers.first + i].family == TABLE_FAMILY_NAME ? 1 : 0;
    }
    return count;
}

static bool add_peers(struct proxy_group *group, const struct proxy_group *previous) {
    const struct table *table = table_of(group);
    for (uint32_t i = 0; i < group->record->peers.count; i++) {
        const struct table_peer *record = &table->peer[group->record->peers.first + i];
        struct sockaddr_storage address;
        if (record->family == TABLE_FAMILY_NAME) {
            group_name_init(&group->names[group->name_count++], group, i);
            if (!adopt_resolved(group, previous, i)) {
                return false;
            }
            continue;
        }
        const struct sockaddr *any = (const struct sockaddr *)&address;
        socklen_t size = socket_address_from_table(&address, record->family, record->address.bytes,
                                                   record->port, table_text(table, record->host));
        if (size > 0 && !add_peer(&group->balance, create_peer(group, i, any, size))) {
            return false;
        }
    }
    return true;
}

static bool build_group(struct proxy_group *group, struct proxy_groups *previous_groups) {
    const struct table *table = table_of(group);
    const struct proxy_group *previous = find_previous(previous_groups, table, group->record);
    uint32_t names = count_names(table, group->record);
    group->names = calloc(names > 0 ? names : 1, sizeof *group->names);
    group->pool = previous != NULL ? back_pool_hold(previous->pool) : back_pool_create();
    bool is_built = group->names != NULL && group->pool != NULL && group_line_count(group) &&
                    add_peers(group, previous);
    if (previous != NULL) {
        balance_group_recall(&group->balance);
    }
    return is_built;
}

/* Only once nothing can fail any more: the pool may be in use by the previous generation. */
static void activate(struct proxy_group *group) {
    group->pool->limit = (uint32_t)group->record->keepalive.first;
    group->pool->is_local = group->record->keepalive.second != 0;
    group->pool->timeout = group->record->keepalive_timeout;
    group->pool->age_limit = group->record->keepalive_time;
    group->pool->request_limit = group->record->keepalive_requests;
    while (group->pool->count > group->pool->limit) {
        back_close(group->pool->oldest);
    }
    proxy_health_start(group);
    for (uint32_t i = 0; i < group->name_count; i++) {
        group_name_start(&group->names[i]);
    }
}

static void stop(struct proxy_group *group) {
    proxy_health_stop(group);
    for (uint32_t i = 0; i < group->name_count; i++) {
        group_name_stop(&group->names[i]);
    }
}

struct proxy_groups *proxy_groups_create(struct proxy_state *state, struct generation *generation,
                                         struct proxy_groups *previous) {
    uint32_t count = generation->table.upstream_count;
    struct proxy_groups *groups = calloc(1, sizeof *groups + count * sizeof(struct proxy_group));
    if (groups == NULL) {
        return NULL;
    }
    groups->state = state;
    groups->count = count;
    for (uint32_t i = 0; i < count; i++) {
        groups->items[i].state = state;
        groups->items[i].generation = generation;
        groups->items[i].record = &generation->table.upstream[i];
        balance_group_init(&groups->items[i].balance,
                           balance_methods[generation->table.upstream[i].method],
                           state->service->zone);
    }
    groups->resolvers = proxy_resolvers_create(state->service->loop, &generation->table,
                                               previous != NULL ? previous->resolvers : NULL,
                                               state->resolver != NULL);
    if (groups->resolvers == NULL || !proxy_health_prepare(groups)) {
        proxy_groups_destroy(groups);
        return NULL;
    }
    for (uint32_t i = 0; i < count; i++) {
        groups->items[i].resolvers = groups->resolvers;
        if (!build_group(&groups->items[i], previous)) {
            proxy_groups_destroy(groups);
            return NULL;
        }
    }
    for (uint32_t i = 0; previous != NULL && i < previous->count; i++) {
        stop(&previous->items[i]); /* its last exchanges go on with the peers there are */
    }
    for (uint32_t i = 0; i < count; i++) {
        activate(&groups->items[i]);
    }
    return groups;
}

void proxy_groups_destroy(struct proxy_groups *groups) {
    for (uint32_t i = 0; i < groups->count; i++) {
        struct proxy_group *group = &groups->items[i];
        stop(group);
        proxy_health_release(group);
        free(group->names);
        free(group->occurrences);
        balance_group_release(&group->balance);
        if (group->pool != NULL) {
            back_pool_release(group->pool);
        }
    }
    proxy_resolvers_destroy(groups->resolvers);
    proxy_tls_cache_release(&groups->tls);
    free(groups);
}
