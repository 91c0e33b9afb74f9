/* The decision as a whole: phases in nginx's order, each of which names the one that follows. What
 * a phase is about is in a file of its own; here is what leads from one to another: internal
 * redirects, named locations, errors. */
#include "engine/decide.h"

#include "engine/kept.h"
#include "engine/observe.h"
#include "engine/state.h"

enum {
    STATUS_MOVED_PERMANENTLY = 301,
    STATUS_BAD_REQUEST = 400,
    STATUS_UNAUTHORIZED = 401,
    STATUS_NOT_FOUND = 404,
    STATUS_TOO_LARGE = 413,
    STATUS_INTERNAL_ERROR = 500,
};

/* From the outside in: settings of the server hold until a location is found. */
static void leave_location(struct engine_request *request) {
    request->location = NULL;
    request->settings = &request->engine->table->settings[request->server->settings];
}

static void use_location(struct engine_request *request, uint32_t location) {
    const struct table *table = request->engine->table;
    request->location = &table->location[location];
    request->settings = &table->settings[request->location->settings];
    request->is_for_proxy = request->location->proxy != TABLE_NONE;
}

/* False when there were too many. */
static bool count_redirect(struct engine_request *request) {
    return ++request->redirects <= ENGINE_REDIRECT_LIMIT;
}

enum engine_phase engine_redirect_internally(struct engine_request *request, struct slice uri,
                                             struct slice args, struct engine_outcome *outcome) {
    if (!count_redirect(request)) {
        engine_note(request, TABLE_LOG_ERROR,
                    "rewrite or internal redirection cycle while internally redirecting to "
                    "\"%.*s\"",
                    SLICE_ARGS(uri));
        return engine_answer_error(request, STATUS_INTERNAL_ERROR, NULL, outcome);
    }
    request->uri = uri;
    request->args = args;
    request->is_internal = true;
    engine_kept_redirect(request);
    request->is_rewritten = true;
    request->keeps_path = false;
    request->adds_to_alias = false;
    leave_location(request);
    ENGINE_TELL(request, (struct engine_event){.kind = ENGINE_EVENT_INTERNAL, .value = uri});
    return ENGINE_PHASE_SERVER;
}

/* Named locations are sorted. TABLE_NONE when there is none of that name. */
static uint32_t find_named(const struct engine_request *request, struct slice name) {
    const struct table *table = request->engine->table;
    uint32_t low = request->server->named.first;
    uint32_t high = low + request->server->named.count;
    while (low < high) {
        uint32_t middle = low + (high - low) / 2;
        int order = slice_compare(table_text(table, table->named_location[middle].name), name);
        if (order == 0) {
            return table->named_location[middle].location;
        }
        if (order < 0) {
            low = middle + 1;
        } else {
            high = middle;
        }
    }
    return TABLE_NONE;
}

/* limit_except: other methods have settings and a handler of their own. */
static void apply_limit(struct engine_request *request) {
    const struct table *table = request->engine->table;
    const struct table_handling *handling = table_handling_of(table, request->location);
    if (handling->limited == TABLE_NONE) {
        return;
    }
    for (uint32_t i = 0; i < handling->methods.count; i++) {
        const struct table_name *method = &table->name[handling->methods.first + i];
        if (slice_equals(table_text(table, method->text), request->method)) {
            return;
        }
    }
    ENGINE_TELL(request, (struct engine_event){.kind = ENGINE_EVENT_LIMITED,
                                               .record = handling->limited,
                                               .subject = request->method});
    use_location(request, handling->limited);
}

