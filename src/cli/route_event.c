/* What the engine tells on its way, as steps: one function for each kind of event, by the rows of
 * `tellers`. The searches are in route_search.c, rewriting is in route_rewrite.c. */
#include "cli/route_teller.h"

#include "cli/notation.h"

static struct slice word(const struct route *route, struct slice text) {
    return notation_word(route->arena, text);
}

/* --- variables --- */

static const char *source_of(const struct table *table, const struct table_slot *slot,
                             struct table_place *place) {
    *place = route_nowhere;
    switch ((enum table_slot_source)slot->source) {
    case TABLE_SLOT_MAP:
        *place = table->map[slot->map].place;
        return "map";
    case TABLE_SLOT_GEO:
        *place = table->geo[slot->geo].place;
        return "geo";
    case TABLE_SLOT_SPLIT:
        *place = table->split[slot->split].place;
        return "split_clients";
    case TABLE_SLOT_SET:
    case TABLE_SLOT_CAPTURE:
    case TABLE_SLOT_REPLY:
        break;
    }
    return "variable";
}

static void tell_variable(struct route_teller *teller, const struct engine_event *event) {
    struct route *route = teller->route;
    const struct table_slot *slot = &route->table->slot[event->record];
    struct slice name = table_text(route->table, slot->name);
    struct slice value = word(route, event->value);
    struct slice key = word(route, event->subject);
    struct table_place place;
    const char *kind = source_of(route->table, slot, &place);
    struct slice title =
        arena_format(route->arena, "$%.*s = %.*s", SLICE_ARGS(name), SLICE_ARGS(value));
    struct route_step *step = route_add_step(teller, kind, place, title);
    step->note = arena_format(route->arena, "the key is %.*s", SLICE_ARGS(key));
    route_add_text(route, step, "variable", name);
    route_add_text(route, step, "key", event->subject);
    route_add_text(route, step, "value", event->value);
    route_mark_uncertain(teller, step, event->subject);
}

/* --- who and what comes in --- */

static void tell_limited(struct route_teller *teller, const struct engine_event *event) {
    struct route *route = teller->route;
    struct table_place place = route->table->location[event->record].place;
    struct route_step *step = route_add_step(teller, "limit_except", place, event->subject);
    step->note = SLICE("is none of the methods that are excepted, so the block applies");
    route_add_text(route, step, "method", event->subject);
}

static void tell_real_address(struct route_teller *teller, const struct engine_event *event) {
    struct route *route = teller->route;
    struct table_place place = route->table->trusted_network[event->record].place;
    struct slice network = notation_trusted_network(route->arena, route->table, event->record);
    struct route_step *step = route_add_step(teller, "set_real_ip_from", place, network);
    step->note =
        arena_format(route->arena, "believed that the client is %.*s", SLICE_ARGS(event->value));
    route_add_text(route, step, "network", network);
    route_add_text(route, step, "proxy", event->subject);
    route_add_text(route, step, "client", event->value);
}

static void tell_limit(struct route_teller *teller, const char *kind, uint32_t zone,
                       struct table_place place, struct slice title) {
    struct route *route = teller->route;
    const struct table_limit_zone *record = &route->table->limit_zone[zone];
    struct slice name = table_text(route->table, record->name);
    struct slice key = table_text(route->table, record->key_text);
    struct route_step *step = route_add_step(teller, kind, place, title);
    step->note = arena_format(route->arena, "counted by %.*s", SLICE_ARGS(key));
    route_add_text(route, step, "zone", name);
    route_add_text(route, step, "key", key);
}

static void tell_limit_of_requests(struct route_teller *teller, const struct engine_event *event) {
    const struct table *table = teller->route->table;
    const struct table_request_limit *limit = &table->request_limit[event->record];
    tell_limit(
        teller, "limit_req", limit->zone, limit->place,
        notation_record(teller->route->arena, table, TABLE_SECTION_request_limit, event->record));
}

static void tell_limit_of_connections(struct route_teller *teller,
                                      const struct engine_event *event) {
    const struct table *table = teller->route->table;
    const struct table_connection_limit *limit = &table->connection_limit[event->record];
    tell_limit(teller, "limit_conn", limit->zone, limit->place,
               notation_record(teller->route->arena, table, TABLE_SECTION_connection_limit,
                               event->record));
}

