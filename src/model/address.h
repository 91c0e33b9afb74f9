/* Addresses as nginx writes them in listen, in upstream servers and in URLs: pure parsing from text
 * to parts. Nothing is resolved; a host name stays a name. */
#ifndef MODEL_ADDRESS_H
#define MODEL_ADDRESS_H

#include "base/slice.h"
#include "table/layout.h"

enum address_use {
    ADDRESS_TO_CONNECT, /* a server of an upstream: no path behind it */
    ADDRESS_IN_URL,     /* a path may follow */
    ADDRESS_TO_LISTEN,  /* a port alone, '*' and a range of ports are allowed */
};

struct address_parts {
    enum table_family family; /* NAME for a host name */
    uint8_t bytes[16];
    bool is_wildcard;
    struct slice host; /* as written, IPv6 in its brackets; unix: the path */
    bool has_port;
    uint32_t port;      /* the default one when there is none; 0 for unix: */
    uint32_t last_port; /* of a range */
    struct slice uri;   /* from the '/' or '?' on */
};

/* Returns NULL, or what is wrong with the text. */
const char *address_parse(struct slice text, enum address_use use, uint32_t default_port,
                          struct address_parts *parts);

#endif
