/* Ed25519 keys in PEM, as OpenSSL writes them:
 *
 *     openssl genpkey -algorithm ed25519 -out private.pem
 *     openssl pkey -in private.pem -pubout -out public.pem
 */
#ifndef TABLE_KEY_H
#define TABLE_KEY_H

#include "base/slice.h"

#include <stdint.h>

#define TABLE_KEY_SIZE 32
#define TABLE_KEYS_MOST 16
/* What a file of keys is not larger than. */
#define TABLE_KEY_FILE_LIMIT ((size_t)64 * 1024)

enum table_key_kind { TABLE_KEY_PRIVATE, TABLE_KEY_PUBLIC };

/* The key to sign with, or those to verify with, any of which will do. */
struct table_keys {
    uint32_t count;
    struct evp_pkey_st *keys[TABLE_KEYS_MOST];
    uint8_t public_bytes[TABLE_KEYS_MOST][TABLE_KEY_SIZE];
};

/* Reads the one private key, or the public keys, of a PEM file's text. False, with nothing to
 * release, and what is wrong with the file in `reason`: "is a public key; ...". */
__attribute__((warn_unused_result)) bool table_keys_read(struct table_keys *keys,
                                                         enum table_key_kind kind, struct slice pem,
                                                         char *reason, size_t reason_size);

void table_keys_release(struct table_keys *keys);

#endif
