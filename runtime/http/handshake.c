/* Handshakes of clients: which server they ask for, how long they may take, what is logged of those
 * that fail. */
#include "http/handshake.h"

#include "base/container.h"
#include "http/http1_front.h"
#include "http/http2_front.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

struct handshake {
    struct http_connection connection;
    struct timer timer;
    struct loop_task finish; /* at the turn's end: frees */
    bool is_over;            /* closed, or left to a front */
    bool has_begun;          /* the client has sent something */
    bool is_moved;           /* left to a front */
};

/* --- the end --- */

static void leave(struct handshake *handshake) {
    struct loop *loop = handshake->connection.service->loop;
    handshake->is_over = true;
    timer_remove(&loop->timers, &handshake->timer);
    loop_defer(loop, &handshake->finish);
}

static void close_handshake(struct handshake *handshake) {
    if (!handshake->is_over) {
        http_connection_close(&handshake->connection);
        leave(handshake);
    }
}

static void free_handshake(struct handshake *handshake) {
    if (!handshake->is_moved) {
        http_connection_release(&handshake->connection);
    }
    free(handshake);
}

static void finish(struct loop_task *task) {
    free_handshake(CONTAINER_OF(task, struct handshake, finish));
}

/* --- the log --- */

static void report(struct handshake *handshake, enum table_log_level level, const char *problem) {
    http_connection_log(&handshake->connection, level, "%s while SSL handshaking", problem);
}

/* --- which server --- */

static const struct table_server_settings *settings_of(const struct handshake *handshake,
                                                       const struct table_server *server) {
    const struct table *table = &http_listener_generation(handshake->connection.listener)->table;
    return &table->server_settings[server->own_settings];
}

/* Its certificates are in use from now on, so they are asked about, for handshakes to come. */
static void staple(struct handshake *handshake, const struct generation *generation,
                   const struct table_server *server, struct tls_server_context *context) {
    const struct http_service *service = handshake->connection.service;
    if (context->staples != NULL &&
        !service->proxy->staple(service->proxy_state, generation,
                                &generation->table.settings[server->settings], context->staples)) {
        report(handshake, TABLE_LOG_ALERT, "no memory for asking about certificates");
    }
}

static struct tls_server_context *find_context(struct handshake *handshake,
                                               const struct table_server *server) {
    struct http_service *service = handshake->connection.service;
    struct generation *generation = http_listener_generation(handshake->connection.listener);
    struct failure failure;
    struct tls_server_context *context = tls_server_list_find(
        &service->tls_servers, &generation->tls_servers, &generation->table,
        settings_of(handshake, server), &generation->secrets, &generation->tls_shared, &failure);
    if (context == NULL) {
        report(handshake, TABLE_LOG_CRIT, failure.text);
    } else {
        staple(handshake, generation, server, context);
    }
    return context;
}

static void choose(void *owner, struct slice name, struct tls_server_choice *choice) {
    struct handshake *handshake = owner;
    const struct table_server *server = http_connection_find_server(&handshake->connection, name);
    const struct table_server_settings *settings = settings_of(handshake, server);
    choice->rejects = settings->ssl_reject_handshake != 0;
    choice->record_limit = settings->ssl_buffer_size;
    choice->protocols = settings->ssl_alpn;
    choice->http2 =
        settings->http2 != 0 || http_connection_endpoint(&handshake->connection)->http2 != 0;
    choice->context = choice->rejects ? NULL
                                      : find_context(handshake, http_connection_find_tls_server(
                                                                    &handshake->connection, name));
}

/* --- the handshake --- */

static void give_to_front(struct handshake *handshake) {
    struct http_connection *connection = &handshake->connection;
    bool is_http2 = connection->tls != NULL && tls_server_speaks_http2(connection->tls);
    handshake->is_moved =
        is_http2 ? http2_front_take(connection, SLICE("")) : http1_front_take(connection);
    if (handshake->is_moved) {
        leave(handshake);
    } else {
        report(handshake, TABLE_LOG_ALERT, "no memory for a client connection");
        close_handshake(handshake);
    }
}

/* Anybody can make a handshake fail, so that it is worth no more than a line for the curious. */
static void fail(struct handshake *handshake, const struct failure *failure) {
    bool is_ours = tls_stream_is_at_fault(handshake->connection.tls);
    report(handshake, is_ours ? TABLE_LOG_CRIT : TABLE_LOG_INFO, failure->text);
    close_handshake(handshake);
}

static void go_on(struct handshake *handshake) {
    struct failure failure;
    switch (tls_stream_handshake(handshake->connection.tls, &failure)) {
    case TLS_DONE:
        give_to_front(handshake);
        break;
    case TLS_GOES_ON:
        break;
    case TLS_FAILED:
        fail(handshake, &failure);
        break;
    }
}

