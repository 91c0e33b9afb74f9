/* Variables of the request line and of what it was taken apart into. */
#include "engine/path.h"
#include "engine/program.h"
#include "engine/variable.h"

/* As in nginx an empty query string is none. */
enum engine_value engine_variable_args(struct engine_request *request, struct slice suffix,
                                       struct slice *value) {
    (void)suffix;
    *value = request->args;
    return request->args.size > 0 ? ENGINE_VALUE_FOUND : ENGINE_VALUE_NONE;
}

/* 0 until something has set it, or the response begins. */
enum engine_value engine_variable_limit_rate(struct engine_request *request, struct slice suffix,
                                             struct slice *value) {
    (void)suffix;
    char *text = arena_allocate_bytes(request->arena, SLICE_U64_SIZE);
    if (text == NULL) {
        return ENGINE_VALUE_NO_MEMORY;
    }
    *value = slice_format_u64(request->limit_rate, text);
    return ENGINE_VALUE_FOUND;
}

/* There is no cache. */
enum engine_value engine_variable_cache_status(struct engine_request *request, struct slice suffix,
                                               struct slice *value) {
    (void)request, (void)suffix, (void)value;
    return ENGINE_VALUE_NONE;
}

/* The first argument of that name, ignoring case, that has a '='; as sent, not decoded. */
enum engine_value engine_variable_argument(struct engine_request *request, struct slice suffix,
                                           struct slice *value) {
    struct slice rest = request->args;
    if (!engine_spend(request, rest.size)) {
        return ENGINE_VALUE_NO_MEMORY;
    }
    while (rest.size > 0 && suffix.size > 0) {
        struct slice argument = slice_take(rest, slice_find_byte(rest, '&'));
        if (argument.size > suffix.size && argument.data[suffix.size] == '=' &&
            slice_starts_with_nocase(argument, suffix)) {
            *value = slice_skip(argument, suffix.size + 1);
            return ENGINE_VALUE_FOUND;
        }
        rest = slice_skip(rest, argument.size + 1);
    }
    return ENGINE_VALUE_NONE;
}

enum engine_value engine_variable_host(struct engine_request *request, struct slice suffix,
                                       struct slice *value) {
    if (request->host.size > 0) {
        *value = request->host;
        return ENGINE_VALUE_FOUND;
    }
    return engine_variable_find(request, VARIABLE_SERVER_NAME, suffix, value);
}

enum engine_value engine_variable_https(struct engine_request *request, struct slice suffix,
                                        struct slice *value) {
    (void)suffix;
    *value = slice_equals(request->scheme, SLICE("https")) ? SLICE("on") : SLICE("");
    return ENGINE_VALUE_FOUND;
}

enum engine_value engine_variable_is_args(struct engine_request *request, struct slice suffix,
                                          struct slice *value) {
    (void)suffix;
    *value = request->args.size > 0 ? SLICE("?") : SLICE("");
    return ENGINE_VALUE_FOUND;
}

enum engine_value engine_variable_request_line(struct engine_request *request, struct slice suffix,
                                               struct slice *value) {
    (void)suffix;
    return engine_value_of(request->line, value);
}

/* As in nginx that of the client's request in subrequests, too. */
enum engine_value engine_variable_request_method(struct engine_request *request,
                                                 struct slice suffix, struct slice *value) {
    (void)suffix;
    return engine_value_of(request->main != NULL ? request->main->method : request->method, value);
}

/* As sent, a fragment included. Of an absolute-form target the part behind the authority, which
 * may begin with '?', and "/" when there is none. */
enum engine_value engine_variable_request_uri(struct engine_request *request, struct slice suffix,
                                              struct slice *value) {
    (void)suffix;
    struct slice authority;
    struct slice rest;
    if (!engine_split_absolute(request->target, &authority, &rest)) {
        return engine_value_of(request->target, value);
    }
    *value = rest.size > 0 ? rest : SLICE("/");
    return ENGINE_VALUE_FOUND;
}

enum engine_value engine_variable_scheme(struct engine_request *request, struct slice suffix,
                                         struct slice *value) {
    (void)suffix;
    return engine_value_of(request->scheme, value);
}

enum engine_value engine_variable_server_protocol(struct engine_request *request,
                                                  struct slice suffix, struct slice *value) {
    (void)suffix;
    return engine_value_of(request->protocol, value);
}

enum engine_value engine_variable_uri(struct engine_request *request, struct slice suffix,
                                      struct slice *value) {
    (void)suffix;
    return engine_value_of(request->uri, value);
}