enum engine_phase engine_enter_named(struct engine_request *request, struct slice name,
                                     struct engine_outcome *outcome) {
    if (!count_redirect(request)) {
        engine_note(request, TABLE_LOG_ERROR,
                    "rewrite or internal redirection cycle while redirect to named location "
                    "\"%.*s\"",
                    SLICE_ARGS(name));
        return engine_answer_error(request, STATUS_INTERNAL_ERROR, NULL, outcome);
    }
    uint32_t location = find_named(request, name);
    /* Without a path the target could not be taken apart. */
    if (request->uri.size == 0 || location == TABLE_NONE) {
        engine_note(request, TABLE_LOG_ERROR, "%s named location \"%.*s\"",
                    request->uri.size == 0 ? "empty URI in redirect to" : "could not find",
                    SLICE_ARGS(name));
        return engine_answer_error(request, STATUS_INTERNAL_ERROR, NULL, outcome);
    }
    request->is_internal = true;
    engine_kept_redirect(request);
    use_location(request, location);
    ENGINE_TELL(request, (struct engine_event){.kind = ENGINE_EVENT_NAMED, .record = location});
    apply_limit(request);
    return ENGINE_PHASE_LOCATION;
}

/* --- the client's address --- */

/* nginx's post-read phase, by the settings of the server. */
static enum engine_phase find_address(struct engine_request *request,
                                      struct engine_outcome *outcome) {
    return engine_takes_real_address(request)
               ? ENGINE_PHASE_SERVER
               : engine_answer_error(request, STATUS_INTERNAL_ERROR, NULL, outcome);
}

/* --- rewriting --- */

/* A redirect counts as an error, which an error_page may answer otherwise; a text does not. */
static enum engine_phase finish_sequence(struct engine_request *request,
                                         const struct engine_answer *answer,
                                         struct engine_outcome *outcome) {
    if (answer->is_redirect) {
        return engine_answer_error(request, answer->status, &answer->text, outcome);
    }
    if (answer->status < STATUS_BAD_REQUEST || answer->has_text) {
        *outcome = (struct engine_outcome){ENGINE_TEXT, answer->status, answer->text};
        return ENGINE_PHASE_DONE;
    }
    return engine_answer_error(request, answer->status, NULL, outcome);
}

static enum engine_phase rewrite_in_server(struct engine_request *request,
                                           struct engine_outcome *outcome) {
    struct engine_answer answer;
    if (request->server->rewrite == TABLE_NONE) {
        return ENGINE_PHASE_FIND;
    }
    if (!engine_run_sequence(request, request->server->rewrite, &answer)) {
        return engine_answer_error(request, STATUS_INTERNAL_ERROR, NULL, outcome);
    }
    return answer.status == 0 ? ENGINE_PHASE_FIND : finish_sequence(request, &answer, outcome);
}

static enum engine_phase rewrite_in_location(struct engine_request *request,
                                             struct engine_outcome *outcome) {
    struct engine_answer answer;
    if (request->location->rewrite == TABLE_NONE) {
        return ENGINE_PHASE_LIMIT;
    }
    if (!engine_run_sequence(request, request->location->rewrite, &answer)) {
        return engine_answer_error(request, STATUS_INTERNAL_ERROR, NULL, outcome);
    }
    if (answer.status != 0) {
        return finish_sequence(request, &answer, outcome);
    }
    if (!answer.changed_path) {
        return ENGINE_PHASE_LIMIT;
    }
    if (!count_redirect(request)) {
        engine_note(request, TABLE_LOG_ERROR,
                    "rewrite or internal redirection cycle while processing \"%.*s\"",
                    SLICE_ARGS(request->uri));
        return engine_answer_error(request, STATUS_INTERNAL_ERROR, NULL, outcome);
    }
    leave_location(request);
    return ENGINE_PHASE_FIND;
}

/* --- the location --- */

static bool is_body_too_large(const struct engine_request *request) {
    uint64_t limit = request->settings->client_max_body_size;
    return limit > 0 && request->content_length > limit;
}

/* Only the path with a slash behind it exists: the client is sent there. */
static enum engine_phase redirect_to_slash(struct engine_request *request,
                                           const struct table_location *location,
                                           struct engine_outcome *outcome) {
    struct slice name = table_text(request->engine->table, location->name);
    struct slice escaped = engine_escape_uri(request->arena, name);
    struct slice parts[] = {escaped, SLICE("?"), request->args};
    struct slice text = escaped;
    if (escaped.data == NULL ||
        (request->args.size > 0 && !engine_join(request, parts, 3, &text))) {
        return engine_answer_error(request, STATUS_INTERNAL_ERROR, NULL, outcome);
    }
    return engine_answer_error(request, STATUS_MOVED_PERMANENTLY, &text, outcome);
}

