/* Resolvers from their records. */
#include "proxy/resolvers.h"

#include <arpa/inet.h>
#include <stdio.h>
#include <stdlib.h>

/* Of one name server, with brackets, port and comma. */
enum { SERVER_TEXT_SIZE = SOCKET_TEXT_SIZE + 10 };

static size_t print_server(const struct table_name_server *server, char *text) {
    bool is_ipv6 = server->family == TABLE_FAMILY_IPV6;
    char address[SOCKET_TEXT_SIZE];
    inet_ntop(is_ipv6 ? AF_INET6 : AF_INET, server->address.bytes, address, sizeof address);
    return (size_t)snprintf(text, SERVER_TEXT_SIZE, is_ipv6 ? "[%s]:%u," : "%s:%u,", address,
                            server->port);
}

/* As struct resolver_options wants them. NULL without memory. */
static char *print_servers(const struct table *table, const struct table_resolver *record) {
    char *text = malloc((size_t)record->servers.count * SERVER_TEXT_SIZE);
    size_t size = 0;
    for (uint32_t i = 0; text != NULL && i < record->servers.count; i++) {
        size += print_server(&table->name_server[record->servers.first + i], text + size);
    }
    if (text != NULL) {
        text[size - 1] = '\0';
    }
    return text;
}

static struct name_cache *find_same(const struct proxy_resolvers *resolvers,
                                    const struct name_cache_options *options) {
    for (uint32_t i = 0; resolvers != NULL && i < resolvers->count; i++) {
        if (resolvers->items[i] != NULL && name_cache_is_for(resolvers->items[i], options)) {
            return name_cache_hold(resolvers->items[i]);
        }
    }
    return NULL;
}

static struct name_cache *open_cache(struct loop *loop, const struct table *table,
                                     const struct table_resolver *record,
                                     const struct proxy_resolvers *previous) {
    char *servers = print_servers(table, record);
    const struct name_cache_options options = {
        .resolver = {.servers = servers, .ipv4 = record->ipv4 != 0, .ipv6 = record->ipv6 != 0},
        .valid = record->valid,
    };
    struct name_cache *cache = NULL;
    const char *error;
    if (servers != NULL) {
        cache = find_same(previous, &options);
        cache = cache != NULL ? cache : name_cache_create(loop, &options, &error);
    }
    free(servers);
    return cache;
}

struct proxy_resolvers *proxy_resolvers_create(struct loop *loop, const struct table *table,
                                               const struct proxy_resolvers *previous,
                                               bool can_resolve) {
    uint32_t count = table->resolver_count;
    struct proxy_resolvers *resolvers =
        calloc(1, sizeof *resolvers + count * sizeof(struct name_cache *));
    if (resolvers == NULL) {
        return NULL;
    }
    for (uint32_t i = 0; can_resolve && i < count; i++) {
        resolvers->items[i] = open_cache(loop, table, &table->resolver[i], previous);
        if (resolvers->items[i] == NULL) {
            proxy_resolvers_destroy(resolvers);
            return NULL;
        }
        resolvers->count++;
    }
    return resolvers;
}

void proxy_resolvers_destroy(struct proxy_resolvers *resolvers) {
    for (uint32_t i = 0; resolvers != NULL && i < resolvers->count; i++) {
        name_cache_release(resolvers->items[i]);
    }
    free(resolvers);
}
