/* Parsing of networks, with the results of nginx's ngx_ptocidr. */
#include "model/network.h"

#include "base/ip.h"
#include "model/reading.h"

#include <arpa/inet.h>

/* Clears what is behind the prefix; false when there was nothing to clear. */
static bool clear_host_bits(struct client_network *network, uint32_t width) {
    bool had_any = false;
    for (uint32_t bit = network->prefix; bit < width; bit++) {
        uint8_t mask = (uint8_t)(0x80u >> bit % 8);
        had_any = had_any || (network->bytes[bit / 8] & mask) != 0;
        network->bytes[bit / 8] &= (uint8_t)~mask;
    }
    return had_any;
}

enum network_problem network_parse(struct slice text, struct client_network *network) {
    size_t slash = slice_find_byte(text, '/');
    struct slice address = slice_take(text, slash);
    *network = (struct client_network){0};
    uint32_t width = 32;
    network->match = TABLE_CLIENT_IPV4;
    if (!ip_parse_v4(address, network->bytes)) {
        width = 128;
        *network = (struct client_network){.match = TABLE_CLIENT_IPV6};
        if (!ip_parse_v6(address, network->bytes)) {
            return NETWORK_INVALID;
        }
    }
    uint64_t prefix = width;
    if (slash < text.size && !slice_parse_u64(slice_skip(text, slash + 1), width, &prefix)) {
        return NETWORK_INVALID;
    }
    network->prefix = (uint32_t)prefix;
    return clear_host_bits(network, width) ? NETWORK_HAS_HOST_BITS : NETWORK_FINE;
}

/* The network that was meant, without the bits that mean nothing. */
static void suggest(struct model *model, const struct client_network *network,
                    struct diagnostic *diagnostic) {
    char address[INET6_ADDRSTRLEN];
    int family = network->match == TABLE_CLIENT_IPV4 ? AF_INET : AF_INET6;
    if (inet_ntop(family, network->bytes, address, sizeof address) != NULL) {
        diagnostic_help(model->arena, diagnostic,
                        "write \"%s/%u\", or leave \"/%u\" out if one address is meant", address,
                        network->prefix, network->prefix);
    }
}

bool network_read(struct model *model, const struct word *word, struct slice text,
                  struct client_network *network) {
    size_t begin = (size_t)(text.data - word->text.data);
    struct span span =
        text.size > 0 ? word_span(model, word, begin, begin + text.size) : word->span;
    struct diagnostic *diagnostic;
    switch (network_parse(text, network)) {
    case NETWORK_FINE:
        return true;
    case NETWORK_HAS_HOST_BITS:
        diagnostic =
            diagnostic_add(model->diagnostics, SEVERITY_WARNING, DIAGNOSTIC_INVALID_ADDRESS, span,
                           "the address in \"%.*s\" has bits behind its prefix, which "
                           "mean nothing",
                           SLICE_ARGS(text));
        suggest(model, network, diagnostic);
        return true;
    case NETWORK_INVALID:
        break;
    }
    diagnostic = diagnostic_error(model->diagnostics, DIAGNOSTIC_INVALID_ADDRESS, span,
                                  "\"%.*s\" is not an address or network", SLICE_ARGS(text));
    diagnostic_help(model->arena, diagnostic,
                    "write an address such as 192.0.2.1 or 2001:db8::1, or a network such as "
                    "192.0.2.0/24; names are not looked up");
    return false;
}
