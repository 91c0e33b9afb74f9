/* geo: nested networks and ranges laid flat. Addresses are divided into adjacent intervals, and
 * neighbours of one value are one. */
#include "emit/emitter.h"
#include "model/mapping.h"

#include <string.h>

/* A prefix can be inside no more others than an address has bits. */
enum { DEEPEST = 129, IPV4_SIZE = 4, IPV6_SIZE = 16 };

/* Intervals on their way into the table. The latest is held back: what begins at the same address
 * takes its place. */
struct flattening {
    struct emitter *emitter;
    enum table_section section;
    size_t size;                /* of an address */
    struct table_bytes16 first; /* of the latest interval */
    struct slice value;
    bool has_emitted;
    struct slice emitted_value; /* of the interval before */
};

static struct flattening begin(struct emitter *emitter, enum table_section section, size_t size,
                               struct slice value) {
    return (struct flattening){
        .emitter = emitter, .section = section, .size = size, .value = value};
}

static uint32_t read_number(const uint8_t *bytes) {
    return (uint32_t)bytes[0] << 24 | (uint32_t)bytes[1] << 16 | (uint32_t)bytes[2] << 8 | bytes[3];
}

static void write_number(uint32_t number, uint8_t *bytes) {
    for (int i = 0; i < IPV4_SIZE; i++) {
        bytes[i] = (uint8_t)(number >> (24 - 8 * i));
    }
}

static void emit_latest(struct flattening *flat) {
    if (flat->has_emitted && slice_equals(flat->emitted_value, flat->value)) {
        return;
    }
    struct table_string value = emit_string(flat->emitter, flat->value);
    if (flat->section == TABLE_SECTION_geo_ipv4) {
        struct table_geo_ipv4 record = {read_number(flat->first.bytes), value};
        emit_append(flat->emitter, flat->section, &record);
    } else {
        struct table_geo_ipv6 record = {flat->first, value};
        emit_append(flat->emitter, flat->section, &record);
    }
    flat->has_emitted = true;
    flat->emitted_value = flat->value;
}

/* From `first` on, which is not below that of the call before, addresses have this value. */
static void put(struct flattening *flat, const uint8_t *first, struct slice value) {
    if (memcmp(flat->first.bytes, first, flat->size) != 0) {
        emit_latest(flat);
        memcpy(flat->first.bytes, first, flat->size);
    }
    flat->value = value;
}

/* False behind the highest address. */
static bool put_behind(struct flattening *flat, const uint8_t *last, struct slice value) {
    struct table_bytes16 next = {{0}};
    memcpy(next.bytes, last, flat->size);
    size_t i = flat->size;
    while (i > 0 && ++next.bytes[i - 1] == 0) {
        i--;
    }
    if (i == 0) {
        return false;
    }
    put(flat, next.bytes, value);
    return true;
}

/* --- networks --- */

/* A network around the current address. */
struct open_network {
    uint8_t last[IPV6_SIZE];
    struct slice value;
};

struct nesting {
    struct flattening flat;
    struct open_network open[DEEPEST + 1]; /* the first is all addresses, without a value */
    size_t depth;
};

static struct open_network open_network(const struct geo_network *network, size_t size) {
    struct open_network open = {.value = network->value};
    memcpy(open.last, network->network.bytes, size);
    for (size_t bit = network->network.prefix; bit < 8 * size; bit++) {
        open.last[bit / 8] |= (uint8_t)(0x80u >> bit % 8);
    }
    return open;
}

/* Goes on with what is around the innermost network. */
static void close_network(struct nesting *nesting) {
    struct open_network *inner = &nesting->open[--nesting->depth];
    (void)put_behind(&nesting->flat, inner->last, inner[-1].value);
}

