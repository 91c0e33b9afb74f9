/* Upstream groups with their peers, and the targets of proxy_pass. */
#include "emit/emitter.h"

#include <string.h>

static void emit_peer(struct emitter *emitter, const struct peer *peer,
                      const struct statement *group) {
    struct table_peer record = {
        .name = emit_string(emitter, peer->name),
        .family = peer->address.family,
        .port = peer->address.port,
        .host = emit_string(emitter, peer->address.host),
        .weight = peer->weight,
        .max_fails = peer->max_fails,
        .fail_timeout = peer->fail_timeout,
        .max_conns = peer->max_conns,
        .slow_start = peer->slow_start,
        .backup = peer->backup,
        .down = peer->down,
        .drain = peer->drain,
        .route = emit_string(emitter, peer->route),
        .resolve = peer->resolve,
        .place = emit_place(emitter, peer->statement != NULL ? peer->statement : group),
    };
    memcpy(record.address.bytes, peer->address.bytes, sizeof record.address.bytes);
    emit_append(emitter, TABLE_SECTION_peer, &record);
}

static uint32_t emit_optional(struct emitter *emitter, const struct template *template,
                              bool is_there) {
    return is_there ? emit_template(emitter, template) : TABLE_NONE;
}

static uint32_t emit_sticky(struct emitter *emitter, const struct sticky *sticky) {
    if (sticky == NULL) {
        return TABLE_NONE;
    }
    struct table_sticky record;
    memset(&record, 0, sizeof record);
    record.lookups.first = emit_next(emitter, TABLE_SECTION_sticky_lookup);
    record.lookups.count = (uint32_t)sticky->lookups.count;
    for (size_t i = 0; i < sticky->lookups.count; i++) {
        struct table_sticky_lookup lookup = {.value =
                                                 emit_template(emitter, &sticky->lookups.items[i])};
        emit_append(emitter, TABLE_SECTION_sticky_lookup, &lookup);
    }
    record.cookie = emit_string(emitter, sticky->cookie);
    record.life = sticky->life;
    record.max_age = (uint32_t)sticky->max_age;
    record.domain = emit_optional(emitter, &sticky->domain, sticky->has_domain);
    record.path = emit_string(emitter, sticky->path);
    record.httponly = sticky->httponly;
    record.secure = sticky->secure;
    record.samesite = emit_optional(emitter, &sticky->samesite, sticky->has_samesite);
    record.place = emit_place(emitter, sticky->statement);
    return emit_append(emitter, TABLE_SECTION_sticky, &record);
}

static bool has_key(enum table_balance_method method) {
    return method == TABLE_BALANCE_HASH || method == TABLE_BALANCE_HASH_CONSISTENT;
}

static void emit_upstream(struct emitter *emitter, const struct upstream *upstream) {
    const struct statement *statement = upstream->statement;
    if (statement == NULL && upstream->implied_by != NULL) {
        statement = upstream->implied_by->statement;
    }
    struct table_upstream record;
    memset(&record, 0, sizeof record);
    record.name = emit_string(emitter, upstream->name);
    record.port = upstream->port;
    record.implicit = upstream->statement == NULL;
    record.place = emit_place(emitter, statement);
    record.peers.first = emit_next(emitter, TABLE_SECTION_peer);
    record.peers.count = (uint32_t)upstream->peers.count;
    for (size_t i = 0; i < upstream->peers.count; i++) {
        emit_peer(emitter, upstream->peers.items[i], statement);
    }
    record.method = upstream->method;
    record.hash_key = emit_optional(emitter, &upstream->hash_key, has_key(upstream->method));
    record.sticky = emit_sticky(emitter, upstream->sticky);
    emit_upstream_settings(emitter, upstream, &record);
    uint32_t index = emit_append(emitter, TABLE_SECTION_upstream, &record);
    emit_remember_thing(&emitter->upstreams, upstream, index);
}

/* Groups that no proxy_pass names are there too: one with variables may name them. */
void emit_upstreams(struct emitter *emitter) {
    for (size_t i = 0; i < emitter->model->upstreams.count; i++) {
        emit_upstream(emitter, emitter->model->upstreams.items[i]);
    }
}

/* $proxy_port: the port as written or that of the scheme; a unix socket has none (nginx's
 * ngx_http_proxy_set_vars). */
static struct table_string emit_proxy_port(struct emitter *emitter,
                                           const struct proxy_pass *proxy) {
    if (proxy->address.family == TABLE_FAMILY_UNIX) {
        return (struct table_string){0, 0};
    }
    if (!proxy->has_port) {
        return emit_string(emitter, proxy->is_tls ? SLICE("443") : SLICE("80"));
    }
    return emit_string(emitter, arena_format(&emitter->scratch, "%u", proxy->address.port));
}

static uint32_t matched_length(const struct location *location) {
    switch (location->kind) {
    case TABLE_LOCATION_PREFIX:
    case TABLE_LOCATION_EXACT:
    case TABLE_LOCATION_PREFIX_NO_REGEX:
        return (uint32_t)location->name.size;
    case TABLE_LOCATION_REGEX:
    case TABLE_LOCATION_REGEX_NOCASE:
    case TABLE_LOCATION_NAMED:
        break;
    }
    return 0;
}

uint32_t emit_proxy(struct emitter *emitter, const struct location *location) {
    const struct proxy_pass *proxy = location->proxy;
    if (proxy == NULL) {
        return TABLE_NONE;
    }
    struct table_proxy record = {
        .upstream = TABLE_NONE,
        .target = TABLE_NONE,
        .is_grpc = proxy->is_grpc,
        .is_tls = proxy->is_tls,
        .prefix_length = matched_length(location),
    };
    if (proxy->has_variables) {
        record.target = emit_template(emitter, &proxy->target);
    } else {
        record.upstream = emit_find_thing(&emitter->upstreams, proxy->upstream);
        record.host = emit_string(emitter, proxy->host);
        record.port = emit_proxy_port(emitter, proxy);
        record.has_uri = proxy->has_uri;
        record.uri = emit_string(emitter, proxy->uri);
    }
    return emit_shared(emitter, TABLE_SECTION_proxy, &record);
}

uint32_t emit_binding(struct emitter *emitter, const struct binding_setting *binding) {
    if (binding->statement == NULL) {
        return TABLE_NONE;
    }
    struct table_binding record = {
        .address = emit_template(emitter, &binding->address),
        .transparent = binding->is_transparent,
    };
    return emit_shared(emitter, TABLE_SECTION_binding, &record);
}
