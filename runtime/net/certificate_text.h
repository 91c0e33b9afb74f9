/* What a certificate says, as text for variables: of the client's, the values of $ssl_client_...
 * in nginx's forms. Pure functions; the text is made in the caller's arena. */
#ifndef NET_CERTIFICATE_TEXT_H
#define NET_CERTIFICATE_TEXT_H

#include "base/arena.h"

#include <openssl/x509.h>
#include <time.h>

/* False: the certificate says no such thing, or there is no memory. */
typedef bool certificate_text(X509 *certificate, struct arena *arena, struct slice *text);

certificate_text certificate_pem;         /* as in a file, the last line's end included */
certificate_text certificate_folded_pem;  /* further lines begin with a tab; no line's end */
certificate_text certificate_escaped_pem; /* percent-encoded, as in a query string */
certificate_text certificate_fingerprint; /* SHA-1, in hexadecimal digits */
certificate_text certificate_serial;      /* in hexadecimal digits */
certificate_text certificate_subject;     /* as RFC 2253 writes it */
certificate_text certificate_issuer;
certificate_text certificate_subject_legacy; /* /C=.../CN=... */
certificate_text certificate_issuer_legacy;
certificate_text certificate_begin; /* of its validity, "Nov 29 01:36:42 2026 GMT" */
certificate_text certificate_end;

/* Whole days until its validity ends, none after that. */
bool certificate_remaining(X509 *certificate, time_t now, struct arena *arena, struct slice *text);

/* "SUCCESS", "FAILED:reason", or "NONE" without a certificate (NULL). `result` is SSL's. */
bool certificate_verdict(const X509 *certificate, long result, struct arena *arena,
                         struct slice *text);

#endif
