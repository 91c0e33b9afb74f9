/* Groups: built from a table, names resolved in the background, state carried over reloads. */
#include "proxy/group.h"

#include "base/container.h"
#include "engine/upstream.h"
#include "proxy/internal.h"

#include <netinet/in.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { RETRY_FIRST_MS = 1000, RETRY_LAST_MS = 60000 };

static void resolve(struct group_name *name);

static const struct table *table_of(const struct proxy_group *group) {
    return &group->generation->table;
}

static void report_unresolved(struct group_name *name, const char *reason) {
    const struct proxy_group *group = name->group;
    const struct generation *generation = group->generation;
    struct table_range logs = generation->table.process[0].error_logs;
    struct log_subject subject = {0};
    log_error(group->state->service->log, generation->error_logs + logs.first, logs.count,
              TABLE_LOG_ERROR, &subject,
              "host not found in upstream \"%s\": \"%s\": %s; its peers are down until it resolves",
              table_chars(table_of(group), group->record->name),
              table_chars(table_of(group), name->record->host), reason);
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

/* Lines of a group that say the same are told apart by how many of them came before. */
static uint32_t count_before(const struct proxy_group *group, uint32_t origin) {
    const struct table *table = table_of(group);
    const struct table_peer *lines = &table->peer[group->record->peers.first];
    struct slice name = table_text(table, lines[origin].name);
    uint32_t count = 0;
    for (uint32_t i = 0; i < origin; i++) {
        count += slice_equals(table_text(table, lines[i].name), name) ? 1 : 0;
    }
    return count;
}

static struct balance_settings settings_of(const struct table_peer *record) {
    return (struct balance_settings){
        .weight = record->weight,
        .max_fails = record->max_fails,
        .fail_timeout = record->fail_timeout,
        .max_conns = record->max_conns,
        .slow_start = record->slow_start,
        .is_down = record->down != 0,
        .is_backup = record->backup != 0,
    };
}

static struct balance_peer *create_peer(const struct proxy_group *group,
                                        const struct table_peer *record, uint32_t origin,
                                        const struct sockaddr *address, socklen_t size) {
    char text[160];
    const struct table *table = table_of(group);
    struct balance_settings settings = settings_of(record);
    struct slice name = format_name(address, table_text(table, record->host), text, sizeof text);
    struct balance_identity identity = {.group = table_text(table, group->record->name),
                                        .port = group->record->port,
                                        .line = table_text(table, record->name),
                                        .occurrence = count_before(group, origin)};
    struct balance_peer *peer =
        balance_peer_create(group->balance.zone, &identity, address, size, name, &settings);
    if (peer != NULL) {
        peer->origin = origin;
    }
    return peer;
}

/* Adds a peer, or the one that `previous` had for the same line and address. */
static bool add_peer(struct proxy_group *group, const struct proxy_group *previous,
                     const struct table_peer *record, uint32_t origin,
                     const struct sockaddr *address, socklen_t size) {
    struct balance_peer *peer =
        previous == NULL ? NULL : find_peer(previous, origin, address, size);
    if (peer != NULL) {
        struct balance_settings settings = settings_of(record);
        balance_peer_hold(peer);
        balance_peer_configure(peer, &settings);
    } else {
        peer = create_peer(group, record, origin, address, size);
    }
    if (peer == NULL) {
        return false;
    }
    if (!balance_group_add(&group->balance, peer)) {
        balance_peer_release(peer);
        return false;
    }
    return true;
}

/* Until a name has been resolved anew its previous addresses go on. */
static bool adopt_among(struct proxy_group *group, const struct proxy_group *previous,
                        const struct balance_peers *peers, uint32_t origin) {
    const struct table_peer *record = &table_of(group)->peer[group->record->peers.first + origin];
    for (uint32_t i = 0; i < peers->count; i++) {
        struct balance_peer *peer = peers->items[i];
        if (peer->origin == origin &&
            !add_peer(group, previous, record, origin, (const struct sockaddr *)&peer->address,
                      peer->address_size)) {
            return false;
        }
    }
    return true;
}

static bool adopt_resolved(struct proxy_group *group, const struct proxy_group *previous,
                           uint32_t origin) {
    return previous == NULL || (adopt_among(group, previous, &previous->balance.peers, origin) &&
                                adopt_among(group, previous, &previous->balance.backups, origin));
}

/* --- resolving --- */

static void set_port(struct sockaddr_storage *address, uint32_t port) {
    if (address->ss_family == AF_INET) {
        ((struct sockaddr_in *)address)->sin_port = htons((uint16_t)port);
    } else {
        ((struct sockaddr_in6 *)address)->sin6_port = htons((uint16_t)port);
    }
}

static socklen_t address_size(const struct sockaddr_storage *address) {
    return address->ss_family == AF_INET ? sizeof(struct sockaddr_in) : sizeof(struct sockaddr_in6);
}

static bool is_answered(const struct resolver_answer *answer, const struct balance_peer *peer) {
    for (uint32_t i = 0; i < answer->count; i++) {
        if (address_size(&answer->addresses[i]) == peer->address_size &&
            memcmp(&answer->addresses[i], &peer->address, peer->address_size) == 0) {
            return true;
        }
    }
    return false;
}

struct resolved_name {
    const struct group_name *name;
    const struct resolver_answer *answer;
};

static bool is_resolved_away(void *data, const struct balance_peer *peer) {
    const struct resolved_name *resolved_name = data;
    return peer->origin == resolved_name->name->origin && !is_answered(resolved_name->answer, peer);
}

static void use_answer(struct group_name *name, const struct resolver_answer *answer) {
    struct proxy_group *group = name->group;
    for (uint32_t i = 0; i < answer->count; i++) {
        struct sockaddr_storage *address = &answer->addresses[i];
        set_port(address, name->record->port);
        const struct sockaddr *any = (const struct sockaddr *)address;
        if (find_peer(group, name->origin, any, address_size(address)) == NULL &&
            !add_peer(group, NULL, name->record, name->origin, any, address_size(address))) {
            report_unresolved(name, "no memory");
        }
    }
    struct resolved_name resolved_name = {name, answer};
    balance_group_remove(&group->balance, is_resolved_away, &resolved_name);
}

static void resolved(void *owner, const struct resolver_answer *answer) {
    struct group_name *name = owner;
    struct loop *loop = name->group->state->service->loop;
    name->query = NULL;
    if (answer->count > 0) {
        use_answer(name, answer);
        return;
    }
    report_unresolved(name, answer->error);
    timer_start(&loop->timers, &name->retry, loop->now + name->retry_delay);
    name->retry_delay =
        name->retry_delay * 2 < RETRY_LAST_MS ? name->retry_delay * 2 : RETRY_LAST_MS;
}

static void retry(struct timer *timer) {
    resolve(CONTAINER_OF(timer, struct group_name, retry));
}

static void resolve(struct group_name *name) {
    struct proxy_state *state = name->group->state;
    const char *host = table_chars(table_of(name->group), name->record->host);
    if (state->resolver != NULL) {
        name->query = resolver_start(state->resolver, host, resolved, name);
    }
    if (name->query == NULL) {
        struct resolver_answer none = {.error = "the resolver is not available"};
        resolved(name, &none);
    }
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
            struct group_name *name = &group->names[group->name_count++];
            *name = (struct group_name){.group = group,
                                        .record = record,
                                        .origin = i,
                                        .retry = {.on_expire = retry},
                                        .retry_delay = RETRY_FIRST_MS};
            if (!adopt_resolved(group, previous, i)) {
                return false;
            }
            continue;
        }
        socklen_t size = socket_address_from_table(&address, record->family, record->address.bytes,
                                                   record->port, table_text(table, record->host));
        if (size > 0 &&
            !add_peer(group, previous, record, i, (const struct sockaddr *)&address, size)) {
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
    return group->names != NULL && group->pool != NULL && add_peers(group, previous);
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
    for (uint32_t i = 0; i < group->name_count; i++) {
        resolve(&group->names[i]);
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
        balance_group_init(&groups->items[i].balance, &balance_round_robin, state->service->zone);
    }
    for (uint32_t i = 0; i < count; i++) {
        if (!build_group(&groups->items[i], previous)) {
            proxy_groups_destroy(groups);
            return NULL;
        }
    }
    for (uint32_t i = 0; i < count; i++) {
        activate(&groups->items[i]);
    }
    return groups;
}

void proxy_groups_destroy(struct proxy_groups *groups) {
    for (uint32_t i = 0; i < groups->count; i++) {
        struct proxy_group *group = &groups->items[i];
        for (uint32_t n = 0; n < group->name_count; n++) {
            timer_remove(&groups->state->service->loop->timers, &group->names[n].retry);
            if (group->names[n].query != NULL) {
                resolver_cancel(group->names[n].query);
            }
        }
        free(group->names);
        balance_group_release(&group->balance);
        if (group->pool != NULL) {
            back_pool_release(group->pool);
        }
    }
    free(groups);
}