static bool begin_tls(struct handshake *handshake) {
    struct http_connection *connection = &handshake->connection;
    const struct tls_server_chooser chooser = {.choose = choose, .owner = handshake};
    struct tls_server_context *context =
        find_context(handshake, http_connection_find_server(connection, SLICE("")));
    if (context == NULL) {
        return false;
    }
    connection->tls =
        tls_server_create(context, &chooser, &connection->handle, &connection->service->buffers);
    if (connection->tls == NULL) {
        report(handshake, TABLE_LOG_ALERT, "no memory for a client connection");
    }
    return connection->tls != NULL;
}

/* Both kinds of hello that OpenSSL understands, RFC 8446 5.1 and SSL 2.0's. */
static bool is_hello(unsigned char byte) {
    enum { CONTENT_HANDSHAKE = 22, SSL2_HEADER = 0x80 };
    return byte == CONTENT_HANDSHAKE || (byte & SSL2_HEADER) != 0;
}

/* The first byte tells; it is left where it is, for whoever reads on. */
static void look(struct handshake *handshake) {
    unsigned char first;
    ssize_t got = recv(handshake->connection.handle.fd, &first, 1, MSG_PEEK);
    handshake->has_begun = got == 1;
    if (got < 0 && (errno == EAGAIN || errno == EINTR)) {
        handshake->connection.handle.ready &= (uint8_t)~LOOP_READ;
    } else if (got == 1 && !is_hello(first)) {
        give_to_front(handshake);
    } else if (got == 1 && begin_tls(handshake)) {
        go_on(handshake);
    } else {
        close_handshake(handshake);
    }
}

static void ready(struct loop_handle *handle, uint32_t events) {
    struct handshake *handshake = CONTAINER_OF(handle, struct handshake, connection.handle);
    if (handshake->connection.tls != NULL) {
        (void)http_connection_translate(&handshake->connection, events);
        go_on(handshake);
    } else if ((events & (LOOP_READ | LOOP_HANGUP)) != 0) {
        look(handshake);
    }
}

static void expire(struct timer *timer) {
    struct handshake *handshake = CONTAINER_OF(timer, struct handshake, timer);
    report(handshake, TABLE_LOG_INFO, "client timed out");
    close_handshake(handshake);
}

/* --- the service's wishes --- */

/* One that has begun goes on: its client is told the end after the handshake. */
static void drain(struct http_connection *connection) {
    struct handshake *handshake = CONTAINER_OF(connection, struct handshake, connection);
    if (connection->tls == NULL) {
        close_handshake(handshake);
    }
}

static uint64_t idle_since(const struct http_connection *connection) {
    const struct handshake *handshake =
        (const struct handshake *)(const void *)connection; /* its first member */
    return handshake->has_begun || handshake->is_over ? HTTP_NOT_IDLE : connection->opened;
}

static void close_now(struct http_connection *connection) {
    close_handshake(CONTAINER_OF(connection, struct handshake, connection));
}

static void destroy(struct http_connection *connection) {
    struct handshake *handshake = CONTAINER_OF(connection, struct handshake, connection);
    close_handshake(handshake);
    loop_cancel(connection->service->loop, &handshake->finish);
    free_handshake(handshake);
}

static const struct http_protocol handshake_protocol = {
    .drain = drain,
    .idle_since = idle_since,
    .close = close_now,
    .destroy = destroy,
};

static struct handshake *create(void) {
    struct handshake *handshake = calloc(1, sizeof *handshake);
    if (handshake != NULL) {
        handshake->connection.handle.on_ready = ready;
        handshake->connection.protocol = &handshake_protocol;
        handshake->timer.on_expire = expire;
        handshake->finish.run = finish;
    }
    return handshake;
}

static void start_timer(struct handshake *handshake) {
    struct loop *loop = handshake->connection.service->loop;
    uint64_t timeout = http_connection_settings(&handshake->connection)->client_header_timeout;
    timer_start(&loop->timers, &handshake->timer, loop->now + timeout);
}

bool http_handshake_create(const struct http_accepted *accepted) {
    struct handshake *handshake = create();
    if (handshake == NULL || !http_connection_open(&handshake->connection, accepted)) {
        free(handshake);
        return false;
    }
    start_timer(handshake);
    return true;
}

bool http_handshake_take(struct http_connection *connection) {
    struct handshake *handshake = create();
    if (handshake == NULL) {
        return false;
    }
    http_connection_move(&handshake->connection, connection);
    start_timer(handshake);
    if ((handshake->connection.handle.ready & LOOP_READ) != 0) {
        look(handshake);
    }
    return true;
}
