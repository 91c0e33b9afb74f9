/* The life of an exchange: taken by a front, routed, handled, logged, released. What is answered
 * here is in answer.c, heads of responses in response.c. */
#include "http/exchange.h"

#include "http/client_certificate.h"

#include "http/internal.h"
#include "http/response_filter.h"

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { HTTP_TO_HTTPS = 497 };

enum { EXCHANGE_ARENA_CHUNK = 8192, EXCHANGE_FREE_LIMIT = 1024 };

struct exchange *exchange_take(struct http_service *service, struct generation *generation) {
    struct exchange *exchange = service->free_exchanges;
    if (exchange != NULL) {
        service->free_exchanges = exchange->next_free;
        service->free_exchange_count--;
    } else {
        exchange = malloc(sizeof *exchange);
        if (exchange == NULL) {
            return NULL;
        }
        arena_init(&exchange->arena, EXCHANGE_ARENA_CHUNK);
    }
    memset(exchange, 0, offsetof(struct exchange, arena));
    exchange->service = service;
    exchange->generation = generation_hold(generation);
    exchange->head.fields.items = exchange->request_fields;
    exchange->head.fields.ids = exchange->request_field_ids;
    exchange->head.fields.capacity = EXCHANGE_FIELDS;
    exchange->response.fields = exchange->response_fields;
    exchange->response.field_capacity = EXCHANGE_FIELDS;
    exchange->request.engine = exchange->generation->engine;
    exchange->request.arena = &exchange->arena;
    exchange->request.live = &exchange_live;
    exchange->request.live_owner = exchange;
    exchange->request.takes_phases = true;
    exchange->request.prefix = slice_from_string(service->prefix);
    return exchange;
}

static void release(struct exchange *exchange) {
    struct http_service *service = exchange->service;
    generation_release(exchange->generation);
    if (service->free_exchange_count >= EXCHANGE_FREE_LIMIT) {
        arena_release(&exchange->arena);
        free(exchange);
        return;
    }
    arena_reset(&exchange->arena);
    exchange->next_free = service->free_exchanges;
    service->free_exchanges = exchange;
    service->free_exchange_count++;
}

void exchange_stop(struct exchange *exchange) {
    const struct http_handler *handler = exchange->handler;
    exchange->handler = NULL;
    if (handler != NULL) {
        handler->stop(exchange);
    }
}

void exchange_end(struct exchange *exchange) {
    exchange_stop(exchange);
    if (exchange->filter != NULL) {
        http_filter_release(exchange);
    }
    if (exchange->pace != NULL) {
        exchange_pace_stop(exchange);
    }
    if (exchange->main == NULL) {
        exchange_write_access_logs(exchange);
    }
    if (exchange->limits != NULL) {
        exchange_give_limits(exchange);
    }
    release(exchange);
}

static const struct exchange *at_work(const struct exchange *exchange) {
    return exchange->part != NULL ? exchange->part : exchange;
}

bool exchange_awaits_backend(const struct exchange *exchange) {
    exchange = at_work(exchange);
    return exchange->proxy_data != NULL && exchange->handler != NULL &&
           !exchange->handler->is_waiting;
}

bool exchange_ignores_abort(const struct exchange *exchange) {
    if (exchange->part != NULL && exchange->part->response.is_head_sent) {
        return true; /* who answers next, in this turn still, decides; see mind_end */
    }
    exchange = at_work(exchange);
    bool is_waiting = exchange->handler != NULL && exchange->handler->is_waiting;
    return exchange->proxy_data != NULL && !is_waiting && !exchange->is_upgraded &&
           !exchange->response.is_complete &&
           exchange->request.settings->proxy_ignore_client_abort != 0;
}

/* What ended the exchange first is what the log shows. */
void exchange_client_gone(struct exchange *exchange, uint32_t status) {
    if (!exchange->response.is_complete && !exchange->is_aborted) {
        exchange->is_aborted = true;
        if (!exchange->response.is_head_sent) {
            exchange->log_status = status;
        }
    }
    if (exchange->filter != NULL) {
        http_filter_release(exchange);
    }
    exchange_stop(exchange);
}

/* What the engine is told of the request's head. */
static void describe_head(struct exchange *exchange) {
    struct engine_request *request = &exchange->request;
    request->headers = exchange->head.fields.items;
    request->header_ids = exchange->head.fields.ids;
    request->header_count = exchange->head.fields.count;
    if (exchange->head.framing == HTTP_BODY_LENGTH) {
        request->content_length = exchange->head.content_length;
    }
}

static bool is_body_too_large(struct exchange *exchange, uint64_t size) {
    uint64_t limit = exchange->request.settings->client_max_body_size;
    return limit > 0 && size > limit;
}

static void fail_too_large(struct exchange *exchange, uint64_t size) {
    exchange_log(exchange, TABLE_LOG_ERROR, (struct slice){0},
                 "client intended to send too large body: %llu bytes", (unsigned long long)size);
    exchange_fail(exchange, 413);
}

