/* Subrequests of auth_request: how one follows from the request that it is a part of, what its
 * answer means, and what is left of it (ngx_http_subrequest, ngx_http_auth_request_module). */
#include "engine/decide.h"
#include "engine/kept.h"
#include "engine/observe.h"
#include "engine/state.h"

#include <string.h>

enum {
    STATUS_OK = 200,
    STATUS_SPECIAL = 300,
    STATUS_UNAUTHORIZED = 401,
    STATUS_FORBIDDEN = 403,
    STATUS_INTERNAL_ERROR = 500,
};

uint32_t engine_judge_subrequest(const struct engine_request *request, uint32_t status) {
    if (status == STATUS_UNAUTHORIZED || status == STATUS_FORBIDDEN) {
        return status;
    }
    if (status >= STATUS_OK && status < STATUS_SPECIAL) {
        return ENGINE_ACCESS_GRANTED;
    }
    engine_note(request, TABLE_LOG_ERROR,
                "auth request unexpected status: %u while sending to client", status);
    return STATUS_INTERNAL_ERROR;
}

uint32_t engine_ask_subrequest(struct engine_request *request) {
    struct slice path = table_text(request->engine->table, request->settings->auth_request);
    if (path.size == 0) {
        return ENGINE_ACCESS_DECLINED;
    }
    if (request->takes_phases) {
        return ENGINE_ACCESS_ASKED;
    }
    if (request->live == NULL || request->live->subrequest == NULL) {
        return ENGINE_ACCESS_GRANTED;
    }
    return engine_judge_subrequest(request, request->live->subrequest(request->live_owner, path));
}

bool engine_add_challenge(struct engine_request *request, struct slice value) {
    struct engine_challenge *challenge = arena_allocate(request->arena, sizeof *challenge);
    struct engine_challenge **end = &request->challenges;
    if (challenge == NULL) {
        return false;
    }
    while (*end != NULL) {
        end = &(*end)->next;
    }
    challenge->value = value;
    *end = challenge;
    return true;
}

/* --- beginning --- */

static bool copy_slots(struct engine_request *part, const struct engine_request *main) {
    uint32_t count = main->engine->table->slot_count;
    if (!engine_request_prepare(part)) {
        return false;
    }
    if (count > 0) {
        memcpy(part->slots, main->slots, count * sizeof *part->slots);
    }
    return true;
}

/* As in nginx values of variables are the same, but no more. */
static bool copy_kept(struct engine_request *part, const struct engine_request *main) {
    if (main->kept == NULL) {
        return true;
    }
    part->kept = arena_allocate(part->arena, sizeof *part->kept);
    if (part->kept == NULL) {
        return false;
    }
    *part->kept = *main->kept;
    engine_kept_redirect(part);
    return true;
}

/* What has become of the request is not what becomes of its part. */
static void forget(struct engine_request *part) {
    part->location = NULL;
    part->settings = &part->engine->table->settings[part->server->settings];
    part->slots = NULL;
    part->kept = NULL;
    part->captures = (struct engine_captures){.count = 0};
    part->keeps_path = part->adds_to_alias = part->is_for_proxy = false;
    part->has_error_page = part->is_unsettled = false;
    part->challenges = NULL;
    part->redirect = part->kept_type = (struct slice){NULL, 0};
    part->redirects = part->error_status = part->text_status = part->depth = part->refusal = 0;
    part->proxy_host = part->proxy_port = (struct slice){NULL, 0};
}

bool engine_begin_subrequest(struct engine_request *part, const struct engine_request *main,
                             struct slice path) {
    struct engine_request own = *part;
    *part = *main;
    part->arena = own.arena;
    part->live_owner = own.live_owner;
    part->takes_phases = own.takes_phases;
    part->main = main;
    forget(part);
    part->method = SLICE("GET");
    part->uri = path;
    part->args = part->raw_path = (struct slice){NULL, 0};
    part->uri_is_plain = false;
    part->is_internal = part->is_rewritten = true;
    return copy_slots(part, main) && copy_kept(part, main);
}

/* --- ending --- */

/* A later one may refer to what an earlier one has set. */
static bool set_variables(const struct engine_request *main, struct engine_request *part) {
    const struct table *table = main->engine->table;
    struct table_range range = main->settings->auth_request_set;
    for (uint32_t i = range.first; i < range.first + range.count; i++) {
        const struct table_assignment *assignment = &table->assignment[i];
        struct slice value;
        if (!engine_run_template(part, assignment->value, &value)) {
            return false;
        }
        if (value.data == NULL) {
            value.data = "";
        }
        part->slots[assignment->slot] = value;
        ENGINE_TELL(part, (struct engine_event){.kind = ENGINE_EVENT_SET,
                                                .record = assignment->slot,
                                                .value = value});
    }
    return true;
}

static bool take_slots(struct engine_request *main, const struct engine_request *part) {
    for (uint32_t i = 0; i < main->engine->table->slot_count; i++) {
        struct slice value = part->slots[i];
        bool is_new = value.data != main->slots[i].data || value.size != main->slots[i].size;
        if (is_new && !arena_take_over(main->arena, &value)) {
            return false;
        }
        main->slots[i] = value;
    }
    return true;
}

static bool take_kept(struct engine_request *main, const struct engine_request *part) {
    if (part->kept == NULL) {
        return true;
    }
    if (main->kept == NULL) {
        main->kept = arena_allocate(main->arena, sizeof *main->kept);
    }
    for (size_t i = 0; main->kept != NULL && i < ENGINE_KEPT_COUNT; i++) {
        struct engine_kept_value value = part->kept->values[i];
        if (value.is_known && !main->kept->values[i].is_known) {
            if (!arena_take_over(main->arena, &value.value)) {
                return false;
            }
            main->kept->values[i] = value;
        }
    }
    return main->kept != NULL;
}

/* In nginx both have the connection, and what is known of it. */
static bool take_address(struct engine_request *main, const struct engine_request *part) {
    if (main->has_real_address || !part->has_real_address) {
        return true;
    }
    struct slice text = part->remote_addr;
    struct slice bytes = part->binary_remote_addr;
    if (!arena_take_over(main->arena, &text) || !arena_take_over(main->arena, &bytes)) {
        return false;
    }
    main->has_real_address = true;
    main->peer_addr = part->peer_addr; /* which was main's */
    main->peer_port = part->peer_port;
    main->remote_addr = text;
    main->binary_remote_addr = bytes;
    main->remote_port = part->remote_port;
    return true;
}

bool engine_end_subrequest(struct engine_request *main, struct engine_request *part) {
    bool is_set = set_variables(main, part);
    main->effort = part->effort;
    return is_set && take_slots(main, part) && take_kept(main, part) && take_address(main, part);
}