static void tell_of_location(const struct engine_request *request, enum engine_event_kind kind) {
    const struct table_location *location = request->location;
    ENGINE_TELL(request,
                (struct engine_event){
                    .kind = kind,
                    .record = location == NULL
                                  ? TABLE_NONE
                                  : (uint32_t)(location - request->engine->table->location),
                });
}

static enum engine_phase check_location(struct engine_request *request, bool is_redirect,
                                        struct engine_outcome *outcome) {
    const struct table_location *location = request->location; /* before limit_except */
    const struct table *table = request->engine->table;
    if (location != NULL && table_handling_of(table, location)->internal && !request->is_internal) {
        tell_of_location(request, ENGINE_EVENT_ONLY_INTERNAL);
        return engine_answer_error(request, STATUS_NOT_FOUND, NULL, outcome);
    }
    bool is_too_large = is_body_too_large(request);
    if (location != NULL) {
        apply_limit(request);
    }
    if (is_too_large) {
        engine_note(request, TABLE_LOG_ERROR, "client intended to send too large body: %llu bytes",
                    (unsigned long long)request->content_length);
        ENGINE_TELL(request, (struct engine_event){.kind = ENGINE_EVENT_TOO_LARGE});
        request->content_length = 0; /* the body is dropped, and no page refuses it again */
        return engine_answer_error(request, STATUS_TOO_LARGE, NULL, outcome);
    }
    if (location == NULL) {
        return ENGINE_PHASE_LIMIT;
    }
    request->is_for_proxy = request->location->proxy != TABLE_NONE;
    return is_redirect ? redirect_to_slash(request, location, outcome) : ENGINE_PHASE_LOCATION;
}

static enum engine_phase find_location(struct engine_request *request,
                                       struct engine_outcome *outcome) {
    switch (engine_find_location(request)) {
    case ENGINE_LOCATION_FOUND:
        return check_location(request, false, outcome);
    case ENGINE_LOCATION_REDIRECT:
        return check_location(request, true, outcome);
    case ENGINE_LOCATION_NONE:
        leave_location(request);
        return check_location(request, false, outcome);
    case ENGINE_LOCATION_FAILED:
        break;
    }
    leave_location(request);
    return engine_answer_error(request, STATUS_INTERNAL_ERROR, NULL, outcome);
}

/* --- behind the location --- */

/* Leaves the decision to the caller, who goes on with engine_continue; or skips the phase when the
 * caller does not know what goes on. */
static enum engine_phase hand_out(const struct engine_request *request,
                                  enum engine_outcome_kind kind, enum engine_phase next,
                                  struct engine_outcome *outcome) {
    if (!request->takes_phases) {
        return next;
    }
    *outcome = (struct engine_outcome){.kind = kind};
    return ENGINE_PHASE_DONE;
}

/* nginx's phase before access: who asks, as the location knows clients, and how much of that. */
static enum engine_phase check_limits(struct engine_request *request,
                                      struct engine_outcome *outcome) {
    const struct table_settings *settings = request->settings;
    if (!engine_takes_real_address(request)) {
        return engine_answer_error(request, STATUS_INTERNAL_ERROR, NULL, outcome);
    }
    if ((settings->limit_req.count | settings->limit_conn.count) == 0) {
        return ENGINE_PHASE_ACCESS;
    }
    engine_tell_limits(request);
    return hand_out(request, ENGINE_LIMIT, ENGINE_PHASE_ACCESS, outcome);
}

static enum engine_phase end_access(struct engine_request *request, uint32_t status,
                                    struct engine_outcome *outcome) {
    if (status == STATUS_UNAUTHORIZED && request->settings->auth_delay > 0 &&
        request->takes_phases) {
        engine_note(request, TABLE_LOG_INFO, "delaying unauthorized request");
        *outcome = (struct engine_outcome){.kind = ENGINE_AUTHENTICATE, .status = status};
        return ENGINE_PHASE_DONE;
    }
    return status == 0 ? ENGINE_PHASE_FILES : engine_answer_error(request, status, NULL, outcome);
}

