/* Parsing of IP addresses. */
#include "base/ip.h"

#include <arpa/inet.h>
#include <string.h>

bool ip_parse_v4(struct slice text, uint8_t bytes[IP_V4_SIZE]) {
    size_t part = 0;
    size_t digits = 0;
    unsigned number = 0;
    for (size_t i = 0; i < text.size; i++) {
        char c = text.data[i];
        if (c >= '0' && c <= '9') {
            number = number * 10 + (unsigned)(c - '0');
            digits++;
        } else if (c == '.' && digits > 0 && part + 1 < IP_V4_SIZE) {
            bytes[part++] = (uint8_t)number;
            number = 0;
            digits = 0;
        } else {
            return false;
        }
        if (number > UINT8_MAX) {
            return false;
        }
    }
    if (digits == 0 || part + 1 != IP_V4_SIZE) {
        return false;
    }
    bytes[part] = (uint8_t)number;
    return true;
}

bool ip_parse_v6(struct slice text, uint8_t bytes[IP_V6_SIZE]) {
    char address[INET6_ADDRSTRLEN];
    if (text.size == 0 || text.size >= sizeof address || memchr(text.data, '\0', text.size)) {
        return false;
    }
    memcpy(address, text.data, text.size);
    address[text.size] = '\0';
    return inet_pton(AF_INET6, address, bytes) == 1;
}

size_t ip_format(struct slice bytes, char text[IP_TEXT_SIZE]) {
    int family = bytes.size == IP_V4_SIZE ? AF_INET : AF_INET6;
    return inet_ntop(family, bytes.data, text, IP_TEXT_SIZE) != NULL ? strlen(text) : 0;
}

/* Either kind, without a port. */
static size_t parse_any(struct slice text, uint8_t bytes[IP_V6_SIZE]) {
    if (ip_parse_v4(text, bytes)) {
        return IP_V4_SIZE;
    }
    return ip_parse_v6(text, bytes) ? IP_V6_SIZE : 0;
}

size_t ip_parse_endpoint(struct slice text, uint8_t bytes[IP_V6_SIZE], uint32_t *port) {
    uint64_t number;
    size_t size = parse_any(text, bytes);
    *port = 0;
    if (size > 0) {
        return size;
    }
    bool is_bracketed = slice_starts_with(text, SLICE("["));
    size_t end = slice_find_byte(text, is_bracketed ? ']' : ':');
    struct slice address = slice_take(text, end);
    struct slice rest = slice_skip(text, is_bracketed ? end + 1 : end);
    if (!slice_starts_with(rest, SLICE(":")) ||
        !slice_parse_u64(slice_skip(rest, 1), UINT16_MAX, &number) || number == 0) {
        return 0;
    }
    *port = (uint32_t)number;
    return parse_any(is_bracketed ? slice_skip(address, 1) : address, bytes);
}
