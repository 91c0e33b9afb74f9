/* Where a request goes: the group or address of proxy_pass and the URI for the backend, in nginx's
 * rules. */
#include "base/ip.h"
#include "engine/decide.h"
#include "engine/observe.h"
#include "engine/safe_text.h"
#include "engine/state.h"
#include "engine/upstream.h"

enum { HTTP_PORT = 80, HTTPS_PORT = 443, STATUS_INTERNAL_ERROR = 500, STATUS_BAD_GATEWAY = 502 };

/* --- URIs; without data: no memory --- */

static struct slice join(struct engine_request *request, const struct slice *parts,
                         uint32_t count) {
    struct slice text;
    return engine_join(request, parts, count, &text) ? text : (struct slice){0};
}

/* The request's own path and arguments, as they came. */
static struct slice unchanged_uri(struct engine_request *request) {
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
    return join(request, parts, 3);
}

/* The path as the engine has it, and the arguments. What is left of a normalised path is escaped
 * again if it came escaped, or was made by the configuration, as nginx does. One that a rewrite
 * left without a slash gets one, so that a backend never takes it for a whole URL (RFC 9112 3.2).
 */
static struct slice made_uri(struct engine_request *request, struct slice before,
                             struct slice path) {
    bool was_escaped = slice_find_byte(request->raw_path, '%') < request->raw_path.size;
    if (was_escaped || request->is_internal) {
        path = engine_escape_uri(request->arena, path);
        if (path.data == NULL) {
            return path;
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
    /* Bytes that would end the request line can only come from decoded paths. */
    return engine_escape_controls(request->arena, join(request, parts, 5), ' ');
}

/* Without a URI in proxy_pass. */
static struct slice own_uri(struct engine_request *request) {
    return request->is_rewritten ? made_uri(request, SLICE(""), request->uri)
                                 : unchanged_uri(request);
}

/* The matched prefix replaced by the URI of proxy_pass; after "rewrite ... break" the whole path
 * counts instead. */
static struct slice replaced_uri(struct engine_request *request, const struct table_proxy *proxy) {
    if (request->keeps_path) {
        return made_uri(request, SLICE(""), request->uri);
    }
    return made_uri(request, table_text(request->engine->table, proxy->uri),
                    slice_skip(request->uri, proxy->prefix_length));
}

/* --- targets without variables --- */

static uint32_t use_fixed_target(struct engine_request *request, const struct table_proxy *proxy,
                                 struct engine_upstream *upstream) {
    const struct table *table = request->engine->table;
    upstream->group = proxy->upstream;
    upstream->is_tls = proxy->is_tls != 0;
    upstream->host = table_text(table, proxy->host);
    upstream->port = table_text(table, proxy->port);
    upstream->uri = proxy->has_uri != 0 ? replaced_uri(request, proxy) : own_uri(request);
    return upstream->uri.data != NULL ? 0 : STATUS_INTERNAL_ERROR;
}

/* --- targets from variables --- */

/* The parts of http://host[:port][/uri] or http://unix:/path[:/uri]; or https:// instead. For gRPC
 * it is grpc:// or grpcs:// or no scheme, and no URI. */
struct target {
    bool is_grpc;
    bool is_tls;
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
    if (!slice_parse_u64(text, UINT16_MAX, &value) || value == 0) {
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

static bool parse_scheme(struct slice *url, struct target *target) {
    struct slice tls = target->is_grpc ? SLICE("grpcs://") : SLICE("https://");
    struct slice plain = target->is_grpc ? SLICE("grpc://") : SLICE("http://");
    target->is_tls = slice_starts_with_nocase(*url, tls);
    bool is_plain = slice_starts_with_nocase(*url, plain);
    *url = slice_skip(*url, target->is_tls ? tls.size : is_plain ? plain.size : 0);
    return target->is_tls || is_plain || target->is_grpc;
}

static bool parse_target(struct slice rest, struct target *target) {
    if (!parse_scheme(&rest, target)) {
        return false;
    }
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

struct slice engine_upstream_scheme(const struct table_proxy *proxy, bool is_tls) {
    if (proxy->is_grpc != 0) {
        return is_tls ? SLICE("grpcs://") : SLICE("grpc://");
    }
    return is_tls ? SLICE("https://") : SLICE("http://");
}

uint32_t engine_find_group(const struct table *table, struct slice name, uint32_t port) {
    for (uint32_t i = 0; i < table->upstream_count; i++) {
        if (table->upstream[i].port == port &&
            slice_equals_nocase(table_text(table, table->upstream[i].name), name)) {
            return i;
        }
    }
    return TABLE_NONE;
}

/* gRPC has none: 0. */
static uint32_t usual_port(const struct target *target) {
    if (target->is_grpc) {
        return 0;
    }
    return target->is_tls ? HTTPS_PORT : HTTP_PORT;
}

static uint32_t port_of(const struct target *target) {
    return target->port != 0 ? target->port : usual_port(target);
}

/* The group that nginx would choose: one of that name when no port is written, or one made for the
 * same host and port. */
static uint32_t choose_group(const struct table *table, const struct target *target) {
    uint32_t group = target->port == 0 ? engine_find_group(table, target->host, 0) : TABLE_NONE;
    return group != TABLE_NONE ? group : engine_find_group(table, target->host, port_of(target));
}

static bool parse_literal(struct slice host, struct engine_upstream_address *address) {
    address->family = TABLE_FAMILY_IPV4;
    if (ip_parse_v4(host, address->bytes)) {
        return true;
    }
    address->family = TABLE_FAMILY_IPV6;
    return ip_parse_v6(host, address->bytes);
}

/* The name has a port even where none was written. */
static bool name_address(struct engine_request *request, const struct target *target,
                         struct engine_upstream_address *address) {
    struct slice parts[] = {
        target->is_unix ? SLICE("unix:") : target->host_and_port,
        target->is_unix     ? target->host
        : target->port != 0 ? SLICE("")
        : target->is_tls    ? SLICE(":443")
                            : SLICE(":80"),
    };
    return engine_join(request, parts, 2, &address->name);
}

static uint32_t use_address(struct engine_request *request, const struct target *target,
                            struct engine_upstream_address *address) {
    address->port = port_of(target);
    if (!target->is_unix && address->port == 0) {
        engine_note(request, TABLE_LOG_ERROR, "no port in upstream \"%.*s\"",
                    SLICE_ARGS(target->host));
        return STATUS_INTERNAL_ERROR;
    }
    if (target->is_unix) {
        address->family = TABLE_FAMILY_UNIX;
        address->path = target->host;
    } else if (!parse_literal(target->host, address)) {
        address->family = TABLE_FAMILY_NAME;
        address->host = target->host;
        if (request->settings->resolver == TABLE_NONE) {
            engine_note(request, TABLE_LOG_ERROR, "no resolver defined to resolve %.*s",
                        SLICE_ARGS(target->host));
            return STATUS_BAD_GATEWAY;
        }
    }
    return name_address(request, target, address) ? 0 : STATUS_INTERNAL_ERROR;
}

/* $proxy_host has the port only when it is written and not the usual one. */
static void set_host_and_port(struct engine_upstream *upstream, const struct target *target) {
    if (target->is_unix) {
        upstream->host = SLICE("localhost");
        upstream->port = SLICE("");
        return;
    }
    struct slice both = target->host_and_port;
    size_t bracket = slice_find_byte(both, ']');
    size_t from = bracket < both.size ? bracket : 0;
    size_t colon = from + slice_find_byte(slice_skip(both, from), ':');
    bool is_usual = port_of(target) == usual_port(target);
    struct slice usual = target->is_grpc ? SLICE("") : target->is_tls ? SLICE("443") : SLICE("80");
    upstream->host = is_usual ? slice_take(both, colon) : both;
    upstream->port = is_usual ? usual : slice_skip(both, colon + 1);
}

static struct slice variable_uri(struct engine_request *request, struct slice uri) {
    if (uri.size == 0) {
        return own_uri(request);
    }
    struct slice parts[] = {uri.data[0] == '/' ? SLICE("") : SLICE("/"), uri};
    return engine_escape_controls(request->arena, join(request, parts, 2), ' ');
}

static uint32_t use_variable_target(struct engine_request *request, const struct table_proxy *proxy,
                                    struct engine_upstream *upstream) {
    struct slice url;
    struct target target = {.is_grpc = proxy->is_grpc != 0};
    if (!engine_run_template(request, proxy->target, &url)) {
        return STATUS_INTERNAL_ERROR;
    }
    if (!parse_target(url, &target) || (target.is_grpc && target.uri.size > 0)) {
        engine_note(request, TABLE_LOG_ERROR, "invalid URL \"%.*s\" in %s_pass", SLICE_ARGS(url),
                    target.is_grpc ? "grpc" : "proxy");
        return STATUS_INTERNAL_ERROR;
    }
    upstream->is_tls = target.is_tls;
    set_host_and_port(upstream, &target);
    upstream->uri = variable_uri(request, target.uri);
    if (upstream->uri.data == NULL) {
        return STATUS_INTERNAL_ERROR;
    }
    if (!target.is_unix) {
        upstream->group = choose_group(request->engine->table, &target);
    }
    return upstream->group != TABLE_NONE ? 0 : use_address(request, &target, &upstream->address);
}

uint32_t engine_find_upstream(struct engine_request *request, struct engine_upstream *upstream) {
    const struct table_proxy *proxy = &request->engine->table->proxy[request->location->proxy];
    *upstream = (struct engine_upstream){.group = TABLE_NONE};
    uint32_t failure = proxy->upstream != TABLE_NONE
                           ? use_fixed_target(request, proxy, upstream)
                           : use_variable_target(request, proxy, upstream);
    request->proxy_host = upstream->host;
    request->proxy_port = upstream->port;
    return failure;
}
