/* Listeners and the endpoints behind them. */
#include "emit/emitter.h"

#include <string.h>

/* NGX_LISTEN_BACKLOG on Linux. */
enum { DEFAULT_BACKLOG = 511 };

static void emit_endpoint(struct emitter *emitter, const struct endpoint *endpoint) {
    struct table_endpoint record = {
        .is_wildcard = endpoint->is_wildcard,
        .default_server = emit_find_thing(&emitter->servers, endpoint->default_server),
        .names = emit_name_index(emitter, endpoint),
        .ssl = endpoint->ssl,
        .http2 = endpoint->http2,
        .proxy_protocol = endpoint->proxy_protocol,
    };
    memcpy(record.address.bytes, endpoint->address.bytes, sizeof record.address.bytes);
    emit_append(emitter, TABLE_SECTION_endpoint, &record);
}

static void emit_listener(struct emitter *emitter, const struct listener *listener) {
    const struct listen *listen = listener->listen;
    const struct address *address = &listener->address;
    bool is_unix = address->family == TABLE_FAMILY_UNIX;
    struct table_listener record = {
        .family = address->family,
        .port = address->port,
        .path = emit_string(emitter, is_unix ? address->host : SLICE("")),
        .name = emit_string(emitter, listener->name),
        .backlog = listen->has_backlog ? listen->backlog : DEFAULT_BACKLOG,
        .reuseport = listen->reuseport,
        .ipv6only = listen->ipv6only,
        .deferred = listen->deferred,
        .fastopen = listen->fastopen,
        .receive_buffer = listen->receive_buffer,
        .send_buffer = listen->send_buffer,
        .keepalive = listen->keepalive,
        .keepalive_idle = listen->keepalive_idle,
        .keepalive_interval = listen->keepalive_interval,
        .keepalive_count = listen->keepalive_count,
        .endpoints = {emit_next(emitter, TABLE_SECTION_endpoint),
                      (uint32_t)listener->endpoints.count},
        .place = emit_place(emitter, listen->statement),
    };
    memcpy(record.address.bytes, address->bytes, sizeof record.address.bytes);
    for (size_t i = 0; i < listener->endpoints.count; i++) {
        emit_endpoint(emitter, listener->endpoints.items[i]);
    }
    emit_append(emitter, TABLE_SECTION_listener, &record);
}

void emit_listeners(struct emitter *emitter) {
    for (size_t i = 0; i < emitter->model->listeners.count; i++) {
        emit_listener(emitter, emitter->model->listeners.items[i]);
    }
}
