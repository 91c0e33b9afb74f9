/* fuzz: runtime -max_len=5000 */
/* Headers of the PROXY protocol: what a whole one says, each of its beginnings leaves open, and
 * nothing that follows changes; what is broken stays so. Values are parts of the header. */
#include "fuzz.h"

#include "net/proxy_header.h"

#include <string.h>

static const char *const names[] = {"alpn",       "authority", "0xea", "ssl_version",
                                    "ssl_verify", "ssl_0x22",  "",     "0x"};

static void check_end(const struct proxy_header_end *end) {
    uint8_t bytes[IP_V6_SIZE];
    struct slice text = slice_from_string(end->text);
    require(ip_parse_v4(text, bytes) || ip_parse_v6(text, bytes));
    require(end->port <= UINT16_MAX);
}

static void check_values(struct slice tlvs) {
    for (size_t i = 0; i < sizeof names / sizeof names[0]; i++) {
        char text[PROXY_TLV_TEXT_SIZE];
        struct slice value;
        enum proxy_tlv_result result =
            proxy_header_find_tlv(tlvs, slice_from_string(names[i]), text, &value);
        require(result != PROXY_TLV_FOUND || value.data == text || lies_inside(value, tlvs));
    }
}

/* A copy of its own, so that reading behind its end is found out. */
static enum proxy_header_result read_copy(struct slice bytes, size_t *size) {
    struct proxy_header header;
    char *copy = malloc(bytes.size + 1);
    require(copy != NULL);
    memcpy(copy, bytes.size > 0 ? bytes.data : "", bytes.size);
    copy = realloc(copy, bytes.size > 0 ? bytes.size : 1);
    require(copy != NULL);
    struct slice input = {copy, bytes.size};
    enum proxy_header_result result = proxy_header_read(input, &header, size);
    if (result == PROXY_HEADER_DONE) {
        require(*size > 0 && *size <= bytes.size && *size <= PROXY_HEADER_LIMIT);
        require(header.has_ends || header.tlvs.size == 0);
        require(header.tlvs.size == 0 || lies_inside(header.tlvs, slice_take(input, *size)));
        if (header.has_ends) {
            check_end(&header.source);
            check_end(&header.destination);
        }
        check_values(header.tlvs);
    }
    free(copy);
    return result;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
    struct slice input = {(const char *)data, size};
    size_t used = 0;
    size_t part_used = 0;
    uint8_t step = take_last(&input);
    check_values(input);
    enum proxy_header_result result = read_copy(input, &used);
    require(result != PROXY_HEADER_MORE || input.size < PROXY_HEADER_LIMIT);
    size_t end = result == PROXY_HEADER_DONE ? used : input.size;
    for (size_t part = 0; part < end; part += 1 + step % 7U) {
        enum proxy_header_result before = read_copy(slice_take(input, part), &part_used);
        require(before != PROXY_HEADER_DONE);
        require(before == PROXY_HEADER_MORE || before == result);
    }
    require(result != PROXY_HEADER_DONE ||
            (read_copy(slice_take(input, used), &part_used) == result && part_used == used));
    return 0;
}
