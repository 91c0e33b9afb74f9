/* Where a request goes: the group or address of proxy_pass and the URI for the backend, in nginx's
 * rules. */
#include "proxy/internal.h"

#include <arpa/inet.h>
#include <stdio.h>
#include <string.h>

static const struct table *table_of(const struct proxy *proxy) {
    return &proxy->exchange->generation->table;
}

/* --- URIs --- */

static struct slice join(struct proxy *proxy, const struct slice *parts, uint32_t count) {
    size_t size = 0;
    for (uint32_t i = 0; i < count; i++) {
        size += parts[i].size;
    }
    char *text = arena_allocate_bytes(&proxy->exchange->arena, size + 1);
    if (text == NULL) {
        return (struct slice){0};
    }
    size = 0;
    for (uint32_t i = 0; i < count; i++) {
        if (parts[i].size > 0) {
            memcpy(text + size, parts[i].data, parts[i].size);
        }
        size += parts[i].size;
    }
    return (struct slice){text, size};
}

/* The request's own path and arguments, as they came. */
static struct slice unchanged_uri(struct proxy *proxy) {
    const struct engine_request *request = &proxy->exchange->request;
    bool is_inside = request->raw_path.size > 0 && request->raw_path.data >= request->target.data &&
                     request->raw_path.data <= request->target.data + request->target.size;
    if (is_inside) {
        const char *end = request->target.data + request->target.size;
        return (struct slice){request->raw_path.data, (size_t)(end - request->raw_path.data)};
    }
    struct slice parts[] = {
        request->raw_path.size > 0 ? request->raw_path : SLICE("/"),
        request->args.size > 0 ? SLICE("?") : SLICE(""),
        request->args,
    };
    return join(proxy, parts, 3);
}

/* Bytes that would end the request line or a field are encoded; they can only come from decoded
 * variables. */
static struct slice encode_unsafe(struct proxy *proxy, struct slice uri) {
    size_t unsafe = 0;
    for (size_t i = 0; i < uri.size; i++) {
        unsigned char byte = (unsigned char)uri.data[i];
        unsafe += byte <= 0x20 || byte == 0x7f;
    }
    if (unsafe == 0) {
        return uri;
    }
    char *text = arena_allocate_bytes(&proxy->exchange->arena, uri.size + 2 * unsafe + 1);
    size_t size = 0;
    for (size_t i = 0; text != NULL && i < uri.size; i++) {
        unsigned char byte = (unsigned char)uri.data[i];
        if (byte <= 0x20 || byte == 0x7f) {
            size += (size_t)snprintf(text + size, 4, "%%%02X", (unsigned)byte);
        } else {
            text[size++] = uri.data[i];
        }
    }
    return (struct slice){text, size};
}

/* The path as the engine has it, and the arguments. What is left of a normalised path is escaped
 * again if it came escaped, or was made by the configuration, as nginx does. One that a rewrite
 * left without a slash gets one, so that a backend never takes it for a whole URL (RFC 9112 3.2).
 */
static struct slice made_uri(struct proxy *proxy, struct slice before, struct slice path) {
    const struct engine_request *request = &proxy->exchange->request;
    bool was_escaped = slice_find_byte(request->raw_path, '%') < request->raw_path.size;
    if (was_escaped || request->is_internal) {
        path = engine_escape_uri(request->arena, path);
        if (path.data == NULL) {
            return (struct slice){0};
        }
    }
    struct slice first = before.size > 0 ? before : path;
    struct slice parts[] = {
        slice_starts_with(first, SLICE("/")) ? SLICE("") : SLICE("/"),
        before,
        path,
        request->args.size > 0 ? SLICE("?") : SLICE(""),
        request->args,
    };
    return join(proxy, parts, 5);
}

/* Without a URI in proxy_pass. */
static struct slice own_uri(struct proxy *proxy) {
    const struct engine_request *request = &proxy->exchange->request;
    return request->is_rewritten ? encode_unsafe(proxy, made_uri(proxy, SLICE(""), request->uri))
                                 : unchanged_uri(proxy);
}

/* The matched prefix replaced by the URI of proxy_pass; after "rewrite ... break" the whole path
 * counts instead. */
