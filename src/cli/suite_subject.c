/* What can be expected of a route, a function for each. */
#include "cli/suite_subject.h"

#include "cli/notation.h"

static bool is_proxied(const struct route *route) {
    return route->outcome.kind == ENGINE_PROXY;
}

static bool find_server(struct route *route, struct slice name, uint32_t index,
                        struct slice *actual) {
    (void)name;
    *actual = table_text(route->table, route->request.server->name);
    return index == 0;
}

static bool find_location(struct route *route, struct slice name, uint32_t index,
                          struct slice *actual) {
    (void)name;
    if (index > 0 || route->request.location == NULL) {
        return false;
    }
    uint32_t location = (uint32_t)(route->request.location - route->table->location);
    *actual = notation_location(route->arena, route->table, location);
    return true;
}

static bool find_upstream(struct route *route, struct slice name, uint32_t index,
                          struct slice *actual) {
    (void)name;
    if (index > 0 || !is_proxied(route)) {
        return false;
    }
    *actual = route_upstream_name(route);
    return true;
}

static bool find_peer(struct route *route, struct slice name, uint32_t index,
                      struct slice *actual) {
    (void)name;
    if (!is_proxied(route)) {
        return false;
    }
    if (route->upstream.group == TABLE_NONE) {
        return find_upstream(route, name, index, actual);
    }
    struct table_range peers = route->table->upstream[route->upstream.group].peers;
    if (index >= peers.count) {
        return false;
    }
    *actual = table_text(route->table, route->table->peer[peers.first + index].name);
    return true;
}

static bool find_line(struct route *route, struct slice name, uint32_t index,
                      struct slice *actual) {
    (void)name;
    if (index > 0 || !is_proxied(route)) {
        return false;
    }
    *actual = arena_format(route->arena, "%.*s %.*s %.*s", SLICE_ARGS(route->head.method),
                           SLICE_ARGS(route->upstream.uri), SLICE_ARGS(route->head.protocol));
    return true;
}

static bool find_uri(struct route *route, struct slice name, uint32_t index, struct slice *actual) {
    (void)name;
    *actual = route->upstream.uri;
    return index == 0 && is_proxied(route);
}

static bool find_header(struct route *route, struct slice name, uint32_t index,
                        struct slice *actual) {
    for (uint32_t i = 0; is_proxied(route) && i < route->head.count; i++) {
        if (slice_equals_nocase(route->head.fields[i].name, name) && index-- == 0) {
            *actual = route->head.fields[i].value;
            return true;
        }
    }
    return false;
}

static bool find_backend_body(struct route *route, struct slice name, uint32_t index,
                              struct slice *actual) {
    (void)name;
    *actual = route->head.body;
    return index == 0 && is_proxied(route) && actual->data != NULL;
}

static bool find_response_header(struct route *route, struct slice name, uint32_t index,
                                 struct slice *actual) {
    for (size_t i = 0; i < route->response.count; i++) {
        if (slice_equals_nocase(route->response.items[i].name, name) && index-- == 0) {
            *actual = route->response.items[i].value;
            return true;
        }
    }
    return false;
}

static bool find_redirect(struct route *route, struct slice name, uint32_t index,
                          struct slice *actual) {
    (void)name;
    if (is_proxied(route)) {
        return false;
    }
    *actual = route->reply.location;
    return index == 0 && actual->size > 0;
}

static bool find_status(struct route *route, struct slice name, uint32_t index,
                        struct slice *actual) {
    (void)name;
    if (index > 0 || route->status == 0) {
        return false;
    }
    *actual = arena_format(route->arena, "%u", route->status);
    return true;
}

static bool find_text(struct route *route, struct slice name, uint32_t index,
                      struct slice *actual) {
    (void)name;
    *actual = route->reply.text;
    return index == 0 && !is_proxied(route) && !route->reply.has_page && actual->size > 0;
}

/* One without a value is empty, as in any text of the configuration. */
static bool find_variable(struct route *route, struct slice name, uint32_t index,
                          struct slice *actual) {
    route->request.observer = NULL; /* what is computed now is no part of the decision */
    if (!engine_variable_by_name(&route->request, slice_skip(name, 1), actual)) {
        *actual = SLICE("");
    }
    return index == 0;
}

const struct suite_subject suite_subjects[SUITE_SUBJECT_COUNT] = {
    {"server", SUITE_OTHER, false, true, 0, find_server, ""},
    {"location", SUITE_LOCATION, false, false, 0, find_location, "(none)"},
    {"upstream", SUITE_OTHER, false, false, 0, find_upstream, "(none: answered here)"},
    {"peer", SUITE_OTHER, false, false, 0, find_peer, "(none: answered here)"},
    {"line", SUITE_OTHER, false, false, SUITE_SHOWS_BACKEND, find_line, "(none: answered here)"},
    {"uri", SUITE_OTHER, false, false, SUITE_SHOWS_BACKEND, find_uri, "(none: answered here)"},
    {"header", SUITE_OTHER, true, false, SUITE_SHOWS_BACKEND, find_header, "(none)"},
    {"backend-body", SUITE_OTHER, false, false, SUITE_SHOWS_BACKEND, find_backend_body,
     "(none but the client's)"},
    {"status", SUITE_STATUS, false, true, 0, find_status, "(the backend's)"},
    {"redirect", SUITE_OTHER, false, false, SUITE_SHOWS_RESPONSE, find_redirect, "(none)"},
    {"text", SUITE_OTHER, false, false, SUITE_SHOWS_RESPONSE, find_text, "(none)"},
    {"response-header", SUITE_OTHER, true, false, SUITE_SHOWS_RESPONSE, find_response_header,
     "(none)"},
    {"variable", SUITE_VARIABLE, true, true, 0, find_variable, ""},
};
