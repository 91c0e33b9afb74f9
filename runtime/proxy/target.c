/* Where a request goes: the peers of the group, of the address, or of the name that the engine has
 * found. Names that variables give are resolved here, by the location's resolver. */
#include "proxy/internal.h"

#include "base/container.h"
#include "engine/upstream.h"

#include <stdio.h>
#include <string.h>

/* As many addresses of a name may be tried for one request. */
enum { TRIED_LIMIT = 64 };

/* A peer of no group of the configuration: what becomes of it is forgotten with the request. */
static bool add_peer(struct proxy *proxy, const struct sockaddr *address, socklen_t size,
                     struct slice name) {
    static const struct balance_identity nobody;
    struct balance_settings settings = balance_settings_default();
    struct balance_peer *peer = balance_peer_create(NULL, &nobody, address, size, name, &settings);
    if (proxy->balance == NULL) {
        balance_group_init(&proxy->single, &balance_round_robin, NULL);
        proxy->balance = &proxy->single;
    }
    if (peer == NULL) {
        return false;
    }
    if (!balance_group_add(&proxy->single, peer)) {
        balance_peer_release(peer);
        return false;
    }
    return true;
}

static bool fail(struct proxy *proxy, uint32_t status) {
    exchange_fail(proxy->exchange, status);
    return false;
}

static bool use_address(struct proxy *proxy, const struct engine_upstream_address *target) {
    struct sockaddr_storage address;
    socklen_t size = socket_address_from_table(&address, target->family, target->bytes,
                                               target->port, target->path);
    if (size == 0) {
        exchange_log(proxy->exchange, TABLE_LOG_ERROR, (struct slice){0},
                     "the path of a unix socket is too long: %.*s", SLICE_ARGS(target->path));
        return fail(proxy, 502);
    }
    return add_peer(proxy, (const struct sockaddr *)&address, size, target->name) ||
           fail(proxy, 500);
}

/* --- names --- */

static bool add_resolved(struct proxy *proxy, const union socket_address *found) {
    union socket_address address = *found;
    char host[SOCKET_TEXT_SIZE];
    char text[SOCKET_TEXT_SIZE + 10];
    bool is_ipv6 = address.any.sa_family == AF_INET6;
    socket_address_text(&address.any, host);
    if (is_ipv6) {
        address.ipv6.sin6_port = htons((uint16_t)proxy->name_port);
    } else {
        address.ipv4.sin_port = htons((uint16_t)proxy->name_port);
    }
    int size = snprintf(text, sizeof text, is_ipv6 ? "[%s]:%u" : "%s:%u", host, proxy->name_port);
    return add_peer(proxy, &address.any, is_ipv6 ? sizeof address.ipv6 : sizeof address.ipv4,
                    (struct slice){text, (size_t)size});
}

/* Each request begins with another one of the addresses, and may go on to the others. */
static bool use_addresses(struct proxy *proxy, const struct name_addresses *addresses) {
    uint32_t first = proxy->state->rotation++ % addresses->count;
    uint32_t count = addresses->count < TRIED_LIMIT ? addresses->count : TRIED_LIMIT;
    for (uint32_t i = 0; i < count; i++) {
        if (!add_resolved(proxy, &addresses->items[(first + i) % addresses->count])) {
            return fail(proxy, 500);
        }
    }
    return true;
}

static void resolved(struct name_wait *wait, const struct name_result *result) {
    struct proxy *proxy = CONTAINER_OF(wait, struct proxy, name);
    if (result->addresses == NULL) {
        exchange_log(proxy->exchange, TABLE_LOG_ERROR, (struct slice){0},
                     "%.*s could not be resolved (%u: %s)", SLICE_ARGS(proxy->name_text),
                     result->code, result->error);
        exchange_fail(proxy->exchange, 502);
    } else if (use_addresses(proxy, result->addresses)) {
        proxy_begin(proxy);
    }
}

static bool refuse_name(struct proxy *proxy, const char *reason, uint32_t status) {
    exchange_log(proxy->exchange, TABLE_LOG_ERROR, (struct slice){0},
                 "%.*s could not be resolved: %s", SLICE_ARGS(proxy->name_text), reason);
    return fail(proxy, status);
}

static bool use_name(struct proxy *proxy, const struct engine_upstream_address *target) {
    const struct proxy_groups *groups = proxy->exchange->generation->extension;
    const struct table_settings *settings = proxy->exchange->request.settings;
    struct name_cache *cache = groups->resolvers->items[settings->resolver];
    struct name_result known;
    proxy->name_port = target->port;
    proxy->name_text = target->host;
    if (cache == NULL) {
        return refuse_name(proxy, "the resolver is not available", 502);
    }
    if (name_cache_find(cache, target->host, &known)) {
        return use_addresses(proxy, known.addresses);
    }
    proxy->step = PROXY_RESOLVING;
    proxy->name.done = resolved;
    if (!name_cache_wait(cache, target->host, settings->resolver_timeout, &proxy->name)) {
        return refuse_name(proxy, "too many names are being resolved", 503);
    }
    return false;
}

/* For https://: the context of the location's settings, and who the backend should be. */
static bool secure(struct proxy *proxy) {
    struct exchange *exchange = proxy->exchange;
    struct proxy_groups *groups = exchange->generation->extension;
    struct proxy_tls *tls = &proxy->state->tls;
    struct failure failure;
    if (!engine_make_tls_name(&exchange->request, proxy->host, &proxy->security.name)) {
        return fail(proxy, 500);
    }
    proxy->security.context = proxy_tls_find(tls, &groups->tls, exchange->generation,
                                             exchange->request.settings, &failure);
    proxy->security.sessions = tls->sessions;
    if (proxy->security.context == NULL) {
        exchange_log(exchange, TABLE_LOG_ALERT, (struct slice){0}, "%s", failure.text);
        return fail(proxy, 500);
    }
    return true;
}

bool proxy_find_target(struct proxy *proxy) {
    struct engine_upstream upstream;
    struct proxy_groups *groups = proxy->exchange->generation->extension;
    uint32_t failure = engine_find_upstream(&proxy->exchange->request, &upstream);
    proxy->host = upstream.host;
    proxy->port = upstream.port;
    proxy->uri = upstream.uri;
    if (failure != 0) {
        return fail(proxy, failure);
    }
    if (upstream.is_tls && !secure(proxy)) {
        return false;
    }
    if (upstream.group != TABLE_NONE) {
        proxy->group = &groups->items[upstream.group];
        proxy->balance = &proxy->group->balance;
        return proxy_prepare_balancing(proxy) || fail(proxy, 500);
    }
    return upstream.address.family == TABLE_FAMILY_NAME ? use_name(proxy, &upstream.address)
                                                        : use_address(proxy, &upstream.address);
}
