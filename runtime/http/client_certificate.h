/* Certificates of clients, as requests see them: whether one may go on with the certificate that
 * its connection has, or has not, and what that says. */
#ifndef HTTP_CLIENT_CERTIFICATE_H
#define HTTP_CLIENT_CERTIFICATE_H

#include "http/exchange.h"

/* 0, or the status to fail with, which was logged: 495 the certificate is not good, 496 there is
 * none, 421 another server was named in the handshake. The server is known. */
uint32_t http_client_certificate_refuse(struct exchange *exchange);

/* $ssl_client_...; false when it has no value, or is another variable. */
bool http_client_certificate_variable(struct exchange *exchange, enum variable_id id,
                                      struct slice *value);

#endif
