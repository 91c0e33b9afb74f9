/* Where a request goes: the peers of the group, or of the address, that the engine has found. */
#include "proxy/internal.h"

#include "engine/upstream.h"

/* A peer of its own for an address that is in no group; alone, so never out of use. */
static bool use_address(struct proxy *proxy, const struct engine_upstream_address *target) {
    struct sockaddr_storage address;
    socklen_t size = socket_address_from_table(&address, target->family, target->bytes,
                                               target->port, target->path);
    if (size == 0) {
        exchange_log(proxy->exchange, TABLE_LOG_ERROR, (struct slice){0},
                     "the path of a unix socket is too long: %.*s", SLICE_ARGS(target->path));
        exchange_fail(proxy->exchange, 502);
        return false;
    }
    static const struct balance_identity nobody;
    struct balance_settings settings = balance_settings_default();
    struct balance_peer *peer = balance_peer_create(
        NULL, &nobody, (const struct sockaddr *)&address, size, target->name, &settings);
    balance_group_init(&proxy->single, &balance_round_robin, NULL);
    if (peer == NULL || !balance_group_add(&proxy->single, peer)) {
        if (peer != NULL) {
            balance_peer_release(peer);
        }
        exchange_fail(proxy->exchange, 500);
        return false;
    }
    proxy->balance = &proxy->single;
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
        exchange_fail(proxy->exchange, failure);
        return false;
    }
    if (upstream.group == TABLE_NONE) {
        return use_address(proxy, &upstream.address);
    }
    proxy->group = &groups->items[upstream.group];
    proxy->balance = &proxy->group->balance;
    return true;
}
