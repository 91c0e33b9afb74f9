/* Built-in variables by number. What each means is in the variable_*.c files; those that are LIVE
 * in grammar/variables.def are asked of the request's owner. */
#include "engine/variable.h"

/* LIVE ones have no row here. */
static engine_getter *const getters[TABLE_variable_id_COUNT] = {
    [VARIABLE_ARG] = engine_variable_argument,
    [VARIABLE_ARGS] = engine_variable_args,
    [VARIABLE_LIMIT_RATE] = engine_variable_limit_rate,
    [VARIABLE_BINARY_REMOTE_ADDR] = engine_variable_binary_remote_addr,
    [VARIABLE_CONTENT_LENGTH] = engine_variable_content_length,
    [VARIABLE_CONTENT_TYPE] = engine_variable_content_type,
    [VARIABLE_COOKIE] = engine_variable_cookie,
    [VARIABLE_DOCUMENT_ROOT] = engine_variable_document_root,
    [VARIABLE_DOCUMENT_URI] = engine_variable_uri,
    [VARIABLE_HOST] = engine_variable_host,
    [VARIABLE_HTTP] = engine_variable_header,
    [VARIABLE_HTTPS] = engine_variable_https,
    [VARIABLE_INVALID_REFERER] = engine_variable_invalid_referer,
    [VARIABLE_IS_ARGS] = engine_variable_is_args,
    [VARIABLE_PROXY_ADD_X_FORWARDED_FOR] = engine_variable_forwarded_for,
    [VARIABLE_PROXY_HOST] = engine_variable_proxy_host,
    [VARIABLE_PROXY_PORT] = engine_variable_proxy_port,
    [VARIABLE_QUERY_STRING] = engine_variable_args,
    [VARIABLE_REALIP_REMOTE_ADDR] = engine_variable_realip_remote_addr,
    [VARIABLE_REALIP_REMOTE_PORT] = engine_variable_realip_remote_port,
    [VARIABLE_REMOTE_ADDR] = engine_variable_remote_addr,
    [VARIABLE_REMOTE_PORT] = engine_variable_remote_port,
    [VARIABLE_REMOTE_USER] = engine_variable_remote_user,
    [VARIABLE_REQUEST] = engine_variable_request_line,
    [VARIABLE_REQUEST_FILENAME] = engine_variable_request_filename,
    [VARIABLE_REQUEST_METHOD] = engine_variable_request_method,
    [VARIABLE_REQUEST_URI] = engine_variable_request_uri,
    [VARIABLE_SCHEME] = engine_variable_scheme,
    [VARIABLE_SECURE_LINK] = engine_variable_secure_link,
    [VARIABLE_SECURE_LINK_EXPIRES] = engine_variable_secure_link_expires,
    [VARIABLE_SERVER_ADDR] = engine_variable_server_addr,
    [VARIABLE_SERVER_NAME] = engine_variable_server_name,
    [VARIABLE_SERVER_PORT] = engine_variable_server_port,
    [VARIABLE_SERVER_PROTOCOL] = engine_variable_server_protocol,
    [VARIABLE_UPSTREAM_CACHE_STATUS] = engine_variable_cache_status,
    [VARIABLE_URI] = engine_variable_uri,
};

enum engine_value engine_variable_find(struct engine_request *request, enum variable_id id,
                                       struct slice suffix, struct slice *value) {
    if (getters[id] != NULL) {
        return getters[id](request, suffix, value);
    }
    return engine_value_live(request, id, suffix, value);
}

bool engine_variable(struct engine_request *request, enum variable_id id, struct slice suffix,
                     struct slice *value) {
    return engine_variable_find(request, id, suffix, value) == ENGINE_VALUE_FOUND;
}
