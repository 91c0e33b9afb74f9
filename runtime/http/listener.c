/* Accepting connections. Which sockets there are is decided above (runtime/worker.c); what happens
 * to a connection is the front's business. */
#include "http/announcement.h"
#include "http/handshake.h"
#include "http/http1_front.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

enum { ACCEPT_BATCH = 64, ACCEPT_PAUSE_MS = 500 };

void http_listener_release(struct http_listener *listener) {
    if (--listener->references > 0) {
        return;
    }
    if (listener->generation != NULL) {
        generation_release(listener->generation);
    }
    free(listener);
}

struct generation *http_listener_generation(const struct http_listener *listener) {
    return listener->generation != NULL ? listener->generation : listener->service->generation;
}

static void forget_generation(struct http_listener *listener) {
    if (listener->generation != NULL) {
        generation_release(listener->generation);
        listener->generation = NULL;
    }
}

void http_listener_remember(struct http_service *service, struct generation *previous) {
    for (struct http_listener *l = service->listeners; l != NULL; l = l->next) {
        forget_generation(l);
        l->generation = generation_hold(previous);
    }
}

static bool start_accepting(struct http_listener *listener) {
    if (listener->is_accepting || !listener->is_open) {
        return true;
    }
    listener->handle.ready = 0;
    listener->is_accepting = loop_add(listener->service->loop, &listener->handle);
    return listener->is_accepting;
}

static void stop_accepting(struct http_listener *listener) {
    if (listener->is_accepting) {
        loop_remove(listener->service->loop, &listener->handle);
        listener->is_accepting = false;
    }
}

void http_listener_resume_all(struct http_service *service) {
    service->is_paused = false;
    for (struct http_listener *l = service->listeners; l != NULL; l = l->next) {
        if (!start_accepting(l)) {
            log_message(service->log, TABLE_LOG_ALERT, "cannot wait for connections: %s",
                        strerror(errno));
        }
    }
}

void http_listener_pause_all(struct http_service *service) {
    service->is_paused = true;
    for (struct http_listener *l = service->listeners; l != NULL; l = l->next) {
        stop_accepting(l);
    }
}

void http_listener_close(struct http_listener *listener) {
    stop_accepting(listener);
    listener->is_open = false;
    close(listener->handle.fd);
    listener->handle.fd = -1;
}

static bool has_address(const struct table_endpoint *endpoint, const union socket_address *local) {
    struct slice bytes = socket_address_bytes(&local->any);
    return bytes.size > 0 && memcmp(endpoint->address.bytes, bytes.data, bytes.size) == 0;
}

const struct table_endpoint *http_listener_endpoint(const struct http_listener *listener,
                                                    const union socket_address *local) {
    const struct table *table = &http_listener_generation(listener)->table;
    struct table_range range = table->listener[listener->record].endpoints;
    uint32_t last = range.first + range.count - 1;
    for (uint32_t i = range.first; i < last; i++) {
        if (has_address(&table->endpoint[i], local)) {
            return &table->endpoint[i];
        }
    }
    return &table->endpoint[last];
}

bool http_listener_needs_local(const struct http_listener *listener) {
    const struct table *table = &http_listener_generation(listener)->table;
    return listener->service->needs_server_addr ||
           table->listener[listener->record].endpoints.count > 1;
}

bool http_listener_find_local(const struct http_listener *listener, int fd,
                              union socket_address *local) {
    const struct table *table = &http_listener_generation(listener)->table;
    const struct table_listener *record = &table->listener[listener->record];
    struct sockaddr_storage address;
    socklen_t size = sizeof address;
    if (record->family == TABLE_FAMILY_UNIX) {
        local->any.sa_family = AF_UNIX;
        return true;
    }
    bool is_exact = http_listener_needs_local(listener) &&
                    getsockname(fd, (struct sockaddr *)&address, &size) == 0;
    if (!is_exact) {
        socket_address_from_table(&address, record->family, record->address.bytes, record->port,
                                  (struct slice){0});
    }
    memcpy(local, &address, sizeof *local);
    return is_exact;
}

