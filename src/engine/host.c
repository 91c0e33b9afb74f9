/* Host values: the Host field, :authority, the authority of an absolute-form target. The results
 * are those of nginx's ngx_http_validate_host where both accept. What is accepted is stricter than
 * in nginx 1.22, which lets '"', '<' or '@' through and anything as a port: a host is an RFC 3986
 * reg-name or IP-literal, a port is digits. */
#include "engine/engine.h"

#include <arpa/inet.h>
#include <string.h>

/* RFC 3986 3.2.2 and RFC 1123 2.1: no name that DNS can hold is longer. The bound also keeps the
 * search for wildcard names cheap. */
enum { HOST_LIMIT = 255 };

/* unreserved and sub-delims of RFC 3986; letters and digits are asked for apart. */
static const bool name_marks[128] = {
    ['-'] = true, ['.'] = true, ['_'] = true,  ['~'] = true, ['!'] = true,
    ['$'] = true, ['&'] = true, ['\''] = true, ['('] = true, [')'] = true,
    ['*'] = true, ['+'] = true, [','] = true,  [';'] = true, ['='] = true};

static bool is_digit(char c) {
    return c >= '0' && c <= '9';
}

static bool is_hex(char c) {
    return is_digit(c) || (byte_lower(c) >= 'a' && byte_lower(c) <= 'f');
}

static bool is_name_byte(char c) {
    unsigned char byte = (unsigned char)c;
    return byte < 128 &&
           (is_digit(c) || (byte_lower(c) >= 'a' && byte_lower(c) <= 'z') || name_marks[byte]);
}

/* Empty, or digits: RFC 3986 3.2.3. */
static bool is_port(struct slice port) {
    uint64_t number;
    return port.size == 0 || slice_parse_u64(port, UINT16_MAX, &number);
}

/* "[" IPv6address "]". Zones are no part of a URI, and no IPvFuture has been defined. */
static bool is_literal(struct slice literal) {
    char text[INET6_ADDRSTRLEN];
    struct in6_addr address;
    size_t size = literal.size - 2;
    if (size >= sizeof text || memchr(literal.data, '\0', literal.size) != NULL) {
        return false;
    }
    memcpy(text, literal.data + 1, size);
    text[size] = '\0';
    return inet_pton(AF_INET6, text, &address) == 1;
}

/* A reg-name without empty labels, which nginx refuses, but for the first one. */
static bool is_name(struct slice name) {
    for (size_t i = 0; i < name.size; i++) {
        char c = name.data[i];
        if (c == '%') {
            if (name.size - i < 3 || !is_hex(name.data[i + 1]) || !is_hex(name.data[i + 2])) {
                return false;
            }
            i += 2;
        } else if (!is_name_byte(c) || (c == '.' && i > 0 && name.data[i - 1] == '.')) {
            return false;
        }
    }
    return true;
}

/* Separates host and port; false when either is not what it must be. */
static bool split(struct slice value, struct slice *host) {
    bool is_bracketed = value.size > 0 && value.data[0] == '[';
    size_t end = slice_find_byte(value, is_bracketed ? ']' : ':');
    if (is_bracketed) {
        if (end == value.size) {
            return false;
        }
        end++;
    }
    *host = slice_take(value, end);
    struct slice rest = slice_skip(value, end);
    if (rest.size > 0 && (rest.data[0] != ':' || !is_port(slice_skip(rest, 1)))) {
        return false;
    }
    return is_bracketed ? is_literal(*host) : is_name(*host);
}

static bool has_upper(struct slice s) {
    for (size_t i = 0; i < s.size; i++) {
        if (s.data[i] >= 'A' && s.data[i] <= 'Z') {
            return true;
        }
    }
    return false;
}

bool engine_parse_host(struct arena *arena, struct slice value, struct slice *host) {
    if (!split(value, host)) {
        return false;
    }
    if (host->size > 0 && host->data[host->size - 1] == '.') {
        host->size--;
    }
    if (host->size == 0 || host->size > HOST_LIMIT) {
        return false;
    }
    if (!has_upper(*host)) {
        return true;
    }
    char *lower = arena_allocate_bytes(arena, host->size);
    if (lower == NULL) {
        return false;
    }
    for (size_t i = 0; i < host->size; i++) {
        lower[i] = byte_lower(host->data[i]);
    }
    host->data = lower;
    return true;
}
