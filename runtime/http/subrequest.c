/* Subrequests of auth_request: an exchange whose front is another exchange. It goes the way of any
 * other and ends with its head, whose status decides; the body is dropped. When it has ended
 * nothing of it is left in memory, but for what the other one takes over. */
#include "http/internal.h"

#include "base/container.h"

/* So much of a body is taken that is there with the head, in order that a backend's connection may
 * be used again; a longer one is given up with its connection. */
enum { MOST_DROPPED = 16384 };

enum { STATUS_UNAUTHORIZED = 401, STATUS_INTERNAL_ERROR = 500 };

/* The front of a subrequest, in the arena of the exchange that it is a part of. */
struct subrequest {
    struct exchange *part;
    struct loop_task end; /* the head is there, or there will be none */
    size_t dropped;
};

static void end_later(struct exchange *part) {
    struct subrequest *subrequest = part->front;
    loop_defer(part->service->loop, &subrequest->end);
}

static bool take_head(struct exchange *part) {
    end_later(part);
    return true;
}

static size_t drop_body(struct exchange *part, const struct slice *pieces, uint32_t count,
                        bool last) {
    struct subrequest *subrequest = part->front;
    size_t size = 0;
    for (uint32_t i = 0; i < count; i++) {
        size += pieces[i].size;
    }
    size_t room = MOST_DROPPED - subrequest->dropped;
    size_t taken = size < room ? size : room;
    subrequest->dropped += taken;
    part->response.is_complete = last && taken == size;
    return taken;
}

static void drop_interim(struct exchange *part, uint32_t status, const struct engine_header *fields,
                         uint32_t count) {
    (void)part, (void)status, (void)fields, (void)count;
}

static const struct front_operations operations = {
    .send_head = take_head,
    .send_body = drop_body,
    .want_body = exchange_do_nothing, /* there is none */
    .send_interim = drop_interim,
    .abort = end_later,
};

/* --- waiting --- */

static void release(struct exchange *main) {
    struct exchange *part = main->part;
    struct subrequest *subrequest = part->front;
    main->part = NULL;
    loop_cancel(main->service->loop, &subrequest->end);
    exchange_end(part);
}

/* As in nginx a subrequest that is given up is not logged. */
static const struct http_handler asking_handler = {
    .start = exchange_do_nothing,
    .take_body = exchange_take_nothing,
    .resume = exchange_do_nothing,
    .stop = release,
    .is_waiting = true,
};

/* --- the answer --- */

static bool add_challenge(struct exchange *main, struct slice value) {
    return arena_take_over(&main->arena, &value) && engine_add_challenge(&main->request, value);
}

/* As in nginx those of a page that stands for a backend's 401, else the backend's own, be they
 * hidden or not. */
static bool take_challenges(struct exchange *main, const struct exchange *part) {
    const struct engine_challenge *challenge = part->request.challenges;
    if (challenge == NULL && part->proxy_data != NULL) {
        const struct http_fields *fields = part->service->proxy->fields(part);
        for (uint32_t i = 0; fields != NULL && i < fields->count; i++) {
            if (slice_equals_nocase(fields->items[i].name, SLICE("WWW-Authenticate")) &&
                !add_challenge(main, fields->items[i].value)) {
                return false;
            }
        }
    }
    for (; challenge != NULL; challenge = challenge->next) {
        if (!add_challenge(main, challenge->value)) {
            return false;
        }
    }
    return true;
}

/* $request_id is the same for both. */
static bool take_id(struct exchange *main, const struct exchange *part) {
    if (main->id.size > 0 || part->id.size == 0) {
        return true;
    }
    struct slice id = part->id;
    if (!arena_take_over(&main->arena, &id)) {
        return false;
    }
    main->id = id;
    return true;
}

static bool take_answer(struct exchange *main, struct exchange *part, uint32_t status) {
    return engine_end_subrequest(&main->request, &part->request) && take_id(main, part) &&
           (status != STATUS_UNAUTHORIZED || take_challenges(main, part));
}

static void go_on(struct exchange *main, uint32_t status) {
    struct engine_outcome outcome;
    engine_continue(&main->request, ENGINE_SUBREQUEST, status, &outcome);
    exchange_act(main, &outcome);
}

/* In nginx, too, a subrequest that ends without an answer, as by return 444, ends the client's
 * connection. */
static void end(struct loop_task *task) {
    struct subrequest *subrequest = CONTAINER_OF(task, struct subrequest, end);
    struct exchange *part = subrequest->part;
    struct exchange *main = part->main;
    bool is_silent = part->is_silent;
    uint32_t status = is_silent                     ? part->log_status
                      : part->response.is_head_sent ? part->response.status
                                                    : STATUS_INTERNAL_ERROR;
    exchange_stop(part);
    if (!is_silent && part->request.settings->log_subrequest != 0) {
        exchange_write_access_logs(part);
    }
    bool is_taken = is_silent || take_answer(main, part, status);
    exchange_stop(main);
    if (!is_taken) {
        exchange_fail_memory(main, "the answer to a subrequest");
    } else if (is_silent) {
        exchange_close_silently(main, status);
    } else {
        go_on(main, status);
    }
}

/* --- asking --- */

/* What a subrequest has of the exchange; its body is no part of that. */
static void describe(struct exchange *part, struct exchange *main) {
    part->main = main;
    part->endpoint = main->endpoint;
    part->tls = main->tls;
    part->announced = main->announced;
    part->head = main->head;
    part->head.method = SLICE("GET");
    part->head.framing = HTTP_BODY_NONE;
    part->head.expects_continue = false;
    part->limits = main->limits;
    part->is_http2 = main->is_http2;
    part->keep_alive = main->keep_alive;
    part->body_complete = true;
    part->id = main->id;
    part->started = main->service->loop->now;
    part->connection_number = main->connection_number;
    part->connection_started = main->connection_started;
    part->connection_requests = main->connection_requests;
}

static struct exchange *begin(struct exchange *main) {
    struct subrequest *subrequest = arena_allocate(&main->arena, sizeof *subrequest);
    if (subrequest == NULL) {
        return NULL;
    }
    struct exchange *part = exchange_take(main->service, main->generation);
    if (part == NULL) {
        return NULL;
    }
    describe(part, main);
    *subrequest = (struct subrequest){.part = part, .end.run = end};
    part->front = subrequest;
    part->front_operations = &operations;
    main->part = part;
    main->handler = &asking_handler;
    return part;
}

void exchange_ask(struct exchange *main, struct slice path) {
    struct exchange *part = begin(main);
    struct engine_outcome outcome;
    if (part == NULL || !engine_begin_subrequest(&part->request, &main->request, path)) {
        exchange_fail_memory(main, "a subrequest");
        return;
    }
    engine_decide(&part->request, &outcome);
    exchange_act(part, &outcome);
}
