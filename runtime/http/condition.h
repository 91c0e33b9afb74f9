/* Conditional requests (RFC 9110 13), as nginx's not_modified filter answers them. */
#ifndef HTTP_CONDITION_H
#define HTTP_CONDITION_H

#include "http/exchange.h"

/* What a client may compare its copy with. */
struct http_validators {
    struct slice etag; /* no data: none */
    int64_t modified;  /* seconds since 1970; HTTP_NOT_MODIFIED: not known */
};

enum { HTTP_NOT_MODIFIED = -1 };

/* For an answer with status 200: 0 when it is to be sent, else 304 or 412. */
uint32_t http_condition_test(const struct exchange *exchange,
                             const struct http_validators *validators);

/* Whether If-Range, if there is one, leaves the Range in force. */
bool http_condition_keeps_range(const struct exchange *exchange,
                                const struct http_validators *validators);

/* The first field of that kind; false when there is none. */
bool http_condition_find(const struct exchange *exchange, enum http_field id, struct slice *value);

#endif
