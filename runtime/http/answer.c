/* Answers that need no backend: error pages, texts and redirects. */
#include "http/condition.h"
#include "http/exchange.h"
#include "http/internal.h"

#include "engine/http_status.h"
#include "engine/reply.h"

#include <stdio.h>
#include <string.h>

static void start_answer(struct exchange *exchange) {
    (void)exchange; /* answer() sends the head itself */
}

static void resume_answer(struct exchange *exchange) {
    if (!exchange->response.is_complete) {
        size_t sent = exchange_send_body(exchange, &exchange->answer, 1, true);
        exchange->answer = slice_skip(exchange->answer, sent);
    }
}

static void stop_answer(struct exchange *exchange) {
    (void)exchange; /* everything is in the exchange's arena */
}

/* No take_body: a request body is read and dropped by the front. */
static const struct http_handler answer_handler = {
    .start = start_answer,
    .resume = resume_answer,
    .stop = stop_answer,
};

static struct slice server_name(const struct exchange *exchange) {
    static const struct slice names[] = {
        SLICE_INIT("rpcd"),
        SLICE_INIT("rpcd/" RPC_VERSION),
        SLICE_INIT("rpcd/" RPC_VERSION),
    };
    return names[exchange->request.settings->server_tokens];
}

enum { FIRST_ERROR = 400 };

#define PADDING_LINE "<!-- a padding to disable MSIE and Chrome friendly error page -->\r\n"

/* As nginx: some browsers show no page that is short. */
static const char *choose_padding(const struct exchange *exchange, uint32_t status) {
    struct slice agent;
    bool is_wanted = exchange->request.settings->msie_padding != 0 && status >= FIRST_ERROR &&
                     engine_find_header(&exchange->request, SLICE("user-agent"), &agent) &&
                     http_status_is_hidden_by(agent);
    return is_wanted ? PADDING_LINE PADDING_LINE PADDING_LINE PADDING_LINE PADDING_LINE PADDING_LINE
                     : "";
}

/* The markup that users and monitoring know from nginx, with this program's name. */
static struct slice make_page(struct exchange *exchange, const struct engine_reply *reply) {
    enum { PAGE_SIZE = 1024, DETAIL_SIZE = 128 };
    char status_text[HTTP_STATUS_TEXT];
    char title[DETAIL_SIZE];
    char detail[DETAIL_SIZE] = "";
    struct slice note = http_status_page_note(reply->status);
    struct slice heading = note.size > 0 ? note : http_status_text(reply->status, status_text);
    struct slice server = server_name(exchange);
    snprintf(title, sizeof title, "%.*s", SLICE_ARGS(heading));
    if (reply->detail.size > 0) {
        snprintf(title, sizeof title, "%u %.*s", reply->status, SLICE_ARGS(reply->detail));
        snprintf(detail, sizeof detail, "<center>%.*s</center>\r\n", SLICE_ARGS(reply->detail));
    }
    char *page = arena_allocate_bytes(&exchange->arena, PAGE_SIZE);
    if (page == NULL) {
        return (struct slice){"", 0};
    }
    int size = snprintf(page, PAGE_SIZE,
                        "<html>\r\n<head><title>%s</title></head>\r\n<body>\r\n"
                        "<center><h1>%.*s</h1></center>\r\n%s"
                        "<hr><center>%.*s</center>\r\n</body>\r\n</html>\r\n%s",
                        title, SLICE_ARGS(heading), detail, SLICE_ARGS(server),
                        choose_padding(exchange, reply->status));
    return (struct slice){page, (size_t)size};
}

static bool send_answer(struct exchange *exchange, const struct engine_reply *reply) {
    exchange->response.has_length = true;
    exchange->response.length = exchange->answer.size;
    if (reply->type.size > 0 && !exchange_add_field(exchange, SLICE("Content-Type"), reply->type)) {
        return false;
    }
    if (reply->location.data != NULL &&
        !exchange_add_field(exchange, SLICE("Location"), reply->location)) {
        return false;
    }
    if (!exchange_send_head(exchange)) {
        return false;
    }
    resume_answer(exchange);
    return true;
}

void exchange_close_silently(struct exchange *exchange, uint32_t status) {
    exchange->log_status = status;
    exchange->is_aborted = true;
    exchange->is_silent = true;
    exchange->front_operations->abort(exchange);
}

/* What a backend said of ranges, before it left the answer to another location, does not hold for
 * pages and redirects of errors. Of several such fields nginx forgets the last. */
