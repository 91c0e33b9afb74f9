/* What the engine asks its caller for while a route is found: values that only a running rpcd
 * knows, files, lines of the error log. */
#include "cli/route_teller.h"

/* What a LIVE variable is before there is a response. */
enum live_value {
    LIVE_UNKNOWN, /* known to rpcd alone */
    LIVE_NONE,    /* has no value before a backend has answered */
    LIVE_EMPTY,
    LIVE_FIXED, /* a text of `fixed` */
};

static const struct {
    enum live_value value;
    struct slice fixed;
} live_values[TABLE_variable_id_COUNT] = {
    [VARIABLE_BODY_BYTES_SENT] = {LIVE_FIXED, SLICE_INIT("0")},
    [VARIABLE_BYTES_SENT] = {LIVE_FIXED, SLICE_INIT("0")},
    [VARIABLE_CONNECTION_REQUESTS] = {LIVE_FIXED, SLICE_INIT("1")},
    [VARIABLE_HTTP2] = {LIVE_EMPTY, SLICE_INIT("")},
    [VARIABLE_NGINX_VERSION] = {LIVE_FIXED, SLICE_INIT(RPC_VERSION)},
    [VARIABLE_PIPE] = {LIVE_FIXED, SLICE_INIT(".")},
    [VARIABLE_REQUEST_COMPLETION] = {LIVE_EMPTY, SLICE_INIT("")},
    [VARIABLE_UPSTREAM_ADDR] = {LIVE_NONE, SLICE_INIT("")},
    [VARIABLE_UPSTREAM_BYTES_RECEIVED] = {LIVE_NONE, SLICE_INIT("")},
    [VARIABLE_UPSTREAM_BYTES_SENT] = {LIVE_NONE, SLICE_INIT("")},
    [VARIABLE_UPSTREAM_CONNECT_TIME] = {LIVE_NONE, SLICE_INIT("")},
    [VARIABLE_UPSTREAM_HEADER_TIME] = {LIVE_NONE, SLICE_INIT("")},
    [VARIABLE_UPSTREAM_HTTP] = {LIVE_NONE, SLICE_INIT("")},
    [VARIABLE_UPSTREAM_RESPONSE_LENGTH] = {LIVE_NONE, SLICE_INIT("")},
    [VARIABLE_UPSTREAM_RESPONSE_TIME] = {LIVE_NONE, SLICE_INIT("")},
    [VARIABLE_UPSTREAM_STATUS] = {LIVE_NONE, SLICE_INIT("")},
};

static bool is_listed(const struct route *route, struct slice name) {
    for (size_t i = 0; i < route->unknown.count; i++) {
        if (slice_equals(route->unknown.items[i], name)) {
            return true;
        }
    }
    return false;
}

/* Its name stands for the value. */
static bool stand_in(struct route *route, enum variable_id id, struct slice suffix,
                     struct slice *value) {
    const struct table_field *names = &table_records[TABLE_SECTION_variable].fields[0];
    struct slice name = arena_format(route->arena, "$%s%.*s", names->words[id], SLICE_ARGS(suffix));
    route->unknown_uses++;
    if (!is_listed(route, name)) {
        VECTOR_PUSH(route->arena, &route->unknown, name);
    }
    *value = name;
    return true;
}

/* Before there is a response: the status it would have. */
static bool find_status(struct route_teller *teller, struct slice suffix, struct slice *value) {
    struct route *route = teller->route;
    const struct engine_request *request = &route->request;
    uint32_t status = request->error_status != 0 ? request->error_status : request->text_status;
    if (teller->has_reply || (teller->has_response && route->status == 0)) {
        return stand_in(route, VARIABLE_STATUS, suffix, value); /* the backend's */
    }
    *value = arena_format(route->arena, "%03u", teller->has_response ? route->status : status);
    return true;
}

/* Fields that are chosen when the head is sent; that of the connection is known to be there. */
static bool is_chosen_late(const struct route_teller *teller, struct slice suffix) {
    return slice_equals(suffix, SLICE("connection")) ||
           (teller->has_response && (slice_equals(suffix, SLICE("content_length")) ||
                                     slice_equals(suffix, SLICE("transfer_encoding"))));
}

static bool find_sent(struct route_teller *teller, struct slice suffix, struct slice *value) {
    struct route *route = teller->route;
    struct engine_header *fields =
        arena_require(route->arena, (route->response.count + 1) * sizeof *fields);
    for (size_t i = 0; i < route->response.count; i++) {
        fields[i] =
            (struct engine_header){route->response.items[i].name, route->response.items[i].value};
    }
    if (engine_find_field(route->arena, fields, (uint32_t)route->response.count, suffix, value)) {
        return true;
    }
    bool is_backends =
        teller->has_reply || (teller->has_response && route->outcome.kind == ENGINE_PROXY);
    return (is_backends || is_chosen_late(teller, suffix)) &&
           stand_in(route, VARIABLE_SENT_HTTP, suffix, value);
}

static bool find_live(void *owner, enum variable_id id, struct slice suffix, struct slice *value) {
    struct route_teller *teller = owner;
    struct route *route = teller->route;
    enum live_value known = live_values[id].value;
    if (id == VARIABLE_STATUS) {
        return find_status(teller, suffix, value);
    }
    if (id == VARIABLE_SENT_HTTP) {
        return find_sent(teller, suffix, value);
    }
    bool is_answered =
        teller->has_reply || (teller->has_response && route->outcome.kind == ENGINE_PROXY);
    if (known == LIVE_UNKNOWN || (known == LIVE_NONE && is_answered)) {
        return stand_in(route, id, suffix, value);
    }
    *value = live_values[id].fixed;
    return known != LIVE_NONE;
}

static uint32_t find_file(void *owner, struct slice path) {
    struct route_teller *teller = owner;
    teller->route->looked_at_files = true;
    return question_find_file(teller->route->question, path);
}

static void note(void *owner, enum table_log_level level, const char *message) {
    const struct table_field *levels = &table_records[TABLE_SECTION_error_log].fields[1];
    struct route_teller *teller = owner;
    struct route *route = teller->route;
    struct slice text = arena_copy_slice(route->arena, slice_from_string(message));
    struct route_step *step = route_add_step(teller, "log", route_nowhere, text);
    route_add_text(route, step, "level", slice_from_string(levels->words[level]));
}

const struct engine_live route_live = {
    .variable = find_live, .file = find_file, .subrequest = route_ask_subrequest, .note = note};
