/* Asking the engine: the request as rpcd would have it before it decides, the decision, and what
 * follows from it, in the order and with the functions of rpcd. */
#include "cli/route_teller.h"

#include "cli/notation.h"
#include "engine/expires.h"
#include "engine/http_byte.h"
#include "engine/http_field.h"

/* --- the request as it arrives --- */

static void tell_listener(struct route_teller *teller) {
    struct route *route = teller->route;
    const struct arrival *arrival = &route->arrival;
    struct slice name = table_text(route->table, arrival->listener->name);
    struct route_step *step = route_add_step(teller, "listener", arrival->listener->place, name);
    route_add_text(route, step, "address", name);
    if (arrival->others > 0) {
        step->note = SLICE("other addresses of this port have other servers: choose with --to");
    } else if (arrival->listener->endpoints.count > 1 && arrival->endpoint->is_wildcard == 0) {
        step->note = arena_format(route->arena, "with the servers of the address %.*s",
                                  SLICE_ARGS(arrival->local.text));
    } else if (arrival->listener->endpoints.count > 1) {
        step->note = SLICE("with the servers of all addresses that have none of their own");
    }
}

static uint8_t classes_of(struct slice name) {
    uint8_t classes = UINT8_MAX;
    for (size_t i = 0; i < name.size; i++) {
        classes &= http_byte_class(name.data[i]);
    }
    return classes;
}

static void add_header(struct route_teller *teller, const struct http_header_rules *rules,
                       struct slice name, struct slice value) {
    struct route *route = teller->route;
    if (http_header_is_wanted(rules, classes_of(name))) {
        VECTOR_PUSH(route->arena, &route->headers, (struct engine_header){name, value});
        return;
    }
    struct route_step *step = route_add_step(teller, "header", route_nowhere, name);
    step->note = SLICE("left out: ignore_invalid_headers, underscores_in_headers");
    route_add_text(route, step, "name", name);
}

static void add_headers(struct route_teller *teller) {
    struct route *route = teller->route;
    const struct question *question = route->question;
    const struct table_server *server =
        &route->table->server[route->arrival.endpoint->default_server];
    struct http_header_rules rules = http_header_rules(&route->table->settings[server->settings]);
    if (question_host(question) == &question->authority) {
        add_header(teller, &rules, SLICE("Host"), question->authority);
    }
    for (size_t i = 0; i < question->headers.count; i++) {
        add_header(teller, &rules, question->headers.items[i].name,
                   question->headers.items[i].value);
    }
    if (question->has_body) {
        struct slice size =
            arena_format(route->arena, "%llu", (unsigned long long)question->body_size);
        add_header(teller, &rules, SLICE("Content-Length"), size);
    }
}

static const uint8_t *find_ids(struct route *route) {
    uint8_t *ids = arena_require(route->arena, route->headers.count + 1);
    for (size_t i = 0; i < route->headers.count; i++) {
        ids[i] = (uint8_t)http_field_find(route->headers.items[i].name);
    }
    return ids;
}

static bool is_asked_by_tls(const struct route *route) {
    bool is_path = route->question->authority.size == 0;
    return route->question->is_tls || (is_path && route->arrival.endpoint->ssl != 0);
}

static void fill_in_request(struct route_teller *teller, struct engine *engine) {
    struct route *route = teller->route;
    const struct question *question = route->question;
    route->request = (struct engine_request){
        .engine = engine,
        .arena = route->arena,
        .live = &route_live,
        .live_owner = teller,
        .observer = &route_observer,
        .observer_owner = teller,
        .method = question->method,
        .target = question->target,
        .protocol = SLICE("HTTP/1.1"),
        .line = arena_format(route->arena, "%.*s %.*s HTTP/1.1", SLICE_ARGS(question->method),
                             SLICE_ARGS(question->target)),
        .scheme = is_asked_by_tls(route) ? SLICE("https") : SLICE("http"),
        .headers = route->headers.items,
        .header_ids = find_ids(route),
        .header_count = (uint32_t)route->headers.count,
        .remote_addr = route->arrival.remote.text,
        .remote_port = route->arrival.remote.port,
        .binary_remote_addr = route->arrival.remote.binary,
        .server_addr = route->arrival.local.text,
        .server_port = route->arrival.local.port,
        .content_length = question->has_body ? question->body_size : 0,
        .prefix = question->prefix,
    };
    if (!engine_request_prepare(&route->request)) {
        memory_exhausted();
    }
}

