/* A route as JSON; docs/routing.md describes the document. */
#include "cli/route.h"

#include "cli/json_text.h"
#include "cli/notation.h"
#include "table/setting.h"

#include <string.h>

static void put_text(json_t *object, const char *key, struct slice text) {
    json_put(object, key, json_text(text));
}

static void put_number(json_t *object, const char *key, uint64_t number) {
    json_put(object, key, json_require(json_integer((json_int_t)number)));
}

static void put_flag(json_t *object, const char *key, bool flag) {
    json_put(object, key, json_require(json_boolean(flag)));
}

static void put_place(json_t *object, const struct route *route, struct table_place place) {
    struct slice text = notation_place(route->arena, route->table, place);
    if (text.size > 0) {
        put_text(object, "place", text);
    }
}

static json_t *new_object(void) {
    return json_require(json_object());
}

static json_t *new_array(void) {
    return json_require(json_array());
}

/* --- the question --- */

static json_t *make_header(struct slice name, struct slice value) {
    json_t *header = new_object();
    put_text(header, "name", name);
    put_text(header, "value", value);
    return header;
}

static json_t *make_headers(const struct engine_header *headers, size_t count) {
    json_t *list = new_array();
    for (size_t i = 0; i < count; i++) {
        json_append(list, make_header(headers[i].name, headers[i].value));
    }
    return list;
}

static json_t *make_end(const struct arrival_end *end) {
    json_t *object = new_object();
    put_text(object, "address", end->text);
    if (end->port != 0) {
        put_number(object, "port", end->port);
    }
    return object;
}

static json_t *make_request(const struct route *route) {
    const struct question *question = route->question;
    json_t *request = new_object();
    put_text(request, "url", question->url);
    put_text(request, "line", route->request.line);
    json_put(request, "headers", make_headers(route->headers.items, route->headers.count));
    json_put(request, "from", make_end(&route->arrival.remote));
    json_put(request, "to", make_end(&route->arrival.local));
    return request;
}

/* --- steps --- */

static json_t *make_candidate(const struct route *route, const struct route_candidate *candidate) {
    json_t *object = new_object();
    put_text(object, "name", candidate->name);
    put_place(object, route, candidate->place);
    put_flag(object, "matches", candidate->matches);
    put_text(object, "why", candidate->why);
    return object;
}

static void put_fact(json_t *object, const struct route_fact *fact) {
    switch (fact->kind) {
    case ROUTE_TEXT:
        put_text(object, fact->name, fact->text);
        break;
    case ROUTE_NUMBER:
        put_number(object, fact->name, fact->number);
        break;
    case ROUTE_FLAG:
        put_flag(object, fact->name, fact->number != 0);
        break;
    }
}

static json_t *make_step(const struct route *route, const struct route_step *step) {
    json_t *object = new_object();
    put_text(object, "step", slice_from_string(step->kind));
    put_place(object, route, step->place);
    put_text(object, "title", step->title);
    if (step->note.size > 0) {
        put_text(object, "note", step->note);
    }
    if (step->is_uncertain) {
        put_flag(object, "uncertain", true);
    }
    for (size_t i = 0; i < step->facts.count; i++) {
        put_fact(object, &step->facts.items[i]);
    }
    if (step->considered.count > 0) {
        json_t *considered = new_array();
        for (size_t i = 0; i < step->considered.count; i++) {
            json_append(considered, make_candidate(route, &step->considered.items[i]));
        }
        json_put(object, "considered", considered);
    }
    return object;
}

static json_t *make_steps(const struct route *route) {
    json_t *steps = new_array();
    for (size_t i = 0; i < route->steps.count; i++) {
        json_append(steps, make_step(route, &route->steps.items[i]));
    }
    return steps;
}

/* --- where it ends --- */

static json_t *make_server(const struct route *route) {
    const struct table_server *server = route->request.server;
    json_t *object = new_object();
    put_text(object, "name", table_text(route->table, server->name));
    put_place(object, route, server->place);
    return object;
}

static json_t *make_location(const struct route *route) {
    const struct table_location *location = route->request.location;
    if (location == NULL) {
        return json_require(json_null());
    }
    uint32_t index = (uint32_t)(location - route->table->location);
    json_t *object = new_object();
    put_text(object, "name", notation_location(route->arena, route->table, index));
    put_place(object, route, location->place);
    return object;
}