static void tell_access(struct route_teller *teller, const struct engine_event *event) {
    struct route *route = teller->route;
    struct table_place place = route->table->access_rule[event->record].place;
    struct slice rule = notation_access_rule(route->arena, route->table, event->record);
    struct route_step *step = route_add_step(teller, "access", place, rule);
    step->note =
        arena_format(route->arena, "the first rule that matches %.*s", SLICE_ARGS(event->subject));
    route_add_text(route, step, "rule", rule);
    route_add_text(route, step, "client", event->subject);
    route_add_flag(route, step, "allowed", event->result);
}

static void tell_only_internal(struct route_teller *teller, const struct engine_event *event) {
    struct route *route = teller->route;
    struct table_place place = route->table->location[event->record].place;
    struct slice name = notation_location(route->arena, route->table, event->record);
    struct route_step *step = route_add_step(teller, "internal", place, name);
    step->note = SLICE("answers internal redirects only, and clients with 404");
}

static void tell_too_large(struct route_teller *teller, const struct engine_event *event) {
    struct route *route = teller->route;
    const struct engine_request *request = &route->request;
    struct slice limit = notation_setting(route->arena, route->table, TABLE_SECTION_settings,
                                          "client_max_body_size", request->settings);
    struct slice title = arena_format(route->arena, "%.*s", SLICE_ARGS(limit));
    struct route_step *step = route_add_step(teller, "client_max_body_size", route_nowhere, title);
    (void)event;
    step->note = arena_format(route->arena, "the body has %llu bytes",
                              (unsigned long long)request->content_length);
    route_add_number(route, step, "size", request->content_length);
    route_add_number(route, step, "limit", request->settings->client_max_body_size);
}

/* --- files --- */

static const struct table_try_files *find_try_files(const struct route *route, uint32_t file) {
    const struct table *table = route->table;
    for (uint32_t i = 0; i < table->try_files_count; i++) {
        struct table_range files = table->try_files[i].files;
        if (file >= files.first && file < files.first + files.count) {
            return &table->try_files[i];
        }
    }
    return NULL;
}

static void tell_try_file(struct route_teller *teller, const struct engine_event *event) {
    struct route *route = teller->route;
    const struct table_try_files *try_files = find_try_files(route, event->record);
    bool is_folder = route->table->try_file[event->record].is_directory != 0;
    struct slice title =
        arena_format(route->arena, "%.*s%s", SLICE_ARGS(event->subject),
                     is_folder && !slice_ends_with(event->subject, SLICE("/")) ? "/" : "");
    struct route_step *step = route_add_step(
        teller, "try_files", try_files != NULL ? try_files->place : route_nowhere, title);
    step->note = event->result ? SLICE("is there") : SLICE("is not there");
    route_add_text(route, step, "file", event->subject);
    route_add_flag(route, step, "exists", event->result);
}

static void tell_fallback(struct route_teller *teller, const struct engine_event *event) {
    struct route *route = teller->route;
    struct table_place place = route->table->try_files[event->record].place;
    bool has_target = event->value.size > 0;
    struct slice title =
        has_target ? word(route, event->value) : arena_format(route->arena, "=%u", event->status);
    struct route_step *step = route_add_step(teller, "try_files", place, title);
    step->note = SLICE("what is left when no file is there");
    if (has_target) {
        route_add_text(route, step, "target", event->value);
    } else {
        route_add_number(route, step, "status", event->status);
    }
}

/* --- elsewhere --- */

static void tell_error_page(struct route_teller *teller, const struct engine_event *event) {
    struct route *route = teller->route;
    const struct table_error_page *page = &route->table->error_page[event->record];
    struct slice target = word(route, event->value);
    struct slice title = arena_format(route->arena, "%u: %.*s", event->status, SLICE_ARGS(target));
    struct route_step *step = route_add_step(teller, "error_page", page->place, title);
    if (page->response == 0) {
        step->note = SLICE("with the status of what answers there");
    } else if (page->response != TABLE_NONE) {
        step->note = arena_format(route->arena, "answered with %u", page->response);
        route_add_number(route, step, "response", page->response);
    }
    route_add_number(route, step, "status", event->status);
    route_add_text(route, step, "target", event->value);
}

static void tell_internal(struct route_teller *teller, const struct engine_event *event) {
    struct route *route = teller->route;
    struct slice path = word(route, event->value);
    struct route_step *step = route_add_step(teller, "redirect", route_nowhere, path);
    step->note = SLICE("goes on inside with this path");
    route_add_text(route, step, "path", event->value);
}

static void tell_named(struct route_teller *teller, const struct engine_event *event) {
    struct route *route = teller->route;
    struct table_place place = route->table->location[event->record].place;
    struct slice name = notation_location(route->arena, route->table, event->record);
    struct route_step *step = route_add_step(teller, "location", place, name);
    step->note = SLICE("goes on in this named location");
    route_add_text(route, step, "location", name);
}

