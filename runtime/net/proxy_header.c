/* Headers of the PROXY protocol, see proxy_header.h. */
#include "net/proxy_header.h"

#include <stdio.h>
#include <string.h>

static uint32_t read_u16(const char *bytes) {
    return (uint32_t)(uint8_t)bytes[0] << 8 | (uint8_t)bytes[1];
}

static uint32_t read_u32(const char *bytes) {
    return read_u16(bytes) << 16 | read_u16(bytes + 2);
}

/* Whether the bytes are, or may become, what begins like this. */
static bool may_begin(struct slice bytes, struct slice beginning) {
    return bytes.size < beginning.size ? slice_starts_with(beginning, bytes)
                                       : slice_starts_with(bytes, beginning);
}

/* --- version 1: a line --- */

/* Cuts off what is before the separator. False when there is no separator. */
static bool take_word(struct slice *line, struct slice *word) {
    size_t end = slice_find_byte(*line, ' ');
    if (end == line->size) {
        return false;
    }
    *word = slice_take(*line, end);
    *line = slice_skip(*line, end + 1);
    return true;
}

/* nginx keeps what looks like an address; here it must be one, of the family that was named. */
static bool use_address(struct slice word, bool is_ipv6, struct proxy_header_end *end) {
    uint8_t bytes[IP_V6_SIZE];
    if (word.size >= sizeof end->text ||
        !(is_ipv6 ? ip_parse_v6(word, bytes) : ip_parse_v4(word, bytes))) {
        return false;
    }
    memcpy(end->text, word.data, word.size);
    end->text[word.size] = '\0';
    return true;
}

static bool use_port(struct slice word, struct proxy_header_end *end) {
    uint64_t port;
    if (!slice_parse_u64(word, UINT16_MAX, &port)) {
        return false;
    }
    end->port = (uint32_t)port;
    return true;
}

/* The line without what precedes the protocol, and without its end. */
static bool read_ends(struct slice line, struct proxy_header *header) {
    struct slice protocol;
    struct slice source;
    struct slice destination;
    struct slice port;
    if (!take_word(&line, &protocol) || !take_word(&line, &source) ||
        !take_word(&line, &destination) || !take_word(&line, &port)) {
        return false;
    }
    bool is_ipv6 = slice_equals(protocol, SLICE("TCP6"));
    header->has_ends = (is_ipv6 || slice_equals(protocol, SLICE("TCP4"))) &&
                       use_address(source, is_ipv6, &header->source) &&
                       use_address(destination, is_ipv6, &header->destination) &&
                       use_port(port, &header->source) && use_port(line, &header->destination);
    return header->has_ends;
}

static enum proxy_header_result read_line(struct slice bytes, struct proxy_header *header,
                                          size_t *size) {
    struct slice line = slice_take(bytes, PROXY_HEADER_LINE_LIMIT);
    size_t end = slice_find_byte(line, '\n');
    if (end == line.size) {
        return line.size < PROXY_HEADER_LINE_LIMIT ? PROXY_HEADER_MORE : PROXY_HEADER_BROKEN;
    }
    *size = end + 1;
    if (line.data[end - 1] != '\r') {
        return PROXY_HEADER_BROKEN;
    }
    line = slice_skip(slice_take(line, end - 1), sizeof "PROXY " - 1);
    if (slice_starts_with(line, SLICE("UNKNOWN"))) {
        return PROXY_HEADER_DONE; /* whatever follows, says 2.1 */
    }
    return read_ends(line, header) ? PROXY_HEADER_DONE : PROXY_HEADER_BROKEN;
}

/* --- version 2 --- */

enum {
    FIXED_SIZE = 16, /* signature, version and command, family, length */
    COMMAND_AT = 12,
    FAMILY_AT = 13,
    LENGTH_AT = 14,
    VERSION_2 = 2,
    COMMAND_PROXY = 1,
    TCP_IPV4 = 0x11, /* both halves of the byte: the family and the transport */
    TCP_IPV6 = 0x21,
};

static const char signature_bytes[] = {'\r', '\n', '\r', '\n', '\0', '\r',
                                       '\n', 'Q',  'U',  'I',  'T',  '\n'};
static const struct slice signature = {signature_bytes, sizeof signature_bytes};

static void format_end(const char *address, size_t size, const char *port,
                       struct proxy_header_end *end) {
    (void)ip_format((struct slice){address, size}, end->text);
    end->port = read_u16(port);
}

/* What nginx does not know, as the address of a unix socket, is passed over. */
static enum proxy_header_result read_addresses(uint8_t family, struct slice rest,
                                               struct proxy_header *header) {
    size_t size = family == TCP_IPV4 ? IP_V4_SIZE : family == TCP_IPV6 ? IP_V6_SIZE : 0;
    if (size == 0) {
        return PROXY_HEADER_DONE;
    }
    size_t total = 2 * size + 2 * sizeof(uint16_t);
    if (rest.size < total) {
        return PROXY_HEADER_BROKEN;
    }
    const char *ports = rest.data + 2 * size;
    format_end(rest.data, size, ports, &header->source);
    format_end(rest.data + size, size, ports + sizeof(uint16_t), &header->destination);
    header->has_ends = true;
    header->tlvs = slice_skip(rest, total);
    return PROXY_HEADER_DONE;
}

