/* A ring of keys. The supervisor is the only writer, and says which key is the current one when it
 * is whole; a key that is wiped out under a reader's hands fits no ticket. So nobody has to wait.
 */
#include "net/ticket_keys.h"

#include "net/shared_memory.h"

#include <errno.h>
#include <openssl/crypto.h>
#include <openssl/rand.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

/* As many as a week has hours, longer than which no session of TLS 1.3 lives (RFC 8446 4.6.1), the
 * current one and one more. */
enum { KEYS = 7 * 24 + 2 };

struct slot {
    struct ticket_key key;
    uint64_t ends; /* 0: it is the current one, or there is none */
};

struct key_memory {
    uint32_t current;
    struct slot slots[KEYS];
};

struct ticket_keys {
    uint32_t references;
    int descriptor;
    struct key_memory *memory;
    size_t size;
};

static struct ticket_keys *map(int descriptor, bool writes) {
    struct ticket_keys *keys = calloc(1, sizeof *keys);
    if (keys == NULL) {
        return NULL;
    }
    keys->references = 1;
    keys->descriptor = -1;
    keys->memory = shared_memory_map(descriptor, writes, &keys->size);
    if (keys->memory == NULL) {
        free(keys);
        return NULL;
    }
    if (keys->size < sizeof *keys->memory) {
        ticket_keys_release(keys);
        errno = EINVAL;
        return NULL;
    }
    return keys;
}

static bool make_key(struct ticket_key *key) {
    key->size = sizeof key->cipher;
    return RAND_bytes(key->name, sizeof key->name) == 1 &&
           RAND_priv_bytes(key->mac, sizeof key->mac) == 1 &&
           RAND_priv_bytes(key->cipher, sizeof key->cipher) == 1;
}

struct ticket_keys *ticket_keys_create(void) {
    int descriptor = shared_memory_create("rpcd-ticket-keys", sizeof(struct key_memory));
    if (descriptor < 0) {
        return NULL;
    }
    struct ticket_keys *keys = map(descriptor, true);
    if (keys == NULL || !make_key(&keys->memory->slots[0].key)) {
        int error = keys == NULL ? errno : EIO;
        if (keys != NULL) {
            ticket_keys_release(keys);
        }
        close(descriptor);
        errno = error;
        return NULL;
    }
    shared_memory_seal(descriptor, true);
    keys->descriptor = descriptor;
    return keys;
}

int ticket_keys_descriptor(const struct ticket_keys *keys) {
    return keys->descriptor;
}

struct ticket_keys *ticket_keys_map(int descriptor) {
    return map(descriptor, false);
}

struct ticket_keys *ticket_keys_hold(struct ticket_keys *keys) {
    keys->references++;
    return keys;
}

void ticket_keys_release(struct ticket_keys *keys) {
    if (--keys->references == 0) {
        (void)munmap(keys->memory, keys->size);
        if (keys->descriptor >= 0) {
            close(keys->descriptor);
        }
        free(keys);
    }
}

static void wipe_out_old(struct key_memory *memory, uint64_t now) {
    for (uint32_t i = 0; i < KEYS; i++) {
        struct slot *slot = &memory->slots[i];
        if (slot->ends != 0 && slot->ends <= now) {
            OPENSSL_cleanse(slot, sizeof *slot);
        }
    }
}

bool ticket_keys_rotate(struct ticket_keys *keys, uint64_t now, uint64_t lifetime) {
    struct key_memory *memory = keys->memory;
    struct slot new = {.ends = 0};
    if (!make_key(&new.key)) {
        return false;
    }
    uint32_t next = (memory->current + 1) % KEYS;
    memory->slots[next] = new;
    OPENSSL_cleanse(&new, sizeof new);
    memory->slots[memory->current].ends = now + lifetime;
    __atomic_store_n(&memory->current, next, __ATOMIC_RELEASE);
    wipe_out_old(memory, now);
    return true;
}

static uint32_t find_current(const struct ticket_keys *keys) {
    return __atomic_load_n(&keys->memory->current, __ATOMIC_ACQUIRE) % KEYS;
}

void ticket_keys_current(const struct ticket_keys *keys, struct ticket_key *key) {
    *key = keys->memory->slots[find_current(keys)].key;
}

/* Most tickets are of the latest keys. */
bool ticket_keys_find(const struct ticket_keys *keys, const uint8_t name[TICKET_KEY_NAME],
                      struct ticket_key *key, bool *is_current) {
    static const uint8_t none[TICKET_KEY_NAME];
    uint32_t current = find_current(keys);
    for (uint32_t i = 0; i < KEYS; i++) {
        const struct slot *slot = &keys->memory->slots[(current + KEYS - i) % KEYS];
        if (memcmp(slot->key.name, name, TICKET_KEY_NAME) == 0) {
            *key = slot->key;
            *is_current = i == 0;
            return memcmp(name, none, TICKET_KEY_NAME) != 0;
        }
    }
    return false;
}
