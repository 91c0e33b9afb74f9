/* Connections of clients: what all fronts have in common. */
#include "http/connection.h"

#include "net/proxy_header.h"

#include <netinet/tcp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

/* --- life --- */

static void enter_list(struct http_connection *connection, struct http_connection **list) {
    connection->next = *list;
    connection->link = list;
    if (connection->next != NULL) {
        connection->next->link = &connection->next;
    }
    *list = connection;
}

static void leave_list(struct http_connection *connection) {
    *connection->link = connection->next;
    if (connection->next != NULL) {
        connection->next->link = connection->link;
    }
}

bool http_connection_open(struct http_connection *connection,
                          const struct http_accepted *accepted) {
    struct http_service *service = accepted->service;
    connection->handle.fd = accepted->fd;
    if (!loop_add(service->loop, &connection->handle)) {
        return false;
    }
    connection->handle.ready |= LOOP_WRITE; /* an empty send buffer; saves waiting for the event */
    connection->service = service;
    connection->listener = accepted->listener;
    connection->listener->references++;
    connection->number = ++service->connection_serial;
    connection->opened = service->loop->now;
    connection->remote = accepted->remote;
    connection->local = accepted->local;
    connection->has_exact_local = accepted->has_exact_local;
    enter_list(connection, &service->connections);
    return true;
}

void http_connection_move(struct http_connection *to, struct http_connection *from) {
    void (*on_ready)(struct loop_handle *, uint32_t) = to->handle.on_ready;
    const struct http_protocol *protocol = to->protocol;
    *to = *from;
    to->protocol = protocol;
    to->handle.on_ready = on_ready;
    loop_replace(to->service->loop, &to->handle, &from->handle);
    *to->link = to;
    if (to->next != NULL) {
        to->next->link = &to->next;
    }
    if (to->tls != NULL) {
        tls_stream_attach(to->tls, &to->handle);
    }
}

/* What a client has sent that is no TLS: the front only knows that it could not read. */
static void report_problem(struct http_connection *connection) {
    if (connection->tls != NULL && tls_stream_has_problem(connection->tls)) {
        http_connection_log(connection, TABLE_LOG_INFO, "%s", tls_stream_problem(connection->tls));
    }
}

void http_connection_close(struct http_connection *connection) {
    report_problem(connection);
    if (connection->tls != NULL && !connection->must_reset) {
        tls_stream_close(connection->tls);
    }
    loop_close(connection->service->loop, &connection->handle);
    http_service_give_connection(connection->service);
}

void http_connection_release(struct http_connection *connection) {
    struct http_service *service = connection->service;
    leave_list(connection);
    http_listener_release(connection->listener);
    if (connection->tls != NULL) {
        tls_stream_destroy(connection->tls);
    }
    free(connection->announced);
    http_service_check_idle(service);
}

void http_connection_end(struct http_connection *connection) {
    if (connection->tls != NULL) {
        tls_stream_end(connection->tls);
    } else {
        shutdown(connection->handle.fd, SHUT_WR);
    }
}

void http_connection_end_for_good(struct http_connection *connection) {
    http_connection_end(connection);
    if (connection->tls != NULL && !tls_stream_has_unsent(connection->tls)) {
        shutdown(connection->handle.fd, SHUT_WR);
    }
}

void http_connection_set_delay(struct http_connection *connection, bool is_delayed) {
    int is_immediate = !is_delayed;
    connection->is_delayed = is_delayed;
    (void)setsockopt(connection->handle.fd, IPPROTO_TCP, TCP_NODELAY, &is_immediate,
                     sizeof is_immediate); /* fails on unix sockets */
}

void http_connection_reset(struct http_connection *connection) {
    struct linger reset = {.l_onoff = 1, .l_linger = 0};
    (void)setsockopt(connection->handle.fd, SOL_SOCKET, SO_LINGER, &reset, sizeof reset);
    connection->must_reset = true;
}

struct http_lingering http_lingering_of(const struct table_settings *settings) {
    enum { SECOND_MS = 1000 };
    return (struct http_lingering){
        .time = settings->lingering_time / SECOND_MS * SECOND_MS,
        .timeout = settings->lingering_timeout,
    };
}

