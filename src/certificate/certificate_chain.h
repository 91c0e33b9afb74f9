/* Whether the certificates of a file lead from the first to one that clients trust. */
#ifndef CERTIFICATE_CERTIFICATE_CHAIN_H
#define CERTIFICATE_CERTIFICATE_CHAIN_H

#include "certificate/certificate_file.h"

/* What this machine trusts: the system's certificates, as OpenSSL finds them (SSL_CERT_FILE and
 * SSL_CERT_DIR in the environment name others). */
struct certificate_trust;

/* Freed with the arena. */
struct certificate_trust *certificate_trust_load(struct arena *arena);

/* A certificate's position in its file, or CERTIFICATE_NONE. */
#define CERTIFICATE_NONE SIZE_MAX

struct certificate_chain {
    VECTOR_OF(size_t) way; /* positions in the file, each the issuer of the one before it */
    size_t misplaced;      /* the first that stands before the one it has issued */
    size_t repeated;       /* the first that stood in the file before */
    size_t unrelated;      /* the first that leads from none of the others */
    bool is_complete; /* a way ends in one that is its own issuer, or leads to one trusted here */
    bool lacks_an_issuer; /* there must be one between the first and a trusted one */
};

/* The file has at least one certificate. */
struct certificate_chain certificate_chain_follow(struct arena *arena,
                                                  const struct certificate_file *file,
                                                  const struct certificate_trust *trust);

#endif