/* --- the decision and what follows from it --- */

static void decide(struct route *route) {
    enum { STATUS_HTTP_TO_HTTPS = 497 };
    uint32_t failure =
        engine_begin(&route->request, route->arrival.endpoint, question_host(route->question));
    if (failure == 0 && route->arrival.endpoint->ssl != 0 && !is_asked_by_tls(route)) {
        failure = STATUS_HTTP_TO_HTTPS;
    }
    if (failure != 0) {
        engine_fail(&route->request, failure, &route->outcome);
    } else {
        engine_decide(&route->request, &route->outcome);
    }
}

/* One that proxy_pass to a host implies is called as it was written there. */
struct slice route_upstream_name(const struct route *route) {
    const struct engine_upstream *upstream = &route->upstream;
    if (upstream->group == TABLE_NONE) {
        return upstream->address.name;
    }
    const struct table_upstream *group = &route->table->upstream[upstream->group];
    return group->implicit != 0 ? upstream->host : table_text(route->table, group->name);
}

static void tell_proxy_pass(struct route_teller *teller) {
    struct route *route = teller->route;
    const struct table *table = route->table;
    const struct table_location *location = route->request.location;
    const struct table_proxy *proxy = &table->proxy[location->proxy];
    const struct engine_upstream *upstream = &route->upstream;
    /* Equal targets are one record: where each is written is not kept, the block around it is. */
    struct slice uri = proxy->has_uri != 0 ? table_text(table, proxy->uri) : SLICE("");
    struct slice title =
        proxy->target != TABLE_NONE
            ? notation_template(route->arena, table, proxy->target)
            : arena_format(route->arena, "%.*s%.*s%.*s",
                           SLICE_ARGS(engine_upstream_scheme(proxy, upstream->is_tls)),
                           SLICE_ARGS(upstream->host), SLICE_ARGS(uri));
    struct route_step *step = route_add_step(
        teller, proxy->is_grpc != 0 ? "grpc_pass" : "proxy_pass", location->place, title);
    struct slice name = route_upstream_name(route);
    bool is_resolved =
        upstream->group == TABLE_NONE && upstream->address.family == TABLE_FAMILY_NAME;
    step->note = arena_format(route->arena, "to %.*s%s, asked for %.*s", SLICE_ARGS(name),
                              is_resolved ? ", at the addresses that the resolver gives" : "",
                              SLICE_ARGS(upstream->uri));
    route_add_text(route, step, "upstream", name);
    route_add_text(route, step, "uri", upstream->uri);
    route_mark_uncertain(teller, step, upstream->uri);
}

static bool make_head(struct route *route) {
    struct slice size = {NULL, 0};
    if (route->question->has_body) { /* none is left of one that was too large */
        size =
            arena_format(route->arena, "%llu", (unsigned long long)route->request.content_length);
    }
    uint32_t limit = engine_upstream_field_limit(&route->request);
    route->head.fields = arena_require(route->arena, limit * sizeof *route->head.fields);
    if (!engine_find_source(&route->request, &route->source)) {
        return false;
    }
    return engine_make_upstream_head(&route->request, route->upstream.host, size, &route->head);
}

/* As rpcd: a target that makes no sense is an error like any other, and may have its page. */
static void try_upstream(struct route_teller *teller) {
    enum { STATUS_INTERNAL_ERROR = 500 };
    struct route *route = teller->route;
    uint32_t failure = engine_find_upstream(&route->request, &route->upstream);
    if (failure == 0) {
        tell_proxy_pass(teller);
        failure = make_head(route) ? 0 : STATUS_INTERNAL_ERROR;
    }
    if (failure == 0) {
        route->status = route->request.error_status;
        teller->has_answer = true;
        return;
    }
    engine_fail(&route->request, failure, &route->outcome);
}

