/* What map, geo and split_clients make of a request: the blocks as they were understood, for
 * emission. What their results may be is in struct variable_definition, for data flow. */
#ifndef MODEL_MAPPING_H
#define MODEL_MAPPING_H

#include "model/model.h"

/* A key of a map, in lower case. */
struct map_key {
    const struct statement *statement;
    enum table_name_kind kind; /* others than EXACT only below `hostnames` */
    struct slice text;         /* as in a table: ".example.com" of LEADING, "www." of TRAILING */
    struct template value;
};

struct map_expression {
    struct regex *regex;
    struct template value;
};

struct map_definition {
    const struct statement *statement;
    struct template subject;
    bool hostnames;
    bool is_volatile;
    VECTOR_OF(struct map_key) keys; /* none twice */
    VECTOR_OF(struct map_expression) expressions;
    struct template otherwise;
};

struct geo_network {
    struct client_network network;
    struct slice value;
};

/* IPv4 addresses as numbers, both included. */
struct geo_range {
    uint32_t first;
    uint32_t last;
    struct slice value;
};

struct geo_definition {
    const struct statement *statement;
    bool has_subject; /* else it is the client's address */
    struct template subject;
    bool is_volatile;
    VECTOR_OF(struct client_network) proxies;
    bool proxy_recursive;
    bool has_ranges;        /* `ranges` instead of `networks` */
    struct slice otherwise; /* beside ranges; among networks the default is that of prefix 0 */
    /* Ordered by family, address and prefix; none twice. */
    VECTOR_OF(struct geo_network) networks;
    /* In ascending order; none overlaps another. */
    VECTOR_OF(struct geo_range) ranges;
};

struct split_share {
    uint32_t hundredths; /* of a percent; 0: all that is left */
    struct slice value;
};

struct split_definition {
    const struct statement *statement;
    struct template subject;
    VECTOR_OF(struct split_share) shares; /* nothing behind one that takes all that is left */
};

#endif