static enum proxy_header_result read_binary(struct slice bytes, struct proxy_header *header,
                                            size_t *size) {
    if (bytes.size < FIXED_SIZE) {
        return PROXY_HEADER_MORE;
    }
    uint8_t command = (uint8_t)bytes.data[COMMAND_AT];
    *size = FIXED_SIZE + read_u16(bytes.data + LENGTH_AT);
    if (command >> 4 != VERSION_2) {
        *size = command >> 4;
        return PROXY_HEADER_OTHER_VERSION;
    }
    if (*size > PROXY_HEADER_LIMIT) {
        return PROXY_HEADER_TOO_LARGE;
    }
    if (bytes.size < *size) {
        return PROXY_HEADER_MORE;
    }
    if ((command & 0x0f) != COMMAND_PROXY) {
        return PROXY_HEADER_DONE; /* the proxy speaks for itself */
    }
    return read_addresses((uint8_t)bytes.data[FAMILY_AT],
                          slice_skip(slice_take(bytes, *size), FIXED_SIZE), header);
}

enum proxy_header_result proxy_header_read(struct slice bytes, struct proxy_header *header,
                                           size_t *size) {
    *header = (struct proxy_header){.has_ends = false};
    if (may_begin(bytes, SLICE("PROXY "))) {
        return bytes.size < sizeof "PROXY " - 1 ? PROXY_HEADER_MORE
                                                : read_line(bytes, header, size);
    }
    return may_begin(bytes, signature) ? read_binary(bytes, header, size) : PROXY_HEADER_BROKEN;
}

/* --- values --- */

enum {
    TLV_SIZE = 3,     /* type and length of a value */
    SSL_SIZE = 5,     /* in front of what lies in the value `ssl`: a byte of flags, and: */
    SSL_VERIFY_AT = 1 /* what verifying the client's certificate came to */
};

struct tlv_name {
    struct slice name;
    uint32_t type;
};

static const struct tlv_name names[] = {
#define TLV(name, type) {SLICE_INIT(name), type},
#include "proxy-protocol-tlvs.def"
};
static const struct tlv_name ssl_names[] = {
#define SSL_TLV(name, type) {SLICE_INIT(name), type},
#include "proxy-protocol-tlvs.def"
};

#define NAME_COUNT (sizeof names / sizeof names[0])
#define SSL_NAME_COUNT (sizeof ssl_names / sizeof ssl_names[0])
#define SSL_TYPE 0x20u
#define NO_TYPE UINT32_MAX

static enum proxy_tlv_result find_type(struct slice tlvs, uint32_t type, struct slice *value) {
    while (tlvs.size > 0) {
        size_t length = tlvs.size < TLV_SIZE ? 0 : read_u16(tlvs.data + 1);
        if (tlvs.size < TLV_SIZE + length) {
            return PROXY_TLV_BROKEN;
        }
        if ((uint8_t)tlvs.data[0] == type) {
            *value = slice_take(slice_skip(tlvs, TLV_SIZE), length);
            return PROXY_TLV_FOUND;
        }
        tlvs = slice_skip(tlvs, TLV_SIZE + length);
    }
    return PROXY_TLV_NONE;
}

static uint32_t read_type(struct slice digits) {
    uint32_t type = 0;
    for (size_t i = 0; i < digits.size; i++) {
        size_t digit = slice_find_byte(SLICE("0123456789abcdef"), byte_lower(digits.data[i]));
        type = type * 16 + (uint32_t)digit;
        if (digit == 16 || type > UINT8_MAX) {
            return NO_TYPE;
        }
    }
    return digits.size > 0 ? type : NO_TYPE;
}

static uint32_t type_of(struct slice name, const struct tlv_name *rows, size_t count) {
    if (slice_starts_with_nocase(name, SLICE("0x"))) {
        return read_type(slice_skip(name, 2));
    }
    for (size_t i = 0; i < count; i++) {
        if (slice_equals_nocase(rows[i].name, name)) {
            return rows[i].type;
        }
    }
    return NO_TYPE;
}

static enum proxy_tlv_result find_in_ssl(struct slice tlvs, struct slice name,
                                         char text[PROXY_TLV_TEXT_SIZE], struct slice *value) {
    struct slice ssl;
    enum proxy_tlv_result result = find_type(tlvs, SSL_TYPE, &ssl);
    if (result != PROXY_TLV_FOUND) {
        return result;
    }
    if (ssl.size < SSL_SIZE) {
        return PROXY_TLV_BROKEN;
    }
    if (slice_equals_nocase(name, SLICE("verify"))) {
        int size = snprintf(text, PROXY_TLV_TEXT_SIZE, "%u", read_u32(ssl.data + SSL_VERIFY_AT));
        *value = (struct slice){text, (size_t)size};
        return PROXY_TLV_FOUND;
    }
    return find_type(slice_skip(ssl, SSL_SIZE), type_of(name, ssl_names, SSL_NAME_COUNT), value);
}

enum proxy_tlv_result proxy_header_find_tlv(struct slice tlvs, struct slice name,
                                            char text[PROXY_TLV_TEXT_SIZE], struct slice *value) {
    if (slice_starts_with_nocase(name, SLICE("ssl_"))) {
        return find_in_ssl(tlvs, slice_skip(name, 4), text, value);
    }
    return find_type(tlvs, type_of(name, names, NAME_COUNT), value);
}
