/* Who the client is, where a proxy stands before us: nginx's realip module. It looks twice, by the
 * server's settings before anything else and by the location's before access control, and the first
 * answer stands. */
#include "engine/decide.h"
#include "engine/forwarded.h"
#include "engine/observe.h"
#include "engine/state.h"

#include <string.h>

struct search {
    struct table_range networks;
    uint32_t network; /* that the latest trusted proxy is in */
};

static bool is_trusted(const struct engine_walk *walk) {
    const struct table *table = walk->request->engine->table;
    struct search *search = walk->trust;
    for (uint32_t i = 0; i < search->networks.count; i++) {
        uint32_t record = search->networks.first + i;
        const struct table_trusted_network *network = &table->trusted_network[record];
        if (engine_address_matches(walk->address, (enum table_client_match)network->match,
                                   &network->address, network->prefix)) {
            search->network = record;
            return true;
        }
    }
    return false;
}

static bool use_address(struct engine_request *request, const struct engine_walk *walk,
                        uint32_t network) {
    size_t size = walk->address.size;
    char *text = arena_allocate_bytes(request->arena, IP_TEXT_SIZE);
    char *bytes = arena_allocate_bytes(request->arena, size);
    if (text == NULL || bytes == NULL) {
        return false;
    }
    memcpy(bytes, walk->address.data, size);
    request->has_real_address = true;
    request->peer_addr = request->remote_addr;
    request->peer_port = request->remote_port;
    request->binary_remote_addr = (struct slice){bytes, size};
    request->remote_addr = (struct slice){text, ip_format(walk->address, text)};
    request->remote_port = walk->port;
    ENGINE_TELL(request, (struct engine_event){.kind = ENGINE_EVENT_REAL_ADDRESS,
                                               .record = network,
                                               .subject = request->peer_addr,
                                               .value = request->remote_addr});
    return true;
}

/* By the words of real_ip_header, which nginx compares to the letter. */
static bool walk_back(struct engine_walk *walk, struct slice header) {
    struct engine_request *request = walk->request;
    struct slice value;
    if (slice_equals(header, SLICE("X-Forwarded-For"))) {
        return engine_walk_forwarded(walk);
    }
    if (!slice_equals(header, SLICE("proxy_protocol"))) {
        return !engine_find_header(request, header, &value) || engine_walk_list(walk, value);
    }
    if (request->announced_addr.data != NULL && !engine_walk_list(walk, request->announced_addr)) {
        return false;
    }
    walk->port = request->announced_port;
    return true;
}

bool engine_find_real_address(struct engine_request *request) {
    const struct table_settings *settings = request->settings;
    if (request->has_real_address) {
        return true;
    }
    struct search search = {.networks = settings->set_real_ip_from};
    struct engine_walk walk = {
        .request = request,
        .is_trusted = is_trusted,
        .trust = &search,
        .trust_count = search.networks.count,
        .is_recursive = settings->real_ip_recursive != 0,
        .text = request->remote_addr,
        .address = request->binary_remote_addr,
    };
    if (!walk_back(&walk, table_text(request->engine->table, settings->real_ip_header))) {
        return false;
    }
    return !walk.has_moved || use_address(request, &walk, search.network);
}
