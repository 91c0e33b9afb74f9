/* The header of the PROXY protocol, in which a proxy tells who its client is before anything else
 * on a connection: https://www.haproxy.org/download/3.0/doc/proxy-protocol.txt, both versions. Pure
 * parsing, with nginx's results; what differs is said in docs/nginx.md. */
#ifndef NET_PROXY_HEADER_H
#define NET_PROXY_HEADER_H

#include "base/ip.h"
#include "base/slice.h"

#include <stdbool.h>

/* A line of version 1 (2.1), and all that nginx takes of version 2, 16 bytes of fixed part
 * included.
 */
enum { PROXY_HEADER_LINE_LIMIT = 107, PROXY_HEADER_LIMIT = 4096 };

/* One end of the connection that the proxy has accepted. */
struct proxy_header_end {
    char text[IP_TEXT_SIZE]; /* version 1: as it was written */
    uint32_t port;
};

struct proxy_header {
    bool has_ends; /* else the connection is the proxy's own, or of a kind that is not understood */
    struct proxy_header_end source;      /* the client */
    struct proxy_header_end destination; /* what it connected to */
    struct slice tlvs; /* what follows the addresses of version 2, among the bytes that were read */
};

enum proxy_header_result {
    PROXY_HEADER_DONE,
    PROXY_HEADER_MORE, /* it may become a header */
    PROXY_HEADER_BROKEN,
    PROXY_HEADER_OTHER_VERSION, /* signed as version 2, but of another, which is in `size` */
    PROXY_HEADER_TOO_LARGE,
};

/* What the bytes begin with. `size` is how many of them are the header's, when it is all there. */
enum proxy_header_result proxy_header_read(struct slice bytes, struct proxy_header *header,
                                           size_t *size);

enum proxy_tlv_result {
    PROXY_TLV_FOUND,
    PROXY_TLV_NONE,
    PROXY_TLV_BROKEN, /* before it was found there was one that is longer than what is there */
};

/* Room for the values that are made here. */
enum { PROXY_TLV_TEXT_SIZE = 11 };

/* The value that is called so behind $proxy_protocol_tlv_, in any case: by a name, or by its type
 * in hexadecimal digits behind "0x", either of them behind "ssl_" for what lies in the value `ssl`.
 * It is a part of `tlvs`, or in `text`. */
enum proxy_tlv_result proxy_header_find_tlv(struct slice tlvs, struct slice name,
                                            char text[PROXY_TLV_TEXT_SIZE], struct slice *value);

#endif
