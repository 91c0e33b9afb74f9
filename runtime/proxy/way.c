/* How the connections of a request are made: where they come from, and what the PROXY protocol says
 * of the client before anything else. */
#include "proxy/internal.h"

#include "base/ip.h"
#include "engine/upstream.h"

#include <arpa/inet.h>
#include <stdio.h>
#include <string.h>

enum { PROXY_OFF, PROXY_TEXT, PROXY_BINARY }; /* the words of proxy_protocol */

/* --- the PROXY protocol (https://www.haproxy.org/download/3.0/doc/proxy-protocol.txt) --- */

/* Both ends of the client's connection. */
struct ends {
    size_t address_size; /* 0: a unix socket, of which nothing is told */
    uint8_t remote[IP_V6_SIZE];
    uint8_t local[IP_V6_SIZE];
};

static void find_ends(const struct engine_request *request, struct ends *ends) {
    struct slice remote = request->binary_remote_addr;
    *ends = (struct ends){.address_size = 0};
    bool is_known = remote.size == IP_V4_SIZE ? ip_parse_v4(request->server_addr, ends->local)
                                              : remote.size == IP_V6_SIZE &&
                                                    ip_parse_v6(request->server_addr, ends->local);
    if (is_known) {
        memcpy(ends->remote, remote.data, remote.size);
        ends->address_size = remote.size;
    }
}

/* 2.1: a line. */
static size_t write_text(const struct engine_request *request, const struct ends *ends, char *text,
                         size_t room) {
    if (ends->address_size == 0) {
        return (size_t)snprintf(text, room, "PROXY UNKNOWN\r\n");
    }
    return (size_t)snprintf(text, room, "PROXY TCP%c %.*s %.*s %u %u\r\n",
                            ends->address_size == IP_V4_SIZE ? '4' : '6',
                            SLICE_ARGS(request->remote_addr), SLICE_ARGS(request->server_addr),
                            request->remote_port, request->server_port);
}

/* 2.2: twelve bytes that no other protocol begins with, version and command, family, the length of
 * what follows: addresses and ports. */
static size_t write_binary(const struct engine_request *request, const struct ends *ends,
                           char *bytes) {
    enum { VERSION_2_PROXY = 0x21, UNSPECIFIED = 0x00, TCP_IPV4 = 0x11, TCP_IPV6 = 0x21 };
    static const char signature[] = {'\r', '\n', '\r', '\n', '\0', '\r',
                                     '\n', 'Q',  'U',  'I',  'T',  '\n'};
    size_t size = ends->address_size;
    uint16_t length = htons((uint16_t)(size == 0 ? 0 : 2 * size + 2 * sizeof(uint16_t)));
    uint16_t ports[] = {htons((uint16_t)request->remote_port),
                        htons((uint16_t)request->server_port)};
    char *end = mempcpy(bytes, signature, sizeof signature);
    *end++ = VERSION_2_PROXY;
    *end++ = size == 0 ? UNSPECIFIED : size == IP_V4_SIZE ? TCP_IPV4 : TCP_IPV6;
    end = mempcpy(end, &length, sizeof length);
    if (size > 0) {
        end = mempcpy(end, ends->remote, size);
        end = mempcpy(end, ends->local, size);
        end = mempcpy(end, ports, sizeof ports);
    }
    return (size_t)(end - bytes);
}

static bool make_greeting(const struct engine_request *request, struct slice *greeting) {
    enum { GREETING_SIZE = 128 }; /* a line has 107 bytes at most */
    uint32_t version = request->settings->proxy_protocol;
    struct ends ends;
    *greeting = (struct slice){NULL, 0};
    if (version == PROXY_OFF) {
        return true;
    }
    char *bytes = arena_allocate_bytes(request->arena, GREETING_SIZE);
    if (bytes == NULL) {
        return false;
    }
    find_ends(request, &ends);
    greeting->data = bytes;
    greeting->size = version == PROXY_TEXT ? write_text(request, &ends, bytes, GREETING_SIZE)
                                           : write_binary(request, &ends, bytes);
    return true;
}

/* --- where from --- */

static bool find_origin(struct engine_request *request, struct socket_origin *origin) {
    struct engine_source source;
    struct sockaddr_storage address;
    *origin = (struct socket_origin){.keeps_alive = request->settings->proxy_socket_keepalive != 0};
    if (!engine_find_source(request, &source)) {
        return false;
    }
    if (source.is_bound) {
        origin->local_size = socket_address_from_table(&address, source.family, source.bytes,
                                                       source.port, (struct slice){NULL, 0});
        memcpy(&origin->local, &address, origin->local_size);
        origin->is_transparent = source.is_transparent;
    }
    return true;
}

bool proxy_choose_way(struct engine_request *request, struct back_way *way) {
    return find_origin(request, &way->origin) && make_greeting(request, &way->greeting);
}
