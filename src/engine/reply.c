/* Answers made here, and added header fields; see reply.h. */
#include "engine/reply.h"

#include "engine/decide.h"
#include "engine/http_status.h"
#include "engine/safe_text.h"
#include "engine/state.h"

#include <stdio.h>

enum { LAST_CONTROL = 0x1f };

/* What a redirect calls this server. */
static struct slice own_name(const struct engine_request *request) {
    if (request->settings->server_name_in_redirect != 0) {
        return table_text(request->engine->table, request->server->name);
    }
    return request->host.size > 0 ? request->host : request->server_addr;
}

struct slice engine_absolute_location(struct engine_request *request, struct slice location) {
    if (location.size == 0 || location.data[0] != '/') {
        return location;
    }
    const struct table_settings *settings = request->settings;
    uint32_t usual_port = slice_equals(request->scheme, SLICE("https")) ? 443 : 80;
    char port[16] = "";
    if (settings->absolute_redirect == 0) {
        return location;
    }
    if (settings->port_in_redirect != 0 && request->server_port != usual_port &&
        request->server_port != 0) {
        snprintf(port, sizeof port, ":%u", request->server_port);
    }
    struct slice parts[] = {
        request->scheme, SLICE("://"), own_name(request), slice_from_string(port), location,
    };
    struct slice text;
    return engine_join(request, parts, 5, &text) ? text : (struct slice){0};
}

struct slice engine_own_location(struct engine_request *request, struct slice location) {
    return engine_escape_controls(request->arena, engine_absolute_location(request, location),
                                  LAST_CONTROL);
}

/* nginx's 444 asks for it, 408 and 499 mean that the client would not read an answer. */
static bool is_silent(const struct engine_outcome *outcome) {
    return outcome->kind == ENGINE_PAGE &&
           (outcome->status == 408 || outcome->status == 444 || outcome->status == 499);
}

/* Of a redirect: variables may make an empty one, which is no missing one. */
static struct slice own_target(const struct engine_outcome *outcome) {
    if (outcome->kind != ENGINE_REDIRECT) {
        return (struct slice){NULL, 0};
    }
    return outcome->text.data != NULL ? outcome->text : SLICE("");
}

static void choose_body(struct engine_request *request, const struct engine_outcome *outcome,
                        struct engine_reply *reply) {
    if (outcome->kind == ENGINE_TEXT || outcome->kind == ENGINE_FILE) {
        reply->text = outcome->kind == ENGINE_TEXT ? outcome->text : SLICE("");
        reply->type = request->kept_type.size > 0 ? request->kept_type : engine_find_type(request);
        return;
    }
    if (outcome->kind == ENGINE_FOLDER) {
        reply->type = engine_listing_type(request);
        return;
    }
    reply->has_page = outcome->kind == ENGINE_REDIRECT || http_status_has_page(outcome->status);
    reply->type = reply->has_page ? SLICE("text/html") : SLICE("");
}

bool engine_make_reply(struct engine_request *request, const struct engine_outcome *outcome,
                       struct engine_reply *reply) {
    uint32_t status = request->error_status != 0 ? request->error_status : outcome->status;
    uint32_t sent = http_status_sent(status);
    *reply = (struct engine_reply){
        .status = sent,
        .detail = sent != status ? http_status_phrase(status) : SLICE(""),
        .is_silent = is_silent(outcome),
        .text = SLICE(""),
        .location = own_target(outcome),
    };
    choose_body(request, outcome, reply);
    if (reply->status == 204 || reply->status == 304) { /* never a body, so no type either */
        reply->has_page = false;
        reply->text = reply->type = SLICE("");
    }
    if (!engine_make_value_safe(request->arena, &reply->type)) {
        return false;
    }
    if (reply->location.data == NULL) {
        reply->location = request->redirect;
    }
    if (reply->location.data != NULL) {
        reply->location = engine_own_location(request, reply->location);
        return reply->location.data != NULL;
    }
    return true;
}

bool engine_takes_added_headers(uint32_t status) {
    switch (status) {
    case 200:
    case 201:
    case 204:
    case 206:
    case 301:
    case 302:
    case 303:
    case 304:
    case 307:
    case 308:
        return true;
    default:
        return false;
    }
}

bool engine_make_added_header(struct engine_request *request,
                              const struct table_header_field *field, uint32_t status,
                              struct engine_header *header) {
    header->name = (struct slice){NULL, 0};
    if (field->always == 0 && !engine_takes_added_headers(status)) {
        return true;
    }
    header->name = table_text(request->engine->table, field->name);
    return engine_run_template(request, field->value, &header->value) &&
           engine_make_value_safe(request->arena, &header->value);
}
