/* Answers that need no backend: error pages, texts and redirects. */
#include "http/exchange.h"
#include "http/internal.h"
#include "http/status.h"

#include <stdio.h>
#include <string.h>

static void start_answer(struct exchange *exchange) {
    (void)exchange; /* exchange_answer sends the head itself */
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

/* The markup that users and monitoring know from nginx, with this program's name. */
static struct slice make_page(struct exchange *exchange, uint32_t status) {
    char status_text[HTTP_STATUS_TEXT];
    struct slice note = http_status_page_note(status);
    struct slice title = note.size > 0 ? note : http_status_text(status, status_text);
    struct slice server = server_name(exchange);
    enum { PAGE_SIZE = 512 };
    char *page = arena_allocate_bytes(&exchange->arena, PAGE_SIZE);
    if (page == NULL) {
        return (struct slice){"", 0};
    }
    int size = snprintf(page, PAGE_SIZE,
                        "<html>\r\n<head><title>%.*s</title></head>\r\n<body>\r\n"
                        "<center><h1>%.*s</h1></center>\r\n"
                        "<hr><center>%.*s</center>\r\n</body>\r\n</html>\r\n",
                        SLICE_ARGS(title), SLICE_ARGS(title), SLICE_ARGS(server));
    return (struct slice){page, (size_t)size};
}

struct slice exchange_absolute_location(struct exchange *exchange, struct slice location) {
    const struct engine_request *request = &exchange->request;
    if (location.size == 0 || location.data[0] != '/') {
        return location;
    }
    struct slice host = request->host.size > 0 ? request->host : request->server_addr;
    uint32_t usual_port = slice_equals(request->scheme, SLICE("https")) ? 443 : 80;
    char port[16] = "";
    if (request->server_port != usual_port && request->server_port != 0) {
        snprintf(port, sizeof port, ":%u", request->server_port);
    }
    size_t size = request->scheme.size + 3 + host.size + strlen(port) + location.size + 1;
    char *text = arena_allocate_bytes(&exchange->arena, size);
    if (text == NULL) {
        return (struct slice){0};
    }
    int length = snprintf(text, size, "%.*s://%.*s%s%.*s", SLICE_ARGS(request->scheme),
                          SLICE_ARGS(host), port, SLICE_ARGS(location));
    return (struct slice){text, (size_t)length};
}

/* A control character in a redirect target would let a request write header fields. */
struct slice exchange_own_location(struct exchange *exchange, struct slice location) {
    location = exchange_absolute_location(exchange, location);
    size_t unsafe = 0;
    for (size_t i = 0; i < location.size; i++) {
        unsigned char byte = (unsigned char)location.data[i];
        unsafe += byte < 0x20 || byte == 0x7f;
    }
    if (unsafe == 0) {
        return location;
    }
    char *text = arena_allocate_bytes(&exchange->arena, location.size + 2 * unsafe + 1);
    if (text == NULL) {
        return (struct slice){0};
    }
    size_t size = 0;
    for (size_t i = 0; i < location.size; i++) {
        unsigned char byte = (unsigned char)location.data[i];
        if (byte < 0x20 || byte == 0x7f) {
            size += (size_t)snprintf(text + size, 4, "%%%02X", (unsigned)byte);
        } else {
            text[size++] = location.data[i];
        }
    }
    return (struct slice){text, size};
}

static bool send_answer(struct exchange *exchange, struct slice type, struct slice location) {
    location = location.data != NULL ? location : exchange->request.redirect;
    exchange->response.has_length = true;
    exchange->response.length = exchange->answer.size;
    if (type.size > 0 && !exchange_add_made_field(exchange, SLICE("Content-Type"), type)) {
        return false;
    }
    if (location.data != NULL) {
        location = exchange_own_location(exchange, location);
        if (location.data == NULL || !exchange_add_field(exchange, SLICE("Location"), location)) {
            return false;
        }
    }
    if (!exchange_send_head(exchange)) {
        return false;
    }
    resume_answer(exchange);
    return true;
}

void exchange_answer(struct exchange *exchange, uint32_t status, struct slice type,
                     struct slice location, struct slice body) {
    exchange->handler = &answer_handler;
    exchange->is_answered = true;
    exchange_start_response(exchange, status);
    status = exchange->response.status; /* that of an error page may be another */
    if (location.data != NULL) {
        body = make_page(exchange, status);
        type = SLICE("text/html");
    }
    if (status == 204 || status == 304) { /* never a body, so no type either */
        body = (struct slice){0};
        type = (struct slice){0};
    }
    exchange->answer = body;
    if (!send_answer(exchange, type, location)) {
        exchange->front_operations->abort(exchange);
    }
}

/* nginx's 444 asks for it, 408 and 499 mean that the client would not read an answer. */
static bool closes_without_answer(uint32_t status) {
    return status == 408 || status == 444 || status == 499;
}

static void answer_page(struct exchange *exchange, uint32_t status) {
    if (closes_without_answer(status)) {
        exchange->log_status = status;
        exchange->is_aborted = true;
        exchange->front_operations->abort(exchange);
        return;
    }
    bool has_page = http_status_has_page(status);
    struct slice page = has_page ? make_page(exchange, status) : (struct slice){"", 0};
    exchange_answer(exchange, status, has_page ? SLICE("text/html") : (struct slice){0},
                    (struct slice){0}, page);
}

/* Variables may make an empty one, which is no missing one. */
static struct slice redirect_target(const struct engine_outcome *outcome) {
    return outcome->text.data != NULL ? outcome->text : SLICE("");
}

void exchange_act(struct exchange *exchange, const struct engine_outcome *outcome) {
    const struct engine_request *request = &exchange->request;
    if (request->is_unsettled) {
        exchange->keep_alive = false;
    }
    switch (outcome->kind) {
    case ENGINE_PROXY:
        exchange->handler = exchange->service->proxy->handler;
        exchange->handler->start(exchange);
        break;
    case ENGINE_TEXT:
        exchange_answer(exchange, outcome->status,
                        table_text(&exchange->generation->table, request->settings->default_type),
                        (struct slice){0}, outcome->text);
        break;
    case ENGINE_REDIRECT:
        exchange_answer(exchange, outcome->status, (struct slice){0}, redirect_target(outcome),
                        (struct slice){0});
        break;
    case ENGINE_PAGE:
        answer_page(exchange, outcome->status);
        break;
    }
}

bool exchange_prepare(struct exchange *exchange) {
    return exchange->request.slots != NULL || engine_request_prepare(&exchange->request);
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
