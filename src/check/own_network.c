/* Which addresses are a site's own; see own_network.h. */
#include "check/own_network.h"

#include "base/ip.h"

#include <string.h>

/* RFC 6890: networks that no packet leaves the site for. */
static const struct {
    uint8_t address[IP_V6_SIZE];
    uint32_t prefix;
    enum table_family family;
} own_networks[] = {
    {{0}, 8, TABLE_FAMILY_IPV4},
    {{10}, 8, TABLE_FAMILY_IPV4},
    {{168, 63, 129, 16}, 32, TABLE_FAMILY_IPV4}, /* of Azure, for each machine by itself */
    {{100, 64}, 10, TABLE_FAMILY_IPV4},
    {{127}, 8, TABLE_FAMILY_IPV4},
    {{169, 254}, 16, TABLE_FAMILY_IPV4},
    {{172, 16}, 12, TABLE_FAMILY_IPV4},
    {{192, 168}, 16, TABLE_FAMILY_IPV4},
    {{0}, 96, TABLE_FAMILY_IPV6}, /* ::1 */
    {{0xfc}, 7, TABLE_FAMILY_IPV6},
    {{0xfe, 0x80}, 10, TABLE_FAMILY_IPV6},
};

static bool has_prefix(const uint8_t *address, const uint8_t *network, uint32_t bits) {
    uint32_t whole = bits / 8;
    uint8_t mask = (uint8_t)(0xff00u >> bits % 8);
    return memcmp(address, network, whole) == 0 &&
           (bits % 8 == 0 || ((address[whole] ^ network[whole]) & mask) == 0);
}

static bool is_own_address(const struct address *address) {
    for (size_t i = 0; i < sizeof own_networks / sizeof own_networks[0]; i++) {
        if (own_networks[i].family == address->family &&
            has_prefix(address->bytes, own_networks[i].address, own_networks[i].prefix)) {
            return true;
        }
    }
    return false;
}

/* Last labels of names that nobody outside gives a meaning (RFC 6761, RFC 6762, RFC 8375, ICANN's
 * .internal), and those that companies use nevertheless. */
static const struct slice own_labels[] = {
    SLICE_INIT("arpa"),  SLICE_INIT("corp"),     SLICE_INIT("example"), SLICE_INIT("home"),
    SLICE_INIT("intra"), SLICE_INIT("intranet"), SLICE_INIT("invalid"), SLICE_INIT("internal"),
    SLICE_INIT("lan"),   SLICE_INIT("local"),    SLICE_INIT("private"), SLICE_INIT("localdomain"),
    SLICE_INIT("svc"),   SLICE_INIT("test"),     SLICE_INIT("consul"),  SLICE_INIT("localhost"),
};

static bool is_own_name(struct slice name) {
    name.size -= name.size > 0 && name.data[name.size - 1] == '.' ? 1 : 0;
    size_t begin = name.size;
    while (begin > 0 && name.data[begin - 1] != '.') {
        begin--;
    }
    if (begin == 0) {
        return true; /* of this machine's hosts file or search domain */
    }
    for (size_t i = 0; i < sizeof own_labels / sizeof own_labels[0]; i++) {
        if (slice_equals_nocase(slice_skip(name, begin), own_labels[i])) {
            return true;
        }
    }
    return false;
}

bool own_network_has(const struct address *address) {
    switch (address->family) {
    case TABLE_FAMILY_IPV4:
    case TABLE_FAMILY_IPV6:
        return is_own_address(address);
    case TABLE_FAMILY_NAME:
        return is_own_name(address->host);
    default:
        return true;
    }
}

/* Zones in which everybody may have a name: those of providers, and registries of two labels. */
static const struct slice shared_zones[] = {
    SLICE_INIT(".amazonaws.com"),
    SLICE_INIT(".appspot.com"),
    SLICE_INIT(".azureedge.net"),
    SLICE_INIT(".azurewebsites.net"),
    SLICE_INIT(".cloudapp.net"),
    SLICE_INIT(".cloudfront.net"),
    SLICE_INIT(".core.windows.net"),
    SLICE_INIT(".digitaloceanspaces.com"),
    SLICE_INIT(".firebaseapp.com"),
    SLICE_INIT(".fly.dev"),
    SLICE_INIT(".github.io"),
    SLICE_INIT(".gitlab.io"),
    SLICE_INIT(".googleapis.com"),
    SLICE_INIT(".herokuapp.com"),
    SLICE_INIT(".netlify.app"),
    SLICE_INIT(".ngrok.io"),
    SLICE_INIT(".ondigitalocean.app"),
    SLICE_INIT(".onrender.com"),
    SLICE_INIT(".pages.dev"),
    SLICE_INIT(".run.app"),
    SLICE_INIT(".vercel.app"),
    SLICE_INIT(".web.app"),
    SLICE_INIT(".workers.dev"),
    SLICE_INIT(".co.uk"),
    SLICE_INIT(".com.au"),
    SLICE_INIT(".com.br"),
    SLICE_INIT(".co.jp"),
    SLICE_INIT(".co.nz"),
};

bool own_network_is_zone(struct slice ending, bool is_open) {
    for (size_t i = 0; i < sizeof shared_zones / sizeof shared_zones[0]; i++) {
        if (slice_ends_with(ending, shared_zones[i])) {
            return false;
        }
    }
    struct slice rest = slice_skip(ending, slice_find_byte(ending, '.') + 1);
    return slice_find_byte(rest, '.') < rest.size || (!is_open && is_own_name(ending));
}
