/* geo: the value of the interval that an address is in, and which address that is. */
#include "base/ip.h"
#include "engine/decide.h"
#include "engine/forwarded.h"
#include "engine/program.h"
#include "engine/slot.h"
#include "engine/state.h"

#include <string.h>

static bool is_proxy(const struct engine_walk *walk) {
    const struct table *table = walk->request->engine->table;
    const struct table_geo *geo = *(const struct table_geo *const *)walk->trust;
    for (uint32_t i = geo->proxies.first; i < geo->proxies.first + geo->proxies.count; i++) {
        const struct table_geo_proxy *proxy = &table->geo_proxy[i];
        if (engine_address_matches(walk->address, (enum table_client_match)proxy->match,
                                   &proxy->address, proxy->prefix)) {
            return true;
        }
    }
    return false;
}

/* --- intervals --- */

static uint32_t read_number(const char *bytes) {
    const uint8_t *byte = (const uint8_t *)bytes;
    return (uint32_t)byte[0] << 24 | (uint32_t)byte[1] << 16 | (uint32_t)byte[2] << 8 | byte[3];
}

/* The last interval that begins at the address or before; the first begins at zero. Halves without
 * branches, which nobody could predict. */
static struct table_string find_ipv4(const struct table *table, struct table_range range,
                                     uint32_t address) {
    const struct table_geo_ipv4 *found = &table->geo_ipv4[range.first];
    for (uint32_t count = range.count; count > 1;) {
        uint32_t half = count / 2;
        __builtin_prefetch(&found[half / 2]);
        __builtin_prefetch(&found[half + half / 2]);
        found += found[half].first <= address ? half : 0;
        count -= half;
    }
    return found->value;
}

static struct table_string find_ipv6(const struct table *table, struct table_range range,
                                     const char *address) {
    const struct table_geo_ipv6 *found = &table->geo_ipv6[range.first];
    for (uint32_t count = range.count; count > 1;) {
        uint32_t half = count / 2;
        found += memcmp(found[half].first.bytes, address, IP_V6_SIZE) <= 0 ? half : 0;
        count -= half;
    }
    return found->value;
}

/* nginx looks up 255.255.255.255 for whoever has no address. */
static struct table_string find(const struct table *table, const struct table_geo *geo,
                                struct slice address) {
    address = engine_unmap_address(address);
    if (address.size == IP_V6_SIZE) {
        return find_ipv6(table, geo->ipv6, address.data);
    }
    return find_ipv4(table, geo->ipv4,
                     address.size == IP_V4_SIZE ? read_number(address.data) : UINT32_MAX);
}

/* --- the value --- */

/* Whose address is looked up first: the client's, or what a variable holds. */
static bool begin(struct engine_walk *walk, const struct table_geo *geo, bool *has_address) {
    struct engine_request *request = walk->request;
    *has_address = true;
    if (geo->subject == TABLE_NONE) {
        walk->text = request->remote_addr;
        walk->address = request->binary_remote_addr;
        return true;
    }
    if (!engine_run_template(request, geo->subject, &walk->text)) {
        return false;
    }
    *has_address = engine_walk_parse(walk, walk->text);
    return true;
}

enum engine_value engine_geo_value(struct engine_request *request, const struct table_slot *slot,
                                   struct slice *value) {
    const struct table *table = request->engine->table;
    const struct table_geo *geo = &table->geo[slot->geo];
    struct engine_walk walk = {
        .request = request,
        .is_trusted = is_proxy,
        .trust = &geo,
        .trust_count = geo->proxies.count,
        .is_recursive = geo->proxy_recursive != 0,
    };
    bool has_address;
    if (!begin(&walk, geo, &has_address)) {
        return ENGINE_VALUE_NO_MEMORY;
    }
    if (has_address && geo->proxies.count > 0 && !engine_walk_forwarded(&walk)) {
        return ENGINE_VALUE_NO_MEMORY;
    }
    *value = table_text(table, find(table, geo, walk.address));
    engine_slot_tell(request, slot, walk.text, *value);
    return ENGINE_VALUE_FOUND;
}