static void forget_ranges(struct exchange *exchange) {
    for (uint32_t i = exchange->kept_count; i > 0; i--) {
        if (slice_equals_nocase(exchange->kept[i - 1].name, SLICE("Accept-Ranges"))) {
            memmove(&exchange->kept[i - 1], &exchange->kept[i],
                    (exchange->kept_count - i) * sizeof *exchange->kept);
            exchange->kept_count--;
            return;
        }
    }
}

static void answer(struct exchange *exchange, const struct engine_outcome *outcome) {
    struct engine_reply reply;
    bool is_made = engine_make_reply(&exchange->request, outcome, &reply);
    if (reply.is_silent) {
        exchange_close_silently(exchange, reply.status);
        return;
    }
    if (outcome->kind != ENGINE_TEXT) {
        forget_ranges(exchange);
    }
    exchange->handler = &answer_handler;
    exchange->is_answered = true;
    exchange_start_response(exchange, reply.status);
    exchange->answer = reply.has_page ? make_page(exchange, &reply) : reply.text;
    if (!is_made || !send_answer(exchange, &reply)) {
        exchange->front_operations->abort(exchange);
    }
}

/* A text with status 200 is subject to conditions like a file, as in nginx; it has neither a tag
 * nor a time. What they make of it takes its place. */
static void apply_conditions(struct exchange *exchange, struct engine_outcome *outcome) {
    struct engine_request *request = &exchange->request;
    uint32_t status = request->error_status != 0 ? request->error_status : outcome->status;
    const struct http_validators none = {{NULL, 0}, HTTP_NOT_MODIFIED};
    uint32_t result =
        outcome->kind == ENGINE_TEXT && status == 200 ? http_condition_test(exchange, &none) : 0;
    if (result == 304) {
        request->error_status = result;
    } else if (result != 0) {
        engine_fail(request, result, outcome);
    }
}

/* A client that left is told of once, which may have been while a location with
 * proxy_ignore_client_abort was asked, as by a subrequest. */
static void start_proxy(struct exchange *exchange) {
    struct exchange *main = exchange->main != NULL ? exchange->main : exchange;
    exchange->handler = exchange->service->proxy->handler;
    exchange->handler->start(exchange);
    if (main->is_left) {
        main->is_left = false;
        main->front_operations->mind_end(main);
    }
}

void exchange_act(struct exchange *exchange, const struct engine_outcome *decided) {
    struct engine_outcome outcome = *decided;
    apply_conditions(exchange, &outcome);
    if (exchange->request.is_unsettled) {
        exchange->keep_alive = false;
    }
    switch (outcome.kind) {
    case ENGINE_LIMIT:
        exchange_limit(exchange);
        return;
    case ENGINE_AUTHENTICATE:
        exchange_delay(exchange, outcome.status);
        return;
    case ENGINE_SUBREQUEST:
        exchange_ask(exchange, outcome.text);
        return;
    case ENGINE_TEXT:
    case ENGINE_REDIRECT:
    case ENGINE_PAGE:
        answer(exchange, &outcome);
        return;
    case ENGINE_PROXY:
        start_proxy(exchange);
        return;
    case ENGINE_FILE:
        exchange->handler = exchange->service->files->handler;
        exchange->file_name = outcome.text;
        exchange->handler->start(exchange);
        return;
    case ENGINE_FOLDER:
        exchange->handler = exchange->service->files->folder_handler;
        exchange->file_name = outcome.text;
        exchange->handler->start(exchange);
        return;
    }
}

bool exchange_prepare(struct exchange *exchange) {
    return exchange->request.slots != NULL || engine_request_prepare(&exchange->request);
}

void exchange_fail_memory(struct exchange *exchange, const char *what) {
    exchange_log(exchange, TABLE_LOG_ALERT, (struct slice){0}, "no memory for %s", what);
    exchange_fail(exchange, 500);
}

void exchange_fail(struct exchange *exchange, uint32_t status) {
    exchange_stop(exchange);
    if (exchange->response.is_head_sent || exchange->is_answered) {
        exchange->is_aborted = true;
        exchange->front_operations->abort(exchange);
        return;
    }
    struct engine_outcome outcome = {.kind = ENGINE_PAGE, .status = status};
    if (exchange_prepare(exchange)) {
        engine_fail(&exchange->request, status, &outcome);
    }
    exchange_act(exchange, &outcome);
}

void exchange_redirect(struct exchange *exchange, struct slice target) {
    struct engine_outcome outcome;
    exchange_stop(exchange);
    engine_accelerate(&exchange->request, target, &outcome);
    exchange_act(exchange, &outcome);
}