void exchange_reset_timed_out(const struct exchange *exchange, struct http_connection *connection) {
    if (exchange->request.settings->reset_timedout_connection != 0) {
        http_connection_reset(connection);
    }
}

/* --- where it comes from --- */

/* A reload may have made the local address matter. */
const struct table_endpoint *http_connection_endpoint(struct http_connection *connection) {
    if (!connection->has_exact_local && http_listener_needs_local(connection->listener)) {
        connection->has_exact_local = http_listener_find_local(
            connection->listener, connection->handle.fd, &connection->local);
    }
    return http_listener_endpoint(connection->listener, &connection->local);
}

const struct table_settings *http_connection_settings(struct http_connection *connection) {
    const struct table *table = &http_listener_generation(connection->listener)->table;
    const struct table_endpoint *endpoint = http_connection_endpoint(connection);
    return &table->settings[table->server[endpoint->default_server].settings];
}

const struct table_server_settings *
http_connection_own_settings(struct http_connection *connection) {
    const struct table *table = &http_listener_generation(connection->listener)->table;
    const struct table_endpoint *endpoint = http_connection_endpoint(connection);
    return &table->server_settings[table->server[endpoint->default_server].own_settings];
}

const struct table_server *http_connection_find_server(struct http_connection *connection,
                                                       struct slice name) {
    enum { ARENA_CHUNK = 512 };
    struct arena arena;
    arena_init(&arena, ARENA_CHUNK);
    struct engine_request request = {
        .engine = http_listener_generation(connection->listener)->engine,
        .arena = &arena,
        .asked_name = name,
    };
    const struct table_endpoint *endpoint = http_connection_endpoint(connection);
    if (!engine_request_prepare(&request)) {
        request.asked_name = SLICE("");
    }
    engine_use_default_server(&request, endpoint);
    arena_release(&arena);
    return request.server;
}

const struct table_server *http_connection_find_tls_server(struct http_connection *connection,
                                                           struct slice name) {
    const struct table *table = &http_listener_generation(connection->listener)->table;
    const struct table_server *server = http_connection_find_server(connection, name);
    bool has_certificate = table->server_settings[server->own_settings].ssl_certificate.count > 0;
    return has_certificate ? server : http_connection_find_server(connection, SLICE(""));
}

uint64_t http_line_limit(const struct table_settings *settings) {
    uint64_t usual = settings->client_header_buffer_size;
    uint64_t large = settings->large_client_header_buffers.second;
    return usual > large ? usual : large;
}

uint64_t http_head_limit(const struct table_settings *settings) {
    return settings->client_header_buffer_size + settings->large_client_header_buffers.first *
                                                     settings->large_client_header_buffers.second;
}

void http_connection_log(struct http_connection *connection, enum table_log_level level,
                         const char *format, ...) {
    const struct generation *generation = http_listener_generation(connection->listener);
    const struct table *table = &generation->table;
    const struct table_settings *settings = http_connection_settings(connection);
    uint32_t count;
    const struct log_target *targets = generation_error_logs(generation, settings, &count);
    char client[SOCKET_TEXT_SIZE];
    char message[1024];
    va_list arguments;
    va_start(arguments, format);
    vsnprintf(message, sizeof message, format, arguments);
    va_end(arguments);
    struct log_subject subject = {
        .connection = connection->number,
        .client = {client, socket_address_text(&connection->remote.any, client)},
        .server = table_text(table, table->listener[connection->listener->record].name),
    };
    log_error(connection->service->log, targets, count, level, &subject, "%s", message);
}

void http_connection_describe(struct http_connection *connection, struct exchange *exchange) {
    struct engine_request *request = &exchange->request;
    const struct sockaddr *remote = &connection->remote.any;
    const struct sockaddr *local = &connection->local.any;
    exchange->endpoint = http_connection_endpoint(connection);
    exchange->connection_number = connection->number;
    exchange->connection_started = connection->opened;
    exchange->connection_requests = connection->requests;
    exchange->tls = connection->tls;
    if (connection->tls != NULL) {
        request->scheme = SLICE("https");
        request->asked_name = tls_server_name(connection->tls);
    } else {
        request->scheme = SLICE("http");
    }
    request->remote_addr =
        (struct slice){exchange->remote_text, socket_address_text(remote, exchange->remote_text)};
    request->remote_port = socket_address_port(remote);
    request->binary_remote_addr = socket_address_bytes(remote);
    if (connection->announced != NULL && connection->announced->has_ends) {
        exchange->announced = connection->announced;
        request->announced_addr = slice_from_string(connection->announced->source.text);
        request->announced_port = connection->announced->source.port;
    }
    request->server_addr =
        (struct slice){exchange->server_text, socket_address_text(local, exchange->server_text)};
    request->server_port = socket_address_port(local);
}

