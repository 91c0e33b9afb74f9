/* Variables of addresses and ports, and of the server and the location that were chosen. */
#include "engine/variable.h"

enum engine_value engine_variable_binary_remote_addr(struct engine_request *request,
                                                     struct slice suffix, struct slice *value) {
    (void)suffix;
    return engine_value_of(request->binary_remote_addr, value);
}

/* One string of the location's proxy record. Where proxy_pass has variables it is known only once
 * the URL has been taken apart. */
static enum engine_value find_target(struct engine_request *request, enum variable_id id,
                                     struct slice *value) {
    const struct table *table = engine_table(request->engine);
    if (request->location == NULL || request->location->proxy == TABLE_NONE) {
        return ENGINE_VALUE_NONE;
    }
    const struct table_proxy *proxy = &table->proxy[request->location->proxy];
    bool is_host = id == VARIABLE_PROXY_HOST;
    if (proxy->target != TABLE_NONE) {
        return engine_value_of(is_host ? request->proxy_host : request->proxy_port, value);
    }
    *value = table_text(table, is_host ? proxy->host : proxy->port);
    return ENGINE_VALUE_FOUND;
}

enum engine_value engine_variable_proxy_host(struct engine_request *request, struct slice suffix,
                                             struct slice *value) {
    (void)suffix;
    return find_target(request, VARIABLE_PROXY_HOST, value);
}

enum engine_value engine_variable_proxy_port(struct engine_request *request, struct slice suffix,
                                             struct slice *value) {
    (void)suffix;
    return find_target(request, VARIABLE_PROXY_PORT, value);
}

enum engine_value engine_variable_remote_addr(struct engine_request *request, struct slice suffix,
                                              struct slice *value) {
    (void)suffix;
    return engine_value_of(request->remote_addr, value);
}

/* A port in decimal; empty where there is none, as on unix sockets. */
static enum engine_value format_port(struct engine_request *request, uint32_t port,
                                     struct slice *value) {
    enum { DIGITS = 10 }; /* of any uint32_t */
    if (port == 0) {
        *value = SLICE("");
        return ENGINE_VALUE_FOUND;
    }
    char *text = arena_allocate_bytes(request->arena, DIGITS);
    if (text == NULL) {
        return ENGINE_VALUE_NO_MEMORY;
    }
    size_t begin = DIGITS;
    for (; port > 0; port /= 10) {
        text[--begin] = (char)('0' + port % 10);
    }
    *value = (struct slice){text + begin, DIGITS - begin};
    return ENGINE_VALUE_FOUND;
}

enum engine_value engine_variable_remote_port(struct engine_request *request, struct slice suffix,
                                              struct slice *value) {
    (void)suffix;
    return format_port(request, request->remote_port, value);
}

enum engine_value engine_variable_realip_remote_addr(struct engine_request *request,
                                                     struct slice suffix, struct slice *value) {
    (void)suffix;
    return engine_value_of(request->has_real_address ? request->peer_addr : request->remote_addr,
                           value);
}

enum engine_value engine_variable_realip_remote_port(struct engine_request *request,
                                                     struct slice suffix, struct slice *value) {
    (void)suffix;
    return format_port(
        request, request->has_real_address ? request->peer_port : request->remote_port, value);
}

enum engine_value engine_variable_server_addr(struct engine_request *request, struct slice suffix,
                                              struct slice *value) {
    (void)suffix;
    return engine_value_of(request->server_addr, value);
}

enum engine_value engine_variable_server_name(struct engine_request *request, struct slice suffix,
                                              struct slice *value) {
    (void)suffix;
    if (request->server == NULL) {
        return ENGINE_VALUE_NONE;
    }
    *value = table_text(engine_table(request->engine), request->server->name);
    return ENGINE_VALUE_FOUND;
}

enum engine_value engine_variable_server_port(struct engine_request *request, struct slice suffix,
                                              struct slice *value) {
    (void)suffix;
    return format_port(request, request->server_port, value);
}