static void tell_index(struct route_teller *teller, const struct engine_event *event) {
    struct route *route = teller->route;
    struct slice path = word(route, event->subject);
    struct route_step *step = route_add_step(teller, "index", route_nowhere, path);
    step->note = event->result ? SLICE("exists") : SLICE("does not exist");
    route_add_text(route, step, "file", event->subject);
    route_add_flag(route, step, "exists", event->result);
}

static void tell_file(struct route_teller *teller, const struct engine_event *event) {
    struct route *route = teller->route;
    struct table_place place = event->record == TABLE_NONE
                                   ? route->request.server->place
                                   : route->table->location[event->record].place;
    struct route_step *step = route_add_step(teller, "file", place, word(route, event->value));
    step->note = SLICE("files answer here");
    route_add_text(route, step, "file", event->value);
    route_mark_uncertain(teller, step, event->value);
}

static void tell_listed(struct route_teller *teller, const struct engine_event *event) {
    struct route *route = teller->route;
    struct route_step *step =
        route_add_step(teller, "autoindex", route_nowhere, word(route, event->value));
    step->note = SLICE("the folder is listed");
    route_add_text(route, step, "folder", event->value);
}

static void tell_user(struct route_teller *teller, const struct engine_event *event) {
    struct route *route = teller->route;
    struct route_step *step =
        route_add_step(teller, "auth_basic", route_nowhere, word(route, event->subject));
    step->note = SLICE("asks for a user and a password, which are taken for right here");
    route_add_text(route, step, "realm", event->subject);
    route_mark_uncertain(teller, step, event->subject);
}

static route_tell *const tellers[ENGINE_EVENT_COUNT] = {
    [ENGINE_EVENT_NAME] = route_tell_name,
    [ENGINE_EVENT_NAME_REGEX] = route_tell_name,
    [ENGINE_EVENT_SERVER] = route_tell_server,
    [ENGINE_EVENT_EXACT] = route_tell_candidate,
    [ENGINE_EVENT_PREFIX] = route_tell_candidate,
    [ENGINE_EVENT_REGEX] = route_tell_candidate,
    [ENGINE_EVENT_NO_REGEX] = route_tell_candidate,
    [ENGINE_EVENT_SLASH] = route_tell_location,
    [ENGINE_EVENT_LOCATION] = route_tell_location,
    [ENGINE_EVENT_ONLY_INTERNAL] = tell_only_internal,
    [ENGINE_EVENT_TOO_LARGE] = tell_too_large,
    [ENGINE_EVENT_LIMITED] = tell_limited,
    [ENGINE_EVENT_STEP] = route_tell_step,
    [ENGINE_EVENT_TEST] = route_tell_test,
    [ENGINE_EVENT_ENTER] = route_tell_enter,
    [ENGINE_EVENT_SET] = route_tell_set,
    [ENGINE_EVENT_SET_ARGS] = route_tell_set_args,
    [ENGINE_EVENT_SET_RATE] = route_tell_set_rate,
    [ENGINE_EVENT_REWRITE] = route_tell_rewrite,
    [ENGINE_EVENT_BREAK] = route_tell_break,
    [ENGINE_EVENT_RETURN] = route_tell_return,
    [ENGINE_EVENT_VARIABLE] = tell_variable,
    [ENGINE_EVENT_REAL_ADDRESS] = tell_real_address,
    [ENGINE_EVENT_LIMIT_REQUESTS] = tell_limit_of_requests,
    [ENGINE_EVENT_LIMIT_CONNECTIONS] = tell_limit_of_connections,
    [ENGINE_EVENT_ACCESS] = tell_access,
    [ENGINE_EVENT_USER] = tell_user,
    [ENGINE_EVENT_TRY_FILE] = tell_try_file,
    [ENGINE_EVENT_FALLBACK] = tell_fallback,
    [ENGINE_EVENT_ERROR_PAGE] = tell_error_page,
    [ENGINE_EVENT_INTERNAL] = tell_internal,
    [ENGINE_EVENT_NAMED] = tell_named,
    [ENGINE_EVENT_INDEX] = tell_index,
    [ENGINE_EVENT_LISTED] = tell_listed,
    [ENGINE_EVENT_FILE] = tell_file,
};

/* An error that is answered plainly is what the answer says anyway. */
static void tell(void *owner, const struct engine_event *event) {
    if (tellers[event->kind] != NULL) {
        tellers[event->kind](owner, event);
    }
}

const struct engine_observer route_observer = {.event = tell};
