/* A client's connection to an address with `listen ... proxy_protocol`, until the header that says
 * who the client is has arrived: then the TLS handshake or the HTTP/1 front takes it, and finds the
 * header in connection->announced. What is no header ends the connection: nothing of it is ever
 * taken for a request. */
#ifndef HTTP_ANNOUNCEMENT_H
#define HTTP_ANNOUNCEMENT_H

#include "http/connection.h"

/* False without memory; the descriptor is then the caller's. */
__attribute__((warn_unused_result)) bool
http_announcement_create(const struct http_accepted *accepted);

#endif