static struct slice replaced_uri(struct proxy *proxy) {
    const struct engine_request *request = &proxy->exchange->request;
    const struct table_proxy *record = proxy->record;
    if (request->keeps_path) {
        return encode_unsafe(proxy, made_uri(proxy, SLICE(""), request->uri));
    }
    return encode_unsafe(proxy, made_uri(proxy, table_text(table_of(proxy), record->uri),
                                         slice_skip(request->uri, record->prefix_length)));
}

/* --- targets without variables --- */

static bool use_fixed_target(struct proxy *proxy) {
    const struct table *table = table_of(proxy);
    const struct table_proxy *record = proxy->record;
    struct proxy_groups *groups = proxy->exchange->generation->extension;
    proxy->group = &groups->items[record->upstream];
    proxy->peers = &proxy->group->peers;
    proxy->host = table_text(table, record->host);
    proxy->port = table_text(table, record->port);
    proxy->uri = record->has_uri != 0 ? replaced_uri(proxy) : own_uri(proxy);
    if (proxy->uri.data == NULL) {
        exchange_fail(proxy->exchange, 500);
        return false;
    }
    return true;
}

/* --- targets from variables --- */

/* The parts of http://host[:port][/uri] or http://unix:/path[:/uri]. */
struct target {
    struct slice host; /* without brackets; the path of a unix socket */
    struct slice host_and_port;
    uint32_t port; /* 0: not written */
    bool is_unix;
    struct slice uri;
};

static bool parse_unix_target(struct slice rest, struct target *target) {
    struct slice path = slice_skip(rest, 5);
    size_t end = slice_find_byte(path, ':');
    target->is_unix = true;
    target->host = slice_take(path, end);
    target->uri = slice_skip(path, end + 1);
    target->host_and_port = SLICE("localhost");
    return target->host.size > 0;
}

static bool parse_port(struct slice text, uint32_t *port) {
    uint64_t value;
    if (!slice_parse_u64(text, 65535, &value) || value == 0) {
        return false;
    }
    *port = (uint32_t)value;
    return true;
}

static size_t find_authority_end(struct slice rest) {
    size_t end = 0;
    while (end < rest.size && rest.data[end] != '/' && rest.data[end] != '?' &&
           rest.data[end] != '#') {
        end++;
    }
    return end;
}

static bool parse_target(struct slice url, struct target *target) {
    static const struct slice scheme = SLICE_INIT("http://");
    if (!slice_starts_with_nocase(url, scheme)) {
        return false;
    }
    struct slice rest = slice_skip(url, scheme.size);
    if (slice_starts_with(rest, SLICE("unix:"))) {
        return parse_unix_target(rest, target);
    }
    size_t end = find_authority_end(rest);
    target->host_and_port = slice_take(rest, end);
    target->uri = slice_skip(rest, end);
    struct slice host = target->host_and_port;
    size_t colon = slice_find_byte(host, ':');
    if (host.size > 0 && host.data[0] == '[') {
        size_t bracket = slice_find_byte(host, ']');
        colon = bracket + 1;
        target->host = slice_skip(slice_take(host, bracket), 1);
        if (bracket >= host.size || (colon < host.size && host.data[colon] != ':')) {
            return false;
        }
    } else {
        target->host = slice_take(host, colon);
    }
    return target->host.size > 0 &&
           (colon >= host.size || parse_port(slice_skip(host, colon + 1), &target->port));
}

/* The group that nginx would choose: one of that name when no port is written, or one made for the
 * same host and port. */
static struct proxy_group *find_group(struct proxy *proxy, const struct target *target) {
    struct proxy_groups *groups = proxy->exchange->generation->extension;
    const struct table *table = table_of(proxy);
    struct proxy_group *group =
        target->port == 0 ? proxy_groups_find(groups, table, target->host, 0) : NULL;
    return group != NULL ? group
                         : proxy_groups_find(groups, table, target->host,
                                             target->port != 0 ? target->port : 80);
}

