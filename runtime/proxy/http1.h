/* What the files of HTTP/1 to backends share: the functions of proxy_http1, see proxy/protocol.h.
 */
#ifndef PROXY_HTTP1_H
#define PROXY_HTTP1_H

#include "proxy/internal.h"

/* --- http1_request.c --- */
bool proxy_http1_prepare(struct proxy *proxy);

/* --- http1_write.c --- */
bool proxy_http1_can_write(const struct proxy *proxy);
bool proxy_http1_has_unsent(const struct proxy *proxy);
bool proxy_http1_owes_end(const struct proxy *proxy);
ssize_t proxy_http1_write(struct proxy *proxy, struct slice body, bool last);

#endif