static json_t *make_peer(const struct route *route, const struct table_peer *peer) {
    json_t *object = new_object();
    put_text(object, "name", table_text(route->table, peer->name));
    put_number(object, "weight", peer->weight);
    put_number(object, "max_fails", peer->max_fails);
    put_number(object, "fail_timeout", peer->fail_timeout);
    put_number(object, "max_conns", peer->max_conns);
    put_number(object, "slow_start", peer->slow_start);
    put_flag(object, "backup", peer->backup != 0);
    put_flag(object, "down", peer->down != 0);
    put_flag(object, "drain", peer->drain != 0);
    put_place(object, route, peer->place);
    return object;
}

static json_t *make_upstream(const struct route *route) {
    json_t *object = new_object();
    json_t *peers = new_array();
    put_text(object, "name", route_upstream_name(route));
    if (route->upstream.group != TABLE_NONE) {
        const struct table_upstream *upstream = &route->table->upstream[route->upstream.group];
        put_place(object, route, upstream->place);
        put_text(object, "method", slice_from_string(table_balance_method_word(upstream->method)));
        for (uint32_t i = 0; i < upstream->peers.count; i++) {
            json_append(peers, make_peer(route, &route->table->peer[upstream->peers.first + i]));
        }
    }
    json_put(object, "peers", peers);
    return object;
}

static json_t *make_backend_request(const struct route *route) {
    json_t *object = new_object();
    struct slice line =
        arena_format(route->arena, "%.*s %.*s %.*s", SLICE_ARGS(route->head.method),
                     SLICE_ARGS(route->upstream.uri), SLICE_ARGS(route->head.protocol));
    put_text(object, "line", line);
    json_put(object, "headers", make_headers(route->head.fields, route->head.count));
    if (route->source.is_bound) {
        put_text(object, "from", route->source.text);
        put_flag(object, "transparent", route->source.is_transparent);
    }
    if (route->head.body.data != NULL) {
        put_text(object, "body", route->head.body);
    }
    return object;
}

/* The status is null where it is the backend's. */
static json_t *make_response(const struct route *route) {
    json_t *object = new_object();
    json_t *headers = new_array();
    json_put(object, "status",
             json_require(route->status != 0 ? json_integer(route->status) : json_null()));
    if (route->outcome.kind != ENGINE_PROXY) {
        put_flag(object, "closed", route->reply.is_silent);
        put_flag(object, "page", route->reply.has_page);
        put_text(object, "text", route->reply.text);
    }
    for (size_t i = 0; i < route->response.count; i++) {
        const struct route_header *header = &route->response.items[i];
        json_t *item = make_header(header->name, header->value);
        put_flag(item, "always", header->is_always);
        json_append(headers, item);
    }
    json_put(object, "headers", headers);
    return object;
}

static const struct table_setting *find_setting(const char *name) {
    for (uint32_t i = 0; i < table_setting_count; i++) {
        if (strcmp(table_settings[i].name, name) == 0) {
            return &table_settings[i];
        }
    }
    return NULL;
}

/* Bytes and milliseconds. */
static json_t *make_limits(const struct route *route) {
    json_t *object = new_object();
    for (const struct route_limit *limit = route_limits; limit->name != NULL; limit++) {
        const struct table_setting *setting = find_setting(limit->name);
        if (setting != NULL && route_limit_applies(route, limit)) {
            put_number(object, limit->name, table_setting_number(setting, route->request.settings));
        }
    }
    return object;
}

static json_t *make_unknown(const struct route *route) {
    json_t *list = new_array();
    for (size_t i = 0; i < route->unknown.count; i++) {
        json_append(list, json_text(route->unknown.items[i]));
    }
    return list;
}

void route_print_json(const struct route *route) {
    json_t *document = new_object();
    json_put(document, "request", make_request(route));
    json_put(document, "steps", make_steps(route));
    json_put(document, "server", make_server(route));
    json_put(document, "location", make_location(route));
    if (route->outcome.kind == ENGINE_PROXY) {
        json_put(document, "upstream", make_upstream(route));
        json_put(document, "backend_request", make_backend_request(route));
    }
    json_put(document, "response", make_response(route));
    json_put(document, "limits", make_limits(route));
    json_put(document, "unknown", make_unknown(route));
    put_flag(document, "files_tested", route->looked_at_files);
    json_print(document);
    json_decref(document);
}