/* As rpcd once it has opened the file: only those exist that the question names. */
static void try_file(struct route_teller *teller) {
    enum { STATUS_NOT_FOUND = 404, STATUS_NOT_ALLOWED = 405 };
    struct route *route = teller->route;
    uint32_t found = question_find_file(route->question, route->outcome.text);
    route->looked_at_files = true;
    if ((found & ENGINE_FILE_EXISTS) == 0) {
        engine_fail(&route->request, STATUS_NOT_FOUND, &route->outcome);
    } else if ((found & ENGINE_FILE_DIRECTORY) != 0) {
        engine_answer_folder(&route->request, &route->outcome);
    } else if (slice_equals(route->request.method, SLICE("POST"))) {
        engine_fail(&route->request, STATUS_NOT_ALLOWED, &route->outcome);
    } else {
        teller->has_answer = true;
    }
}

/* What a backend or a file is to answer may come to an error, and its page to either. */
static void follow(struct route_teller *teller) {
    const struct route *route = teller->route;
    while (!teller->has_answer) {
        if (route->outcome.kind == ENGINE_PROXY) {
            try_upstream(teller);
        } else if (route->outcome.kind == ENGINE_FILE) {
            try_file(teller);
        } else {
            teller->has_answer = true;
        }
    }
}

static void make_reply(struct route *route) {
    if (!engine_make_reply(&route->request, &route->outcome, &route->reply)) {
        route->reply.is_silent = true; /* rpcd breaks the response off */
    }
    route->status = route->reply.status;
}

static void add_response(struct route *route, struct slice name, struct slice value,
                         bool is_always) {
    if (value.size > 0) {
        VECTOR_PUSH(route->arena, &route->response, (struct route_header){name, value, is_always});
    }
}

/* While the backend's status is not known, what is added to a 200. */
static void add_configured(struct route *route) {
    enum { USUAL_STATUS = 200 };
    struct table_range range = route->request.settings->add_header;
    uint32_t status = route->status != 0 ? route->status : USUAL_STATUS;
    for (uint32_t i = range.first; i < range.first + range.count; i++) {
        const struct table_header_field *field = &route->table->header_field[i];
        struct engine_header header;
        if (!engine_make_added_header(&route->request, field, status, &header)) {
            return; /* rpcd breaks the response off */
        }
        if (header.name.size > 0) {
            add_response(route, header.name, header.value, field->always != 0);
        }
    }
}

/* Cache-Control, where that does not depend on times that only rpcd knows. */
static void add_expires(struct route *route) {
    enum { USUAL_STATUS = 200 };
    uint32_t index = route->request.settings->expires;
    if (index == TABLE_NONE || route->table->expires[index].kind == TABLE_EXPIRES_MODIFIED ||
        route->table->expires[index].kind == TABLE_EXPIRES_DAILY) {
        return;
    }
    struct engine_expires *expires = arena_require(route->arena, sizeof *expires);
    uint32_t status = route->status != 0 ? route->status : USUAL_STATUS;
    if (engine_make_expires(&route->request, status, 0, ENGINE_NOT_MODIFIED, expires)) {
        add_response(route, SLICE("Cache-Control"), expires->cache_control, false);
    }
}

static void make_response(struct route_teller *teller) {
    struct route *route = teller->route;
    teller->has_response = true;
    if (route->outcome.kind != ENGINE_PROXY) {
        add_response(route, SLICE("Content-Type"), route->reply.type, true);
        add_response(route, SLICE("Location"), route->reply.location, true);
    }
    if (!route->reply.is_silent) {
        add_expires(route);
        add_configured(route);
    }
}

const char *route_ask(struct route *route, struct arena *arena, struct engine *engine,
                      const struct question *question) {
    struct route_teller *teller = arena_require(arena, sizeof *teller);
    *route = (struct route){.arena = arena, .table = engine_table(engine), .question = question};
    *teller = (struct route_teller){.route = route, .decider = TABLE_NONE, .decides = ""};
    const char *problem = arrival_find(arena, route->table, question, &route->arrival);
    if (problem != NULL) {
        return problem;
    }
    tell_listener(teller);
    add_headers(teller);
    fill_in_request(teller, engine);
    decide(route);
    follow(teller);
    if (route->outcome.kind != ENGINE_PROXY) {
        make_reply(route);
    }
    make_response(teller);
    return NULL;
}
