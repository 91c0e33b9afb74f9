/* Hashes of clients and keys. */
#include "balance/hashing.h"

#include <stdio.h>
#include <zlib.h>

enum { NETWORK_SIZE = 3, IPV4_SIZE = 4, CLIENT_FACTOR = 113, CLIENT_MODULUS = 6271 };

static uLong add(uLong crc, const void *bytes, size_t size) {
    return crc32_z(crc, bytes, size);
}

uint32_t balance_crc32(struct slice key) {
    return key.size == 0 ? 0 : (uint32_t)add(0, key.data, key.size);
}

uint32_t balance_hash_client(uint32_t hash, struct slice client) {
    static const char nobody[NETWORK_SIZE];
    struct slice address = client.size == 0 ? (struct slice){nobody, sizeof nobody} : client;
    if (address.size == IPV4_SIZE) {
        address.size = NETWORK_SIZE;
    }
    for (size_t i = 0; i < address.size; i++) {
        hash = (hash * CLIENT_FACTOR + (unsigned char)address.data[i]) % CLIENT_MODULUS;
    }
    return hash;
}

/* Compatible with Cache::Memcached, as in nginx: attempts after the first hash their number, too.
 */
uint32_t balance_hash_key(struct slice key, uint32_t attempt) {
    char number[16];
    uLong crc = 0;
    if (attempt > 0) {
        int size = snprintf(number, sizeof number, "%u", attempt);
        crc = add(crc, number, (size_t)size);
    }
    if (key.size > 0) {
        crc = add(crc, key.data, key.size);
    }
    return (uint32_t)(crc >> 16) & 0x7fff;
}
