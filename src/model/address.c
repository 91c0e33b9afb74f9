/* Parsing of addresses. */
#include "model/address.h"

#include <arpa/inet.h>
#include <string.h>
#include <sys/un.h>

#define LARGEST_PORT 65535

static bool parse_port(struct slice text, uint32_t *port) {
    uint64_t value;
    if (!slice_parse_u64(text, LARGEST_PORT, &value) || value == 0) {
        return false;
    }
    *port = (uint32_t)value;
    return true;
}

/* "80", or "8080-8090" where listening is meant. */
static bool parse_ports(struct slice text, enum address_use use, struct address_parts *parts) {
    size_t dash = use == ADDRESS_TO_LISTEN ? slice_find_byte(text, '-') : text.size;
    if (!parse_port(slice_take(text, dash), &parts->port)) {
        return false;
    }
    parts->last_port = parts->port;
    if (dash < text.size && (!parse_port(slice_skip(text, dash + 1), &parts->last_port) ||
                             parts->last_port < parts->port)) {
        return false;
    }
    parts->has_port = true;
    return true;
}

static bool parse_literal(int family, struct slice host, uint8_t *bytes) {
    char text[INET6_ADDRSTRLEN];
    if (host.size >= sizeof text) {
        return false;
    }
    memcpy(text, host.data, host.size);
    text[host.size] = '\0';
    return strlen(text) == host.size && inet_pton(family, text, bytes) == 1;
}

static bool is_unspecified(const uint8_t *bytes, size_t size) {
    static const uint8_t zero[16];
    return memcmp(bytes, zero, size) == 0;
}

static const char *parse_unix(struct slice text, enum address_use use,
                              struct address_parts *parts) {
    struct slice path = slice_skip(text, 5);
    if (use == ADDRESS_IN_URL) {
        size_t colon = slice_find_byte(path, ':');
        parts->uri = slice_skip(path, colon + 1);
        path = slice_take(path, colon);
    }
    if (path.size == 0) {
        return "no path in the unix domain socket";
    }
    if (path.size >= sizeof((struct sockaddr_un *)0)->sun_path) {
        return "too long path in the unix domain socket";
    }
    parts->family = TABLE_FAMILY_UNIX;
    parts->host = path;
    parts->port = 0;
    parts->last_port = 0;
    return NULL;
}

/* Splits off what follows the host and port; it begins with '/' or '?'. */
static const char *split_uri(struct slice *text, enum address_use use,
                             struct address_parts *parts) {
    size_t slash = slice_find_byte(*text, '/');
    size_t question = slice_find_byte(*text, '?');
    size_t end = slash < question ? slash : question;
    if (end < text->size && use != ADDRESS_IN_URL) {
        return "invalid host";
    }
    parts->uri = slice_skip(*text, end);
    *text = slice_take(*text, end);
    return NULL;
}

static const char *parse_ipv6(struct slice text, enum address_use use,
                              struct address_parts *parts) {
    size_t end = slice_find_byte(text, ']');
    if (end == text.size) {
        return "the closing ']' of the IPv6 address is missing";
    }
    struct slice rest = slice_skip(text, end + 1);
    const char *problem = split_uri(&rest, use, parts);
    if (problem != NULL) {
        return problem;
    }
    if (rest.size > 0 && rest.data[0] != ':') {
        return "invalid host";
    }
    if (rest.size > 0 && !parse_ports(slice_skip(rest, 1), use, parts)) {
        return "invalid port";
    }
    if (!parse_literal(AF_INET6, slice_take(slice_skip(text, 1), end - 1), parts->bytes)) {
        return "invalid IPv6 address";
    }
    parts->host = slice_take(text, end + 1);
    parts->family = TABLE_FAMILY_IPV6;
    parts->is_wildcard = is_unspecified(parts->bytes, 16);
    return NULL;
}

static bool is_number_or_range(struct slice text) {
    for (size_t i = 0; i < text.size; i++) {
        if ((text.data[i] < '0' || text.data[i] > '9') && text.data[i] != '-') {
            return false;
        }
    }
    return text.size > 0;
}

static const char *parse_host(struct slice host, enum address_use use,
                              struct address_parts *parts) {
    if (host.size == 0) {
        return "no host";
    }
    parts->host = host;
    bool is_star = host.size == 1 && host.data[0] == '*' && use == ADDRESS_TO_LISTEN;
    if (is_star || parse_literal(AF_INET, host, parts->bytes)) {
        parts->family = TABLE_FAMILY_IPV4;
        parts->is_wildcard = is_unspecified(parts->bytes, 4);
        return NULL;
    }
    parts->family = TABLE_FAMILY_NAME;
    if (slice_equals_nocase(host, SLICE("localhost")) && use == ADDRESS_TO_LISTEN) {
        const uint8_t loopback[4] = {127, 0, 0, 1};
        memcpy(parts->bytes, loopback, sizeof loopback);
        parts->family = TABLE_FAMILY_IPV4;
    }
    return NULL;
}

static const char *parse_inet(struct slice text, enum address_use use,
                              struct address_parts *parts) {
    const char *problem = split_uri(&text, use, parts);
    if (problem != NULL) {
        return problem;
    }
    if (use == ADDRESS_TO_LISTEN && is_number_or_range(text)) {
        parts->family = TABLE_FAMILY_IPV4;
        parts->is_wildcard = true;
        return parse_ports(text, use, parts) ? NULL : "invalid port";
    }
    size_t colon = slice_find_byte(text, ':');
    if (colon < text.size && !parse_ports(slice_skip(text, colon + 1), use, parts)) {
        return "invalid port";
    }
    return parse_host(slice_take(text, colon), use, parts);
}

const char *address_parse(struct slice text, enum address_use use, uint32_t default_port,
                          struct address_parts *parts) {
    *parts = (struct address_parts){.port = default_port, .last_port = default_port};
    if (slice_starts_with_nocase(text, SLICE("unix:"))) {
        return parse_unix(text, use, parts);
    }
    if (text.size > 0 && text.data[0] == '[') {
        return parse_ipv6(text, use, parts);
    }
    return parse_inet(text, use, parts);
}
