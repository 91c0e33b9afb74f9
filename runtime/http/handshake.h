/* A client's connection to an address with `listen ... ssl`, until its handshake is over: then the
 * front of the protocol that was agreed on takes it. A client that speaks HTTP without TLS is left
 * to the HTTP/1 front, which answers 400 (nginx's 497). */
#ifndef HTTP_HANDSHAKE_H
#define HTTP_HANDSHAKE_H

#include "http/connection.h"

/* False without memory; the descriptor is then the caller's. */
__attribute__((warn_unused_result)) bool
http_handshake_create(const struct http_accepted *accepted);

/* Goes on where the owner of `connection` was, with what has arrived. False without memory; the
 * connection is then its owner's as before. */
__attribute__((warn_unused_result)) bool http_handshake_take(struct http_connection *connection);

#endif
