/* geo: the value of the interval that an address is in, and which address that is. */
#include "base/ip.h"
#include "engine/decide.h"
#include "engine/program.h"
#include "engine/slot.h"
#include "engine/state.h"

#include <string.h>

/* An address on its way through X-Forwarded-For. */
struct walker {
    struct engine_request *request;
    const struct table_geo *geo;
    struct slice text;
    struct slice address; /* 4 or 16 bytes; any other number: none */
    uint8_t bytes[IP_V6_SIZE];
};

/* --- texts --- */

/* nginx takes 255.255.255.255 for no address (ngx_inet_addr). */
static bool parse_ipv4(struct slice text, uint8_t bytes[IP_V4_SIZE]) {
    return ip_parse_v4(text, bytes) && memcmp(bytes, "\xff\xff\xff\xff", IP_V4_SIZE) != 0;
}

static bool parse_address(struct walker *walker, struct slice text) {
    uint8_t bytes[IP_V6_SIZE];
    size_t size = IP_V4_SIZE;
    if (!parse_ipv4(text, bytes)) {
        size = IP_V6_SIZE;
        if (!ip_parse_v6(text, bytes)) {
            return false;
        }
    }
    memcpy(walker->bytes, bytes, size);
    walker->address = (struct slice){(const char *)walker->bytes, size};
    walker->text = text;
    return true;
}

/* Cuts off a port; an IPv6 address is in brackets then. */
static bool cut_port(struct slice *text) {
    enum { HIGHEST_PORT = 65535 };
    bool has_bracket = slice_starts_with(*text, SLICE("["));
    size_t colon = slice_find_byte(*text, has_bracket ? ']' : ':');
    struct slice behind = slice_skip(*text, has_bracket ? colon + 1 : colon);
    uint64_t port;
    if (!slice_starts_with(behind, SLICE(":")) ||
        !slice_parse_u64(slice_skip(behind, 1), HIGHEST_PORT, &port) || port == 0) {
        return false;
    }
    *text = slice_take(*text, colon);
    *text = slice_skip(*text, has_bracket ? 1 : 0);
    return true;
}

static bool parse_with_port(struct walker *walker, struct slice text) {
    return parse_address(walker, text) || (cut_port(&text) && parse_address(walker, text));
}

/* --- X-Forwarded-For --- */

static bool is_separator(char c) {
    return c == ' ' || c == ',';
}

/* The last address of the list, and what is before its separator. As in nginx a separator at the
 * very beginning belongs to the address behind it. */
static struct slice take_last(struct slice *list) {
    size_t end = list->size;
    while (end > 1 && is_separator(list->data[end - 1])) {
        end--;
    }
    size_t begin = end;
    while (begin > 1 && !is_separator(list->data[begin - 1])) {
        begin--;
    }
    begin = begin > 1 ? begin : 0;
    struct slice last = slice_skip(slice_take(*list, end), begin);
    *list = slice_take(*list, begin > 0 ? begin - 1 : 0);
    return last;
}

static bool is_proxy(const struct walker *walker) {
    const struct table *table = walker->request->engine->table;
    struct table_range proxies = walker->geo->proxies;
    for (uint32_t i = proxies.first; i < proxies.first + proxies.count; i++) {
        const struct table_geo_proxy *proxy = &table->geo_proxy[i];
        if (engine_address_matches(walker->address, (enum table_client_match)proxy->match,
                                   &proxy->address, proxy->prefix)) {
            return true;
        }
    }
    return false;
}

enum walk { WALK_ON, WALK_OVER, WALK_FAILED };

/* Steps back through one field while what it came to is a proxy's. */
static enum walk walk_field(struct walker *walker, struct slice list) {
    do {
        if (!engine_spend(walker->request, walker->geo->proxies.count)) {
            return WALK_FAILED;
        }
        if (!is_proxy(walker) || !parse_with_port(walker, take_last(&list))) {
            return WALK_OVER;
        }
    } while (walker->geo->proxy_recursive && list.size > 0);
    return walker->geo->proxy_recursive ? WALK_ON : WALK_OVER;
}

/* The last field first (nginx's ngx_http_get_forwarded_addr). False when that takes too much. */
static bool walk_fields(struct walker *walker) {
    const struct engine_request *request = walker->request;
    enum walk walk = WALK_ON;
    for (uint32_t i = request->header_count; i-- > 0 && walk == WALK_ON;) {
        if (slice_equals_nocase(request->headers[i].name, SLICE("x-forwarded-for"))) {
            walk = walk_field(walker, request->headers[i].value);
        }
    }
    return walk != WALK_FAILED;
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
static bool begin(struct walker *walker, bool *has_address) {
    struct engine_request *request = walker->request;
    *has_address = true;
    if (walker->geo->subject == TABLE_NONE) {
        walker->text = request->remote_addr;
        walker->address = request->binary_remote_addr;
        return true;
    }
    if (!engine_run_template(request, walker->geo->subject, &walker->text)) {
        return false;
    }
    *has_address = parse_address(walker, walker->text);
    return true;
}

enum engine_value engine_geo_value(struct engine_request *request, const struct table_slot *slot,
                                   struct slice *value) {
    const struct table *table = request->engine->table;
    struct walker walker = {.request = request, .geo = &table->geo[slot->geo]};
    bool has_address;
    if (!begin(&walker, &has_address)) {
        return ENGINE_VALUE_NO_MEMORY;
    }
    if (has_address && walker.geo->proxies.count > 0 && !walk_fields(&walker)) {
        return ENGINE_VALUE_NO_MEMORY;
    }
    *value = table_text(table, find(table, walker.geo, walker.address));
    engine_slot_tell(request, slot, walker.text, *value);
    return ENGINE_VALUE_FOUND;
}
