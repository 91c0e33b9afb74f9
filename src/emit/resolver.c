/* Resolvers: the name servers and how they are asked. Equal ones are one record. */
#include "emit/emitter.h"

#include <string.h>

uint32_t emit_resolver(struct emitter *emitter, const struct resolver *resolver) {
    if (resolver == NULL) {
        return TABLE_NONE;
    }
    size_t count = resolver->servers.count;
    struct table_name_server *servers = arena_require(&emitter->scratch, count * sizeof *servers);
    for (size_t i = 0; i < count; i++) {
        const struct address *server = &resolver->servers.items[i];
        servers[i] = (struct table_name_server){.family = server->family, .port = server->port};
        memcpy(servers[i].address.bytes, server->bytes, sizeof server->bytes);
    }
    struct table_resolver record = {
        .servers = table_writer_intern(&emitter->writer, TABLE_SECTION_name_server, servers,
                                       (uint32_t)count),
        .valid = resolver->valid,
        .ipv4 = resolver->ipv4,
        .ipv6 = resolver->ipv6,
    };
    return emit_shared(emitter, TABLE_SECTION_resolver, &record);
}
