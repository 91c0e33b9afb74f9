/* The service of one worker: its parts put together, generations exchanged, connections counted. */
#include "http/service.h"

#include "base/container.h"
#include "http/connection.h"

#include <stdlib.h>
#include <string.h>
#include <unistd.h>

enum {
    TLS_CONTEXTS_KEPT_MS = 60000, /* after a reload */
    SCARCE_PART = 16,
    REUSE_PAUSE_MS = 10,
    FULL_PAUSE_MS = 100,
};

static bool is_full(const struct http_service *service);
static void make_room(struct http_service *service);

static void accept_again(struct timer *timer) {
    struct http_service *service = CONTAINER_OF(timer, struct http_service, accept_timer);
    if (service->is_draining) {
        return;
    }
    make_room(service);
    if (!is_full(service)) {
        http_listener_resume_all(service);
    } else {
        timer_start(&service->loop->timers, timer, service->loop->now + FULL_PAUSE_MS);
    }
}

/* What the new generation has not asked for by now has most likely been replaced, and its key is to
 * be gone. */
static void let_contexts_go(struct timer *timer) {
    struct http_service *service = CONTAINER_OF(timer, struct http_service, tls_timer);
    tls_server_list_let_go(&service->tls_servers);
}

static void report_idle(struct loop_task *task) {
    struct http_service *service = CONTAINER_OF(task, struct http_service, idle_task);
    void (*on_idle)(void *data) = service->on_idle;
    if (on_idle != NULL && service->connections == NULL) {
        service->on_idle = NULL;
        on_idle(service->on_idle_data);
    }
}

/* Absolute, so that $document_root is; one that is too long cannot be looked into. */
static void set_prefix(struct http_service *service, const char *prefix) {
    if (prefix != NULL ? realpath(prefix, service->prefix) == NULL
                       : getcwd(service->prefix, sizeof service->prefix) == NULL) {
        service->prefix[0] = '\0';
    }
}

struct http_service *http_service_create(const struct http_service_options *options) {
    struct http_service *service = calloc(1, sizeof *service);
    if (service == NULL) {
        return NULL;
    }
    service->process = (uint32_t)getpid();
    service->loop = options->loop;
    service->log = options->log;
    service->memory = options->memory;
    service->proxy = options->proxy;
    service->files = options->files;
    service->zone = options->zone;
    service->staples = options->staples;
    service->connection_limit = options->worker_connections;
    service->multi_accept = options->multi_accept;
    service->accept_timer.on_expire = accept_again;
    service->tls_timer.on_expire = let_contexts_go;
    service->idle_task.run = report_idle;
    if (gethostname(service->hostname, sizeof service->hostname - 1) != 0) {
        service->hostname[0] = '\0';
    }
    set_prefix(service, options->prefix);
    service->file_state = service->files->create(service);
    service->proxy_state = service->proxy->create(service);
    if (service->proxy_state == NULL || service->file_state == NULL) {
        if (service->proxy_state != NULL) {
            service->proxy->destroy(service->proxy_state);
        }
        if (service->file_state != NULL) {
            service->files->destroy(service->file_state);
        }
        free(service);
        return NULL;
    }
    return service;
}

static bool uses_variable(const struct table *table, enum variable_id id) {
    for (uint32_t i = 0; i < table->variable_count; i++) {
        if (table->variable[i].id == (uint32_t)id) {
            return true;
        }
    }
    return false;
}

static bool uses_proxy_protocol(const struct table *table) {
    for (uint32_t i = 0; i < table->settings_count; i++) {
        if (table->settings[i].proxy_protocol != 0) {
            return true;
        }
    }
    return false;
}

/* Once a minute at most: under load the limit may be reached again and again. */
static void report_full(struct http_service *service) {
    uint64_t now = service->loop->now;
    if (service->full_reported == 0 || now - service->full_reported >= 60000) {
        service->full_reported = now;
        log_message(service->log, TABLE_LOG_ALERT,
                    "%u worker_connections are not enough, accepting again when one is free",
                    service->connection_limit);
    }
}

static bool is_full(const struct http_service *service) {
    return service->connection_count >= service->connection_limit;
}

/* Once a second at most, as nginx. */
static void report_reuse(struct http_service *service) {
    uint64_t now = service->loop->now;
    if (service->reuse_reported == 0 || now - service->reuse_reported >= 1000) {
        service->reuse_reported = now;
        log_message(service->log, TABLE_LOG_WARN,
                    "%u worker_connections are not enough, reusing connections",
                    service->connection_limit);
    }
}

/* nginx's ngx_drain_connections: when one connection in sixteen is left, those that have been idle
 * for longest make room. While none is idle they are not looked for all the time. */
