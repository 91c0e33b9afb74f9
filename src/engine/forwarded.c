/* Addresses of clients in fields of proxies, see forwarded.h. */
#include "engine/forwarded.h"

#include "engine/program.h"

#include <string.h>

/* --- texts --- */

/* nginx takes 255.255.255.255 for no address (ngx_inet_addr). */
static bool parse_ipv4(struct slice text, uint8_t bytes[IP_V4_SIZE]) {
    return ip_parse_v4(text, bytes) && memcmp(bytes, "\xff\xff\xff\xff", IP_V4_SIZE) != 0;
}

bool engine_walk_parse(struct engine_walk *walk, struct slice text) {
    uint8_t bytes[IP_V6_SIZE];
    size_t size = IP_V4_SIZE;
    if (!parse_ipv4(text, bytes)) {
        size = IP_V6_SIZE;
        if (!ip_parse_v6(text, bytes)) {
            return false;
        }
    }
    memcpy(walk->bytes, bytes, size);
    walk->address = (struct slice){(const char *)walk->bytes, size};
    walk->text = text;
    walk->port = 0;
    return true;
}

/* Cuts off a port; an IPv6 address is in brackets then. */
static bool cut_port(struct slice *text, uint32_t *port) {
    bool has_bracket = slice_starts_with(*text, SLICE("["));
    size_t colon = slice_find_byte(*text, has_bracket ? ']' : ':');
    struct slice behind = slice_skip(*text, has_bracket ? colon + 1 : colon);
    uint64_t number;
    if (!slice_starts_with(behind, SLICE(":")) ||
        !slice_parse_u64(slice_skip(behind, 1), UINT16_MAX, &number) || number == 0) {
        return false;
    }
    *port = (uint32_t)number;
    *text = slice_take(*text, colon);
    *text = slice_skip(*text, has_bracket ? 1 : 0);
    return true;
}

static bool parse_with_port(struct engine_walk *walk, struct slice text) {
    uint32_t port;
    if (engine_walk_parse(walk, text)) {
        return true;
    }
    if (!cut_port(&text, &port) || !engine_walk_parse(walk, text)) {
        return false;
    }
    walk->port = port;
    return true;
}

/* --- lists --- */

static bool is_separator(char c) {
    return c == ' ' || c == ',';
}

/* The last address of the list, and what is before its separator. As in nginx a separator at the
 * very beginning belongs to the address behind it. */
static struct slice take_last(struct slice *list) {
    size_t end = list->size;
    while (end > 1 && is_separator(list->data[end - 1])) {
        end--;
    }
    size_t begin = end;
    while (begin > 1 && !is_separator(list->data[begin - 1])) {
        begin--;
    }
    begin = begin > 1 ? begin : 0;
    struct slice last = slice_skip(slice_take(*list, end), begin);
    *list = slice_take(*list, begin > 0 ? begin - 1 : 0);
    return last;
}

enum way { WAY_ON, WAY_OVER, WAY_FAILED };

/* Steps back through one field while what it came to is a proxy's. */
static enum way walk_list(struct engine_walk *walk, struct slice list) {
    do {
        if (!engine_spend(walk->request, walk->trust_count)) {
            return WAY_FAILED;
        }
        if (!walk->is_trusted(walk) || !parse_with_port(walk, take_last(&list))) {
            return WAY_OVER;
        }
        walk->has_moved = true;
    } while (walk->is_recursive && list.size > 0);
    return walk->is_recursive ? WAY_ON : WAY_OVER;
}

bool engine_walk_list(struct engine_walk *walk, struct slice list) {
    return walk_list(walk, list) != WAY_FAILED;
}

bool engine_walk_forwarded(struct engine_walk *walk) {
    const struct engine_request *request = walk->request;
    enum way way = WAY_ON;
    for (uint32_t i = request->header_count; i-- > 0 && way == WAY_ON;) {
        if (slice_equals_nocase(request->headers[i].name, SLICE("x-forwarded-for"))) {
            way = walk_list(walk, request->headers[i].value);
        }
    }
    return way != WAY_FAILED;
}