/* Networks come before those inside them, so that a stack is enough. */
static struct table_range emit_networks(struct emitter *emitter, const struct geo_definition *geo,
                                        size_t begin_at, size_t end, enum table_section section,
                                        size_t size) {
    uint32_t first = emit_next(emitter, section);
    struct nesting nesting = {.flat = begin(emitter, section, size, SLICE("")), .depth = 1};
    for (size_t i = begin_at; i < end; i++) {
        const struct geo_network *network = &geo->networks.items[i];
        const uint8_t *address = network->network.bytes;
        while (nesting.depth > 1 &&
               memcmp(nesting.open[nesting.depth - 1].last, address, size) < 0) {
            close_network(&nesting);
        }
        nesting.open[nesting.depth++] = open_network(network, size);
        put(&nesting.flat, address, network->value);
    }
    while (nesting.depth > 1) {
        close_network(&nesting);
    }
    emit_latest(&nesting.flat);
    return (struct table_range){first, emit_next(emitter, section) - first};
}

/* --- ranges --- */

static struct table_range emit_ranges(struct emitter *emitter, const struct geo_definition *geo) {
    uint32_t first = emit_next(emitter, TABLE_SECTION_geo_ipv4);
    struct flattening flat = begin(emitter, TABLE_SECTION_geo_ipv4, IPV4_SIZE, geo->otherwise);
    for (size_t i = 0; i < geo->ranges.count; i++) {
        const struct geo_range *range = &geo->ranges.items[i];
        uint8_t bytes[IPV4_SIZE];
        write_number(range->first, bytes);
        put(&flat, bytes, range->value);
        write_number(range->last, bytes);
        (void)put_behind(&flat, bytes, geo->otherwise);
    }
    emit_latest(&flat);
    return (struct table_range){first, emit_next(emitter, TABLE_SECTION_geo_ipv4) - first};
}

/* Ranges are of IPv4; any other client has the default. */
static struct table_range emit_default(struct emitter *emitter, struct slice value) {
    uint32_t first = emit_next(emitter, TABLE_SECTION_geo_ipv6);
    struct flattening flat = begin(emitter, TABLE_SECTION_geo_ipv6, IPV6_SIZE, value);
    emit_latest(&flat);
    return (struct table_range){first, 1};
}

/* --- the block --- */

static struct table_range emit_proxies(struct emitter *emitter, const struct geo_definition *geo) {
    struct table_range range = {emit_next(emitter, TABLE_SECTION_geo_proxy),
                                (uint32_t)geo->proxies.count};
    for (size_t i = 0; i < geo->proxies.count; i++) {
        const struct client_network *network = &geo->proxies.items[i];
        struct table_geo_proxy record = {.match = network->match, .prefix = network->prefix};
        memcpy(record.address.bytes, network->bytes, sizeof record.address.bytes);
        emit_append(emitter, TABLE_SECTION_geo_proxy, &record);
    }
    return range;
}

/* Where the networks of IPv6 begin. */
static size_t count_ipv4(const struct geo_definition *geo) {
    size_t count = 0;
    while (count < geo->networks.count &&
           geo->networks.items[count].network.match == TABLE_CLIENT_IPV4) {
        count++;
    }
    return count;
}

static void emit_intervals(struct emitter *emitter, const struct geo_definition *geo,
                           struct table_geo *record) {
    if (geo->has_ranges) {
        record->ipv4 = emit_ranges(emitter, geo);
        record->ipv6 = emit_default(emitter, geo->otherwise);
        return;
    }
    size_t ipv4 = count_ipv4(geo);
    record->ipv4 = emit_networks(emitter, geo, 0, ipv4, TABLE_SECTION_geo_ipv4, IPV4_SIZE);
    record->ipv6 =
        emit_networks(emitter, geo, ipv4, geo->networks.count, TABLE_SECTION_geo_ipv6, IPV6_SIZE);
}

uint32_t emit_geo(struct emitter *emitter, const struct geo_definition *geo, bool is_volatile) {
    struct table_geo record = {
        .subject = geo->has_subject ? emit_template(emitter, &geo->subject) : TABLE_NONE,
        .is_volatile = is_volatile,
        .proxies = emit_proxies(emitter, geo),
        .proxy_recursive = geo->proxy_recursive,
        .place = emit_place(emitter, geo->statement),
    };
    emit_intervals(emitter, geo, &record);
    return emit_append(emitter, TABLE_SECTION_geo, &record);
}