/* As in nginx subrequests need no leave. */
static enum engine_phase check_access(struct engine_request *request,
                                      struct engine_outcome *outcome) {
    if (request->main != NULL) {
        return ENGINE_PHASE_FILES;
    }
    uint32_t status = engine_check_access(request);
    if (status == ENGINE_ACCESS_ASKED) {
        *outcome = (struct engine_outcome){
            .kind = ENGINE_SUBREQUEST,
            .text = table_text(request->engine->table, request->settings->auth_request)};
        return ENGINE_PHASE_DONE;
    }
    return end_access(request, status, outcome);
}

static enum engine_phase try_files(struct engine_request *request, struct engine_outcome *outcome) {
    const struct table *table = request->engine->table;
    uint32_t record = request->location != NULL
                          ? table_handling_of(table, request->location)->try_files
                          : request->server->try_files;
    return record == TABLE_NONE ? ENGINE_PHASE_CONTENT : engine_try_files(request, record, outcome);
}

/* A block of if with a proxy_pass was entered, then another without: nginx has a proxy's work to do
 * by now, and no backend to do it with. */
static enum engine_phase answer_without_backend(struct engine_request *request,
                                                struct engine_outcome *outcome) {
    engine_note(request, TABLE_LOG_ERROR,
                "no proxy_pass in the last \"if\" that holds, but in one before it");
    return engine_answer_error(request, STATUS_INTERNAL_ERROR, NULL, outcome);
}

static enum engine_phase choose_content(struct engine_request *request,
                                        struct engine_outcome *outcome) {
    if (request->location == NULL || request->location->proxy == TABLE_NONE) {
        return request->location != NULL && request->is_for_proxy
                   ? answer_without_backend(request, outcome)
                   : engine_serve_files(request, outcome);
    }
    *outcome = (struct engine_outcome){.kind = ENGINE_PROXY};
    return ENGINE_PHASE_DONE;
}

static enum engine_phase (*const phases[])(struct engine_request *, struct engine_outcome *) = {
    [ENGINE_PHASE_ADDRESS] = find_address, [ENGINE_PHASE_SERVER] = rewrite_in_server,
    [ENGINE_PHASE_FIND] = find_location,   [ENGINE_PHASE_LOCATION] = rewrite_in_location,
    [ENGINE_PHASE_LIMIT] = check_limits,   [ENGINE_PHASE_ACCESS] = check_access,
    [ENGINE_PHASE_FILES] = try_files,      [ENGINE_PHASE_CONTENT] = choose_content,
};

static void run(struct engine_request *request, enum engine_phase phase,
                struct engine_outcome *outcome) {
    while (phase != ENGINE_PHASE_DONE) {
        phase = phases[phase](request, outcome);
    }
}

void engine_decide(struct engine_request *request, struct engine_outcome *outcome) {
    run(request, request->main == NULL ? ENGINE_PHASE_ADDRESS : ENGINE_PHASE_SERVER, outcome);
}

void engine_continue(struct engine_request *request, enum engine_outcome_kind kind, uint32_t status,
                     struct engine_outcome *outcome) {
    enum engine_phase next = kind == ENGINE_LIMIT ? ENGINE_PHASE_ACCESS : ENGINE_PHASE_FILES;
    if (kind == ENGINE_SUBREQUEST) {
        run(request, end_access(request, engine_end_access(request, status), outcome), outcome);
        return;
    }
    run(request, status == 0 ? next : engine_answer_error(request, status, NULL, outcome), outcome);
}

void engine_fail(struct engine_request *request, uint32_t status, struct engine_outcome *outcome) {
    run(request, engine_answer_error(request, status, NULL, outcome), outcome);
}

void engine_fail_to(struct engine_request *request, uint32_t status, struct slice location,
                    struct engine_outcome *outcome) {
    run(request, engine_answer_error(request, status, &location, outcome), outcome);
}

void engine_accelerate(struct engine_request *request, struct slice target,
                       struct engine_outcome *outcome) {
    run(request, engine_follow_backend(request, target, outcome), outcome);
}