/* What is known of a request that is refused, for logs and an error page, as in nginx: the path,
 * and the server, by what had named it before that which is wrong. */
static void find_refuser(struct exchange *exchange) {
    struct engine_request *request = &exchange->request;
    struct slice authority;
    engine_use_default_server(request, exchange->endpoint);
    if (request->target.size == 0 ||
        engine_parse_target(request, request->settings->merge_slashes != 0, &authority) !=
            ENGINE_TARGET_OK) {
        return;
    }
    struct slice name = authority.size > 0 ? authority : exchange->head.host;
    struct slice host;
    if (name.size > 0 && exchange_prepare(exchange) &&
        engine_parse_host(request->arena, name, &host)) {
        request->host = host;
        if (!engine_find_server(request, exchange->endpoint)) {
            engine_use_default_server(request, exchange->endpoint);
        }
    }
}

void exchange_refuse(struct exchange *exchange, uint32_t status, uint32_t log_status,
                     const char *reason) {
    find_refuser(exchange);
    exchange_log(exchange, TABLE_LOG_INFO, (struct slice){0}, "%s", reason);
    exchange->keep_alive = false;
    exchange->log_status = log_status;
    if (status == 0) {
        return;
    }
    /* An error page may be a backend's: it gets nothing of what was not understood. */
    exchange->head.framing = HTTP_BODY_NONE;
    exchange->head.fields.count = 0;
    exchange->log_status = log_status != status ? log_status : 0;
    exchange_fail(exchange, status);
}

void exchange_begin(struct exchange *exchange) {
    const struct http_request_head *head = &exchange->head;
    exchange->wants_continue = head->expects_continue;
    if (!engine_request_prepare(&exchange->request)) {
        engine_use_default_server(&exchange->request, exchange->endpoint);
        exchange_fail_memory(exchange, "a request");
        return;
    }
    describe_head(exchange);
    uint32_t failure =
        engine_begin(&exchange->request, exchange->endpoint, head->has_host ? &head->host : NULL);
    if (failure != 0) {
        exchange_fail(exchange, failure);
        return;
    }
    if (exchange->endpoint->ssl != 0 && exchange->tls == NULL) {
        exchange_log(exchange, TABLE_LOG_INFO, (struct slice){0},
                     "client sent plain HTTP request to HTTPS port");
        exchange_fail(exchange, HTTP_TO_HTTPS);
        return;
    }
    uint32_t refusal = http_client_certificate_refuse(exchange);
    if (refusal != 0) {
        exchange_fail(exchange, refusal);
        return;
    }
    struct engine_outcome outcome;
    engine_decide(&exchange->request, &outcome);
    exchange_act(exchange, &outcome);
}

size_t exchange_take_body(struct exchange *exchange, struct slice piece, bool last) {
    if (exchange->handler == NULL || exchange->handler->take_body == NULL ||
        exchange->is_body_dropped) {
        return piece.size; /* answered already: the rest of the body is of no interest */
    }
    if (!exchange->is_upgraded &&
        is_body_too_large(exchange, exchange->body_received + piece.size)) {
        fail_too_large(exchange, exchange->body_received + piece.size);
        return piece.size;
    }
    size_t taken = exchange->handler->take_body(exchange, piece, last);
    exchange->body_received += taken;
    if (last && taken == piece.size) {
        exchange->body_complete = true;
    }
    return taken;
}

void exchange_resume(struct exchange *exchange) {
    bool may_go_on = exchange->filter == NULL || http_filter_resume(exchange);
    if (may_go_on && exchange->handler != NULL) {
        exchange->handler->resume(exchange);
    }
}

void exchange_want_body(struct exchange *exchange) {
    if (exchange->wants_continue) {
        exchange_send_interim(exchange, 100, NULL, 0);
    }
    exchange->front_operations->want_body(exchange);
}

void exchange_log(struct exchange *exchange, enum table_log_level level, struct slice upstream,
                  const char *format, ...) {
    const struct generation *generation = exchange->generation;
    uint32_t count;
    const struct log_target *targets =
        generation_error_logs(generation, exchange->request.settings, &count);
    bool wanted = false;
    for (uint32_t i = 0; i < count; i++) {
        wanted = wanted || level <= targets[i].level;
    }
    if (!wanted) {
        return;
    }
    char message[1024];
    va_list arguments;
    va_start(arguments, format);
    vsnprintf(message, sizeof message, format, arguments);
    va_end(arguments);
    struct log_subject subject = {
        .connection = exchange->connection_number,
        .client = exchange->request.remote_addr,
        .server = table_text(&generation->table, exchange->request.server->name),
        .request = exchange->request.line,
        .subrequest = exchange->main != NULL ? exchange->request.uri : (struct slice){NULL, 0},
        .upstream = upstream,
        .host = exchange->head.host,
    };
    log_error(exchange->service->log, targets, count, level, &subject, "%s", message);
}
