/* Keys that TLS tickets are encrypted with where the configuration names none: random ones that the
 * supervisor makes, and makes anew as time goes by. They lie in memory that only it can write and
 * all workers read, and nowhere else; those that are over are wiped out, so that whoever gets hold
 * of them later cannot read what was recorded before. Times are milliseconds of the loop's clock.
 */
#ifndef NET_TICKET_KEYS_H
#define NET_TICKET_KEYS_H

#include <stdbool.h>
#include <stdint.h>

enum { TICKET_KEY_NAME = 16 };

struct ticket_key {
    uint8_t name[TICKET_KEY_NAME]; /* stands in front of the ticket */
    uint8_t mac[32];
    uint8_t cipher[32];
    uint32_t size; /* bytes of the two that are the key: 16 or 32 */
};

struct ticket_keys;

/* The supervisor: with a first key. NULL with errno set. */
struct ticket_keys *ticket_keys_create(void);

/* For ticket_keys_map in other processes; -1 in those. Stays the keys'. */
int ticket_keys_descriptor(const struct ticket_keys *keys);

/* The supervisor: a new key encrypts from now on; what was encrypted so far can be decrypted for
 * `lifetime` more, or until there is no room. False when there is no randomness: nothing has
 * changed. */
__attribute__((warn_unused_result)) bool ticket_keys_rotate(struct ticket_keys *keys, uint64_t now,
                                                            uint64_t lifetime);

/* A worker: the keys behind a descriptor, which stays the caller's. NULL with errno set. */
struct ticket_keys *ticket_keys_map(int descriptor);

struct ticket_keys *ticket_keys_hold(struct ticket_keys *keys);
void ticket_keys_release(struct ticket_keys *keys);

/* Copies the key that encrypts. */
void ticket_keys_current(const struct ticket_keys *keys, struct ticket_key *key);

/* Copies the key of that name; false: there is none, or no longer. */
bool ticket_keys_find(const struct ticket_keys *keys, const uint8_t name[TICKET_KEY_NAME],
                      struct ticket_key *key, bool *is_current);

#endif
