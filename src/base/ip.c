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
