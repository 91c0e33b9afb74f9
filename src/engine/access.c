/* allow and deny: whether a client may come in. */
#include "engine/decide.h"
#include "engine/observe.h"
#include "engine/state.h"

#include <string.h>

enum { IPV4_SIZE = 4, IPV6_SIZE = 16 };

/* An IPv4 client of an IPv6 socket is an IPv4 client. */
struct slice engine_unmap_address(struct slice address) {
    static const char mapped[12] = {0, 0, 0, 0, 0, 0, 0, 0, 0, 0, '\xff', '\xff'};
    bool is_mapped = address.size == IPV6_SIZE && memcmp(address.data, mapped, sizeof mapped) == 0;
    return is_mapped ? slice_skip(address, sizeof mapped) : address;
}

static bool has_prefix(const char *address, const uint8_t *network, uint32_t prefix) {
    uint32_t whole = prefix / 8;
    if (memcmp(address, network, whole) != 0) {
        return false;
    }
    uint8_t mask = (uint8_t)(0xff00u >> prefix % 8);
    return prefix % 8 == 0 || (((uint8_t)address[whole] ^ network[whole]) & mask) == 0;
}

static bool is_in_network(struct slice address, enum table_client_match match,
                          const struct table_bytes16 *network, uint32_t prefix) {
    switch (match) {
    case TABLE_CLIENT_ALL:
        return true;
    case TABLE_CLIENT_IPV4:
        return address.size == IPV4_SIZE && has_prefix(address.data, network->bytes, prefix);
    case TABLE_CLIENT_IPV6:
        return address.size == IPV6_SIZE && has_prefix(address.data, network->bytes, prefix);
    case TABLE_CLIENT_UNIX:
        break;
    }
    return address.size != IPV4_SIZE && address.size != IPV6_SIZE;
}

bool engine_address_matches(struct slice address, enum table_client_match match,
                            const struct table_bytes16 *network, uint32_t prefix) {
    return is_in_network(engine_unmap_address(address), match, network, prefix);
}

/* nginx keeps the rules of each family apart. Where there are none for IPv4, those for IPv6 are
 * asked about the mapped address: "deny ::/0" alone keeps such clients out, too. */
static struct slice find_client(const struct engine_request *request) {
    struct table_range rules = request->settings->allow;
    for (uint32_t i = rules.first; i < rules.first + rules.count; i++) {
        uint32_t match = request->engine->table->access_rule[i].match;
        if (match == TABLE_CLIENT_IPV4 || match == TABLE_CLIENT_ALL) {
            return engine_unmap_address(request->binary_remote_addr);
        }
    }
    return request->binary_remote_addr;
}

/* `satisfy` is for several kinds of access control; as long as there is this one alone, what it
 * says stands. */

static bool apply_rule(const struct engine_request *request, uint32_t record) {
    bool is_denied = request->engine->table->access_rule[record].deny != 0;
    ENGINE_TELL(request, (struct engine_event){.kind = ENGINE_EVENT_ACCESS,
                                               .record = record,
                                               .subject = request->remote_addr,
                                               .result = !is_denied});
    if (is_denied) {
        engine_note(request, TABLE_LOG_ERROR, "access forbidden by rule");
    }
    return !is_denied;
}

bool engine_access_is_allowed(const struct engine_request *request) {
    struct table_range rules = request->settings->allow;
    struct slice client = find_client(request);
    for (uint32_t i = rules.first; i < rules.first + rules.count; i++) {
        const struct table_access_rule *rule = &request->engine->table->access_rule[i];
        if (is_in_network(client, (enum table_client_match)rule->match, &rule->address,
                          rule->prefix)) {
            return apply_rule(request, i);
        }
    }
    return true;
}
