/* PEM files as a server reads them: certificates in their order, the key that belongs to the first.
 * Nothing here knows of configurations; what a certificate is worth, certificate_facts.h and
 * certificate_chain.h say. */
#ifndef CERTIFICATE_CERTIFICATE_FILE_H
#define CERTIFICATE_CERTIFICATE_FILE_H

#include "base/vector.h"

#include <openssl/x509.h>

struct certificate_file {
    struct slice path;
    struct slice problem; /* why it is of no use, e.g. "No such file or directory"; or empty */
    VECTOR_OF(X509 *) certificates; /* as they stand in the file; freed with the arena */
};

struct certificate_key {
    struct slice path;
    struct slice problem;
    /* Freed with the arena. NULL with a problem, and when the key is encrypted and the file of
     * passwords cannot be read. */
    EVP_PKEY *key;
};

/* All certificates of a file; what else stands in it, such as a key, is passed over. */
struct certificate_file *certificate_file_read(struct arena *arena, struct slice path);

/* The first private key of a file. Each line of the file `passwords` is tried when it is
 * encrypted; an empty path is no such file. */
struct certificate_key *certificate_key_read(struct arena *arena, struct slice path,
                                             struct slice passwords);

/* The bytes of a file, to be freed; or NULL with the problem. */
BIO *certificate_file_open(struct arena *arena, struct slice path, struct slice *problem);

#endif
