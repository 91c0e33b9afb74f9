/* What goes to a backend: which group or address, the URI, the header fields. Pure functions of the
 * request and the decision, so that rpcd sends what rpc says it will. */
#ifndef ENGINE_UPSTREAM_H
#define ENGINE_UPSTREAM_H

#include "engine/engine.h"

/* An address that variables of proxy_pass gave and no group has. */
struct engine_upstream_address {
    enum table_family family;
    uint8_t bytes[16]; /* IPV4: the first four */
    uint32_t port;
    struct slice host; /* NAME: what the resolver of the settings is to be asked for */
    struct slice path; /* of a unix socket */
    struct slice name; /* for logs */
};

struct engine_upstream {
    uint32_t group;    /* record of section upstream; TABLE_NONE: `address` alone */
    bool is_tls;       /* https:// */
    struct slice host; /* $proxy_host */
    struct slice port; /* $proxy_port */
    struct slice uri;  /* of the request line */
    struct engine_upstream_address address;
};

/* --- upstream_target.c --- */

/* Where a request goes whose outcome is ENGINE_PROXY. Returns 0, or the status to fail with: the
 * URL makes no sense (500), there is no resolver for its name (502), no memory (500). Once host
 * and port are known the request has them, too. */
__attribute__((warn_unused_result)) uint32_t engine_find_upstream(struct engine_request *request,
                                                                  struct engine_upstream *upstream);

/* "http://", "grpcs://" and so on. */
struct slice engine_upstream_scheme(const struct table_proxy *proxy, bool is_tls);

/* The record of the group of that name and port (0: none was written), ignoring case; TABLE_NONE
 * when there is none. */
uint32_t engine_find_group(const struct table *table, struct slice name, uint32_t port);

/* --- upstream_source.c --- */

/* Where the connection to the backend comes from: proxy_bind. */
struct engine_source {
    bool is_bound;
    bool is_transparent;      /* the address need not be this machine's */
    enum table_family family; /* IPV4 or IPV6 */
    uint8_t bytes[16];        /* IPV4: the first four */
    uint32_t port;            /* 0: any */
    struct slice text;
};

/* What variables make of proxy_bind may be no address: that is noted, and nothing is bound, as in
 * nginx. False without memory. */
__attribute__((warn_unused_result)) bool engine_find_source(struct engine_request *request,
                                                            struct engine_source *source);

/* --- upstream_tls.c --- */

/* The name that a backend behind https:// is told, and that it is verified by: proxy_ssl_name, or
 * that of proxy_pass (`host`), without a port; empty when nobody asks for it. False without memory.
 */
__attribute__((warn_unused_result)) bool
engine_make_tls_name(struct engine_request *request, struct slice host, struct slice *name);

/* --- upstream_head.c --- */

/* The head of a request to a backend, built anew from parsed parts: nothing is copied through
 * unparsed, no field can end another (RFC 9110 5.5). */
struct engine_upstream_head {
    struct slice method;          /* GET for a request that was not understood */
    struct slice body;            /* of proxy_set_body; without data: not the configuration's */
    struct slice protocol;        /* HTTP/1.1 */
    struct engine_header *fields; /* in the order to send; the caller's array */
    uint32_t count;
    bool asks_upgrade; /* there is an Upgrade field */
    bool asks_close;   /* Connection says close */
    bool is_chunked;   /* set by the caller: the client's body is sent in chunks, without a size */
};

/* How many fields there may be. */
uint32_t engine_upstream_field_limit(const struct engine_request *request);

/* Whether the backend gets the client's body: neither another instead, nor none. */
bool engine_passes_body(const struct table_settings *settings);

/* Fills in the head; `fields` must have room for as many as there may be, and `is_chunked` is the
 * caller's to set. `host` is $proxy_host,
 * `body_size` the Content-Length of the client's body, without data when the request has none.
 * False without memory, and for a proxy_method that is none (500). */
__attribute__((warn_unused_result)) bool
engine_make_upstream_head(struct engine_request *request, struct slice host, struct slice body_size,
                          struct engine_upstream_head *head);

/* --- upstream_redirect.c, upstream_cookie.c: fields of the answer, as the client gets them --- */

/* What proxy_redirect makes of a Location or Refresh, and the directives for cookies of a
 * Set-Cookie. Borrowed when nothing changes. False without memory, or when a regex failed (500). */
__attribute__((warn_unused_result)) bool engine_rewrite_location(struct engine_request *request,
                                                                 struct slice *value);
__attribute__((warn_unused_result)) bool engine_rewrite_refresh(struct engine_request *request,
                                                                struct slice *value);
__attribute__((warn_unused_result)) bool engine_rewrite_cookie(struct engine_request *request,
                                                               struct slice *value);

#endif
