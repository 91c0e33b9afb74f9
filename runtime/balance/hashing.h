/* The hashes that balancing methods choose by, in nginx's arithmetic: the same keys and clients get
 * to the same peers. Pure functions. */
#ifndef BALANCE_HASHING_H
#define BALANCE_HASHING_H

#include "base/slice.h"

enum { BALANCE_CLIENT_HASH = 89 }; /* what ip_hash begins with */

/* CRC-32 as in IEEE 802.3; of consistent hashes. */
uint32_t balance_crc32(struct slice key);

/* The next hash of a client's binary address behind `hash`: of IPv4 the first three bytes, of IPv6
 * all. Clients without an address, those of unix sockets, are all alike. */
uint32_t balance_hash_client(uint32_t hash, struct slice client);

/* What the attempt with that number, from 0, adds to the hash of a key. */
uint32_t balance_hash_key(struct slice key, uint32_t attempt);

#endif