static void make_room(struct http_service *service) {
    uint32_t limit = service->connection_limit;
    uint64_t now = service->loop->now;
    bool is_scarce = is_full(service) || limit - service->connection_count <= limit / SCARCE_PART;
    if (!is_scarce || now < service->reuse_from || service->is_draining) {
        return;
    }
    if (http_connections_reuse(service) > 0) {
        report_reuse(service);
    } else {
        service->reuse_from = now + REUSE_PAUSE_MS;
    }
}

/* Clients wait in the kernel's queue, and are not turned away, while there is no room for them. It
 * is looked for again soon: what is busy now may be idle then. */
static void pause_when_full(struct http_service *service) {
    if (is_full(service) && !service->is_paused && !service->is_draining) {
        report_full(service);
        http_listener_pause_all(service);
        timer_start(&service->loop->timers, &service->accept_timer,
                    service->loop->now + FULL_PAUSE_MS);
    }
}

static void resume_unless_full(struct http_service *service) {
    if (!is_full(service) && service->is_paused && !service->is_draining) {
        http_listener_resume_all(service);
    }
}

bool http_service_use(struct http_service *service, struct generation *generation) {
    if (!service->proxy->prepare(service->proxy_state, generation)) {
        return false;
    }
    struct generation *previous = service->generation;
    if (previous != NULL) {
        http_listener_remember(service, previous);
    }
    service->generation = generation;
    struct table_range error_logs = generation->table.process[0].error_logs;
    log_set_main(service->log, generation->error_logs + error_logs.first, error_logs.count);
    service->needs_server_addr = uses_variable(&generation->table, VARIABLE_SERVER_ADDR) ||
                                 uses_proxy_protocol(&generation->table);
    service->connection_limit = generation->table.process[0].worker_connections;
    pause_when_full(service);
    resume_unless_full(service);
    service->multi_accept = generation->table.process[0].multi_accept != 0;
    if (previous != NULL) {
        service->files->forget(service->file_state);
        tls_server_list_keep(&service->tls_servers);
        if (service->tls_timer.deadline == 0) {
            timer_start(&service->loop->timers, &service->tls_timer,
                        service->loop->now + TLS_CONTEXTS_KEPT_MS);
        }
        generation_release(previous);
    }
    staple_ahead_start(&service->staple_ahead, service);
    return true;
}

bool http_service_take_connection(struct http_service *service) {
    make_room(service);
    if (is_full(service)) {
        return false;
    }
    service->connection_count++;
    pause_when_full(service);
    return true;
}

void http_service_give_connection(struct http_service *service) {
    service->connection_count--;
    resume_unless_full(service);
}

void http_service_check_idle(struct http_service *service) {
    if (service->is_draining && service->connections == NULL) {
        loop_defer(service->loop, &service->idle_task);
    }
}

static void close_listeners(struct http_service *service) {
    while (service->listeners != NULL) {
        struct http_listener *listener = service->listeners;
        service->listeners = listener->next;
        http_listener_close(listener);
        http_listener_release(listener);
    }
}

void http_service_drain(struct http_service *service, void (*on_idle)(void *data), void *data) {
    service->is_draining = true;
    service->on_idle = on_idle;
    service->on_idle_data = data;
    close_listeners(service);
    http_connections_drain(service, NULL);
    service->proxy->drain(service->proxy_state);
    http_service_check_idle(service);
}

void http_service_reopen_logs(struct http_service *service) {
    service->files->forget_logs(service->file_state);
}

void http_service_close(struct http_service *service) {
    http_connections_close(service);
}

void http_service_destroy(struct http_service *service) {
    service->is_draining = true;
    service->on_idle = NULL;
    log_set_main(service->log, NULL, 0); /* they end with the generation */
    close_listeners(service);
    timer_remove(&service->loop->timers, &service->accept_timer);
    timer_remove(&service->loop->timers, &service->tls_timer);
    staple_ahead_stop(&service->staple_ahead);
    http_connections_destroy(service);
    http_limit_forget_debts(service);
    service->proxy->destroy(service->proxy_state);
    service->files->destroy(service->file_state);
    if (service->generation != NULL) {
        generation_release(service->generation);
    }
    tls_server_list_release(&service->tls_servers);
    while (service->free_exchanges != NULL) {
        struct exchange *exchange = service->free_exchanges;
        service->free_exchanges = exchange->next_free;
        arena_release(&exchange->arena);
        free(exchange);
    }
    if (service->http2 != NULL) {
        service->release_http2(service);
    }
    loop_cancel(service->loop, &service->idle_task);
    buffer_pool_release(&service->buffers);
    free(service);
}
