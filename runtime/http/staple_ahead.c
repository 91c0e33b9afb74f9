/* One server after the other, in the table's order. */
#include "http/staple_ahead.h"

#include "base/container.h"
#include "http/internal.h"

/* More than that are left to their first clients. */
enum { SERVERS_LIMIT = 1000, CONTEXTS_LIMIT = 100 };

/* It has no answer of its own yet, and may get one. */
static bool is_wanted(const struct generation *generation, const struct table_server *server) {
    const struct table_server_settings *settings =
        &generation->table.server_settings[server->own_settings];
    const struct tls_server_cache *cache = &generation->tls_servers;
    return settings->ssl_stapling != 0 && settings->ssl_stapling_file.length == 0 &&
           settings->ssl_certificate.count > 0 &&
           (cache->contexts == NULL || cache->contexts[server->own_settings] == NULL);
}

/* A server that is not asked for by TLS anywhere has no context, and nobody misses it. */
static void make(const struct http_service *service, struct generation *generation,
                 const struct table_server *server, struct tls_server_list *list) {
    const struct table *table = &generation->table;
    struct failure failure;
    struct tls_server_context *context = tls_server_list_find(
        list, &generation->tls_servers, table, &table->server_settings[server->own_settings],
        &generation->secrets, &generation->tls_shared, &failure);
    if (context != NULL && context->staples != NULL) {
        /* Without memory its first client will have it tried again. */
        (void)service->proxy->staple(service->proxy_state, generation,
                                     &table->settings[server->settings], context->staples);
    }
}

static void go_on(struct loop_task *task) {
    struct staple_ahead *ahead = CONTAINER_OF(task, struct staple_ahead, task);
    struct http_service *service = ahead->service;
    struct generation *generation = service->generation;
    uint32_t count = generation->table.server_count;
    count = count < SERVERS_LIMIT ? count : SERVERS_LIMIT;
    while (ahead->next < count && ahead->left > 0 && !service->is_draining) {
        const struct table_server *server = &generation->table.server[ahead->next++];
        if (is_wanted(generation, server)) {
            ahead->left--;
            make(service, generation, server, &service->tls_servers);
            loop_defer_next(service->loop, task);
            return;
        }
    }
}

void staple_ahead_start(struct staple_ahead *ahead, struct http_service *service) {
    ahead->task.run = go_on;
    ahead->service = service;
    ahead->next = 0;
    ahead->left = CONTEXTS_LIMIT;
    loop_defer_next(service->loop, &ahead->task);
}

void staple_ahead_stop(struct staple_ahead *ahead) {
    if (ahead->service != NULL) {
        loop_cancel(ahead->service->loop, &ahead->task);
    }
}