/* --- all of them --- */

void http_connections_drain(struct http_service *service, const struct http_listener *listener) {
    struct http_connection *next;
    for (struct http_connection *c = service->connections; c != NULL; c = next) {
        next = c->next;
        if (listener == NULL || c->listener == listener) {
            c->protocol->drain(c);
        }
    }
}

static bool asks_for_certificates(const struct table *table) {
    for (uint32_t i = 0; i < table->server_settings_count; i++) {
        if (table->server_settings[i].ssl_verify_client != 0) {
            return true;
        }
    }
    return false;
}

static bool is_misjudged(struct http_connection *connection) {
    const struct generation *generation = http_listener_generation(connection->listener);
    const struct table_server *server =
        http_connection_find_tls_server(connection, tls_server_name(connection->tls));
    return !tls_server_was_judged_by(connection->tls, &generation->table,
                                     &generation->table.server_settings[server->own_settings],
                                     &generation->secrets);
}

/* Where nobody is asked, or was, there is nothing to find out, which takes a microsecond each. */
void http_connections_drain_misjudged(struct http_service *service) {
    bool is_asking = asks_for_certificates(&service->generation->table);
    struct http_connection *next;
    for (struct http_connection *c = service->connections; c != NULL; c = next) {
        next = c->next;
        if (c->tls != NULL &&
            (is_asking || SSL_get_verify_mode(tls_server_ssl(c->tls)) != SSL_VERIFY_NONE) &&
            is_misjudged(c)) {
            c->protocol->drain(c);
        }
    }
}

/* --- making room --- */

enum { REUSED_AT_ONCE = 32, REUSED_PART = 8 };

/* The connections that have been idle for longest, the longest first. */
struct oldest {
    struct http_connection *connections[REUSED_AT_ONCE];
    uint64_t since[REUSED_AT_ONCE];
    uint32_t kept;
    uint32_t idle; /* all that are */
};

/* The list begins with the youngest. */
static void consider(struct oldest *oldest, struct http_connection *connection) {
    uint64_t since = connection->protocol->idle_since(connection);
    if (since == HTTP_NOT_IDLE) {
        return;
    }
    oldest->idle++;
    uint32_t place = oldest->kept;
    while (place > 0 && oldest->since[place - 1] >= since) {
        place--;
    }
    if (place == REUSED_AT_ONCE) {
        return;
    }
    uint32_t last = oldest->kept < REUSED_AT_ONCE ? oldest->kept++ : REUSED_AT_ONCE - 1;
    for (; last > place; last--) {
        oldest->connections[last] = oldest->connections[last - 1];
        oldest->since[last] = oldest->since[last - 1];
    }
    oldest->connections[place] = connection;
    oldest->since[place] = since;
}

/* All are looked at: keeping them in order would cost every request something, and this happens
 * only when connections are few. */
uint32_t http_connections_reuse(struct http_service *service) {
    struct oldest oldest = {.kept = 0};
    for (struct http_connection *c = service->connections; c != NULL; c = c->next) {
        consider(&oldest, c);
    }
    uint32_t wanted = oldest.idle / REUSED_PART > 0 ? oldest.idle / REUSED_PART : 1;
    for (uint32_t i = 0; i < oldest.kept && i < wanted; i++) {
        struct http_connection *connection = oldest.connections[i];
        connection->protocol->close(connection);
    }
    return oldest.idle;
}

void http_connections_close(struct http_service *service) {
    struct http_connection *next;
    for (struct http_connection *c = service->connections; c != NULL; c = next) {
        next = c->next;
        c->protocol->close(c);
    }
}

void http_connections_destroy(struct http_service *service) {
    struct http_connection *next;
    for (struct http_connection *c = service->connections; c != NULL; c = next) {
        next = c->next;
        c->protocol->destroy(c);
    }
}
