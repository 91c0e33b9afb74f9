/* unverified-backend: TLS over networks of others to a backend that anybody in between can pose as.
 * Only where nobody has decided: a written "proxy_ssl_verify off" is a decision. */
#include "base/ip.h"
#include "check/rules.h"

#include <string.h>

/* --- which addresses are others' --- */

/* RFC 6890: networks that no packet leaves the site for. */
static const struct {
    uint8_t address[IP_V6_SIZE];
    uint32_t prefix;
    enum table_family family;
} own_networks[] = {
    {{0}, 8, TABLE_FAMILY_IPV4},         {{10}, 8, TABLE_FAMILY_IPV4},
    {{100, 64}, 10, TABLE_FAMILY_IPV4},  {{127}, 8, TABLE_FAMILY_IPV4},
    {{169, 254}, 16, TABLE_FAMILY_IPV4}, {{172, 16}, 12, TABLE_FAMILY_IPV4},
    {{192, 168}, 16, TABLE_FAMILY_IPV4}, {{0}, 96, TABLE_FAMILY_IPV6}, /* ::1 */
    {{0xfc}, 7, TABLE_FAMILY_IPV6},      {{0xfe, 0x80}, 10, TABLE_FAMILY_IPV6},
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

static bool is_own(const struct address *address) {
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

/* --- the rule --- */

static const struct peer *find_foreign(const struct upstream *upstream) {
    for (size_t i = 0; upstream != NULL && i < upstream->peers.count; i++) {
        if (!is_own(&upstream->peers.items[i]->address)) {
            return upstream->peers.items[i];
        }
    }
    return NULL;
}

static void check_location(struct finding_list *findings, const struct location *location) {
    const struct proxy_pass *proxy = location->proxy;
    const struct settings *settings = location->settings;
    if (proxy == NULL || proxy->has_variables || !proxy->is_tls ||
        settings->origin[SETTING_proxy_ssl_verify] != NULL) {
        return;
    }
    const struct peer *peer = find_foreign(proxy->upstream);
    if (peer == NULL) {
        return;
    }
    struct diagnostic *diagnostic =
        check_report(findings, RULE_unverified_backend, proxy->word->span,
                     "nobody verifies that \"%.*s\" is who answers", SLICE_ARGS(peer->name));
    if (peer->statement != NULL) {
        diagnostic_note(findings->model->arena, diagnostic, peer->statement->words[0].span,
                        "it is a server of the group");
    }
    diagnostic_help(findings->model->arena, diagnostic,
                    proxy->is_grpc
                        ? "write \"grpc_ssl_verify on; grpc_ssl_trusted_certificate "
                          "/etc/ssl/certs/ca-certificates.crt;\", or \"off\" if that is meant"
                        : "write \"proxy_ssl_verify on; proxy_ssl_trusted_certificate "
                          "/etc/ssl/certs/ca-certificates.crt;\", or \"off\" if that is meant");
}

void check_rule_unverified_backend(struct finding_list *findings) {
    for (size_t i = 0; i < findings->site.locations.count; i++) {
        check_location(findings, findings->site.locations.items[i]);
    }
}
