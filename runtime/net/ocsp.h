/* What an authority is asked about a certificate it has issued, and whether its answer says that
 * the certificate is good (OCSP, RFC 6960). No I/O: questions and answers are bytes. */
#ifndef NET_OCSP_H
#define NET_OCSP_H

#include "base/arena.h"
#include "log/failure.h"

#include <openssl/ocsp.h>
#include <time.h>

/* Bytes of an answer; they usually have 500 to 2000. */
enum { OCSP_ANSWER_LIMIT = 16 * 1024 };

/* A certificate, and whom answers about it are believed. */
struct ocsp_subject {
    OCSP_CERTID *id;
    STACK_OF(X509) * signers; /* the issuer and others who may have signed the answer */
    X509_STORE *trusted;
    bool verifies; /* the signer must be one of `signers`, or somebody trusted vouch for it */
};

/* Where to ask, by HTTP: slices of the URL. */
struct ocsp_responder {
    struct slice host;      /* without brackets */
    struct slice authority; /* host and port as they were written */
    uint16_t port;
    struct slice path; /* with its slash; may be empty */
};

/* The URL of the responder that the certificate names, copied; NULL: none by HTTP. */
char *ocsp_find_responder(X509 *certificate);

/* "http://HOST[:PORT][/PATH]"; false when it is nothing like that. */
bool ocsp_parse_responder(struct slice url, struct ocsp_responder *responder);

/* The request to send (RFC 6960 A.1, by GET). False without memory. */
__attribute__((warn_unused_result)) bool ocsp_write_request(const OCSP_CERTID *id,
                                                            const struct ocsp_responder *responder,
                                                            struct arena *arena,
                                                            struct slice *request);

/* Whether the answer, in DER, says now that the certificate is good; `expires` is when it stops to
 * say so. False with the reason. */
bool ocsp_accept(const struct ocsp_subject *subject, struct slice answer, time_t *expires,
                 struct failure *failure);

#endif
