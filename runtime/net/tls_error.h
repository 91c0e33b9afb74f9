/* What OpenSSL has to say about a failure, as one line. */
#ifndef NET_TLS_ERROR_H
#define NET_TLS_ERROR_H

#include <stddef.h>

enum { TLS_ERROR_SIZE = 256 };

/* Empties this thread's queue of errors into `text`, as nginx prints it: "SSL: error:0A000086:SSL
 * routines::certificate verify failed". Returns `text`. */
const char *tls_error_take(char text[TLS_ERROR_SIZE]);

#endif