/* Out of descriptors or memory: waiting connections stay in the kernel's queue for a while. */
static void pause_for_resources(struct http_service *service) {
    http_listener_pause_all(service);
    timer_start(&service->loop->timers, &service->accept_timer,
                service->loop->now + ACCEPT_PAUSE_MS);
}

static bool open_connection(const struct http_accepted *accepted) {
    const struct table_endpoint *endpoint =
        http_listener_endpoint(accepted->listener, &accepted->local);
    if (endpoint->proxy_protocol != 0) {
        return http_announcement_create(accepted);
    }
    return endpoint->ssl != 0 ? http_handshake_create(accepted) : http1_front_create(accepted);
}

/* Returns whether another connection may be waiting. */
static bool accept_one(struct http_listener *listener) {
    struct http_service *service = listener->service;
    struct sockaddr_storage address;
    socklen_t size = sizeof address;
    memset(&address, 0, sizeof(union socket_address));
    int fd = accept4(listener->handle.fd, (struct sockaddr *)&address, &size,
                     SOCK_NONBLOCK | SOCK_CLOEXEC);
    if (fd < 0) {
        if (errno == EMFILE || errno == ENFILE || errno == ENOMEM || errno == ENOBUFS) {
            log_message(service->log, TABLE_LOG_CRIT, "accept() failed (%d: %s), pausing for %d ms",
                        errno, strerror(errno), ACCEPT_PAUSE_MS);
            pause_for_resources(service);
        }
        return errno == ECONNABORTED || errno == EINTR;
    }
    struct http_accepted accepted = {.service = service, .listener = listener, .fd = fd};
    memcpy(&accepted.remote, &address, sizeof accepted.remote);
    accepted.has_exact_local = http_listener_find_local(listener, fd, &accepted.local);
    if (!http_service_take_connection(service)) {
        close(fd);
        return false;
    }
    if (!open_connection(&accepted)) {
        log_message(service->log, TABLE_LOG_ALERT,
                    "no memory for a client connection, accepting again in %d ms", ACCEPT_PAUSE_MS);
        close(fd);
        http_service_give_connection(service);
        pause_for_resources(service);
        return false;
    }
    return true;
}

static void accept_ready(struct loop_handle *handle, uint32_t events) {
    struct http_listener *listener = (struct http_listener *)handle;
    (void)events;
    int batch = listener->service->multi_accept ? ACCEPT_BATCH : 1;
    while (batch-- > 0 && listener->is_accepting && accept_one(listener)) {
    }
}

bool http_service_listen(struct http_service *service, int fd, uint32_t record) {
    struct http_listener *listener = calloc(1, sizeof *listener);
    if (listener == NULL) {
        return false;
    }
    *listener = (struct http_listener){
        .handle = {.fd = fd, .is_listener = true, .on_ready = accept_ready},
        .next = service->listeners,
        .service = service,
        .record = record,
        .references = 1,
        .is_open = true,
    };
    if (!service->is_paused && !start_accepting(listener)) {
        free(listener);
        return false;
    }
    service->listeners = listener;
    return true;
}

static struct http_listener *take_by_descriptor(struct http_listener **list, int fd) {
    for (struct http_listener **link = list; *link != NULL; link = &(*link)->next) {
        struct http_listener *listener = *link;
        if (listener->handle.fd == fd) {
            *link = listener->next;
            return listener;
        }
    }
    return NULL;
}

void http_service_relisten(struct http_service *service, const int *fds, uint32_t count) {
    struct http_listener *kept = NULL;
    for (uint32_t i = 0; i < count; i++) {
        struct http_listener *listener =
            fds[i] < 0 ? NULL : take_by_descriptor(&service->listeners, fds[i]);
        if (listener != NULL) {
            listener->record = i;
            forget_generation(listener);
            listener->next = kept;
            kept = listener;
        }
    }
    while (service->listeners != NULL) {
        struct http_listener *listener = service->listeners;
        service->listeners = listener->next;
        http_listener_close(listener);
        http_connections_drain(service, listener);
        http_listener_release(listener);
    }
    service->listeners = kept;
    http_connections_drain_misjudged(service);
}
