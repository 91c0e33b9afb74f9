/* The subrequest of an auth_request: what answers it, and whether that lets the client in. Where a
 * backend is asked it is taken to say yes. */
#include "cli/route_teller.h"

#include "cli/notation.h"

enum { STATUS_OK = 200 };

/* What is answered without a backend; a file is taken to be there. */
static uint32_t find_status(const struct engine_request *part,
                            const struct engine_outcome *outcome) {
    bool is_taken = outcome->kind == ENGINE_PROXY || outcome->kind == ENGINE_FILE ||
                    outcome->kind == ENGINE_FOLDER;
    uint32_t status = is_taken ? STATUS_OK : outcome->status;
    return part->error_status != 0 ? part->error_status : status;
}

static void tell_step(struct route_teller *teller, const struct engine_request *part,
                      struct slice path, uint32_t status, bool is_backends) {
    struct route *route = teller->route;
    uint32_t location =
        part->location == NULL ? TABLE_NONE : (uint32_t)(part->location - route->table->location);
    struct table_place place =
        part->location == NULL ? route->request.server->place : part->location->place;
    struct slice name = notation_location(route->arena, route->table, location);
    struct route_step *step =
        route_add_step(teller, "auth_request", place, notation_word(route->arena, path));
    step->note = is_backends ? arena_format(route->arena,
                                            "asks location %.*s, whose backend is taken to let in",
                                            SLICE_ARGS(name))
                             : arena_format(route->arena, "asks location %.*s, which answers %u",
                                            SLICE_ARGS(name), status);
    route_add_text(route, step, "path", path);
    if (location != TABLE_NONE) {
        route_add_text(route, step, "location", name);
    }
    if (is_backends) {
        step->is_uncertain = true;
    } else {
        route_add_number(route, step, "status", status);
    }
}

uint32_t route_ask_subrequest(void *owner, struct slice path) {
    struct route_teller *teller = owner;
    struct route *route = teller->route;
    struct engine_request part = {.arena = route->arena, .live_owner = teller};
    struct engine_outcome outcome;
    if (!engine_begin_subrequest(&part, &route->request, path)) {
        memory_exhausted();
    }
    part.observer = NULL; /* its steps are not those of the request */
    engine_decide(&part, &outcome);
    uint32_t status = find_status(&part, &outcome);
    teller->has_reply = outcome.kind == ENGINE_PROXY;
    tell_step(teller, &part, path, status, teller->has_reply);
    part.observer = &route_observer;
    teller->place = route_nowhere;
    if (!engine_end_subrequest(&route->request, &part)) {
        memory_exhausted();
    }
    teller->has_reply = false;
    return status;
}