static socklen_t literal_address(const struct target *target, struct sockaddr_storage *address) {
    uint8_t bytes[16];
    char host[INET6_ADDRSTRLEN];
    uint32_t port = target->port != 0 ? target->port : 80;
    if (target->is_unix) {
        return socket_address_from_table(address, TABLE_FAMILY_UNIX, bytes, 0, target->host);
    }
    if (target->host.size >= sizeof host ||
        slice_find_byte(target->host, '\0') < target->host.size) {
        return 0;
    }
    memcpy(host, target->host.data, target->host.size);
    host[target->host.size] = '\0';
    if (inet_pton(AF_INET, host, bytes) == 1) {
        return socket_address_from_table(address, TABLE_FAMILY_IPV4, bytes, port,
                                         (struct slice){0});
    }
    if (inet_pton(AF_INET6, host, bytes) == 1) {
        return socket_address_from_table(address, TABLE_FAMILY_IPV6, bytes, port,
                                         (struct slice){0});
    }
    return 0;
}

/* What logs call it, with a port in any case; a port may be written with any number of zeros. */
static struct slice address_name(const struct target *target, char *text, size_t size) {
    int length;
    if (target->is_unix) {
        length = snprintf(text, size, "unix:%.*s", SLICE_ARGS(target->host));
    } else {
        length = snprintf(text, size, "%.*s%s", SLICE_ARGS(target->host_and_port),
                          target->port != 0 ? "" : ":80");
    }
    return (struct slice){text, (size_t)length < size ? (size_t)length : size - 1};
}

/* A peer of its own for an address that is in no group; alone, so never out of use. */
static bool use_address(struct proxy *proxy, const struct target *target) {
    struct sockaddr_storage address;
    socklen_t size = literal_address(target, &address);
    char text[160];
    if (size == 0) {
        exchange_log(proxy->exchange, TABLE_LOG_ERROR, (struct slice){0},
                     "no resolver defined to resolve %.*s", SLICE_ARGS(target->host));
        exchange_fail(proxy->exchange, 502);
        return false;
    }
    struct slice name = address_name(target, text, sizeof text);
    struct balance_peer *peer =
        balance_peer_create((const struct sockaddr *)&address, size, name, 1, false);
    if (peer == NULL || !balance_peers_add(&proxy->single, peer)) {
        if (peer != NULL) {
            balance_peer_release(peer);
        }
        exchange_fail(proxy->exchange, 500);
        return false;
    }
    proxy->peers = &proxy->single;
    return true;
}

/* $proxy_host has the port only when it is written and not the usual one. */
static void set_host_and_port(struct proxy *proxy, const struct target *target) {
    bool is_usual = target->port == 0 || target->port == 80;
    if (target->is_unix) {
        proxy->host = SLICE("localhost");
        proxy->port = SLICE("");
        return;
    }
    size_t bracket = slice_find_byte(target->host_and_port, ']');
    size_t from = bracket < target->host_and_port.size ? bracket : 0;
    size_t colon = from + slice_find_byte(slice_skip(target->host_and_port, from), ':');
    proxy->host = is_usual ? slice_take(target->host_and_port, colon) : target->host_and_port;
    proxy->port = is_usual ? SLICE("80") : slice_skip(target->host_and_port, colon + 1);
}

static bool use_variable_target(struct proxy *proxy) {
    struct exchange *exchange = proxy->exchange;
    struct slice url;
    struct target target = {0};
    if (!engine_run_template(&exchange->request, proxy->record->target, &url)) {
        exchange_fail(exchange, 500);
        return false;
    }
    if (!parse_target(url, &target)) {
        exchange_log(exchange, TABLE_LOG_ERROR, (struct slice){0},
                     "invalid URL \"%.*s\" in proxy_pass", SLICE_ARGS(url));
        exchange_fail(exchange, 500);
        return false;
    }
    set_host_and_port(proxy, &target);
    if (target.uri.size == 0) {
        proxy->uri = own_uri(proxy);
    } else if (target.uri.data[0] != '/') {
        struct slice parts[] = {SLICE("/"), target.uri};
        proxy->uri = encode_unsafe(proxy, join(proxy, parts, 2));
    } else {
        proxy->uri = encode_unsafe(proxy, target.uri);
    }
    if (proxy->uri.data == NULL) {
        exchange_fail(exchange, 500);
        return false;
    }
    proxy->group = target.is_unix ? NULL : find_group(proxy, &target);
    if (proxy->group != NULL) {
        proxy->peers = &proxy->group->peers;
        return true;
    }
    return use_address(proxy, &target);
}

bool proxy_find_target(struct proxy *proxy) {
    return proxy->record->upstream != TABLE_NONE ? use_fixed_target(proxy)
                                                 : use_variable_target(proxy);
}
