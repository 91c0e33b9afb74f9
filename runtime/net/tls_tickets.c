/* Keys of tickets, from shared memory or from files, and what is encrypted with them. */
#include "net/tls_tickets.h"

#include <errno.h>
#include <openssl/core_names.h>
#include <openssl/evp.h>
#include <openssl/rand.h>
#include <stdlib.h>
#include <string.h>

enum { SHORT_KEY_FILE = 48, LONG_KEY_FILE = 80 };

/* What OpenSSL takes from its callback. Where a key is unknown it makes a whole handshake, or sends
 * no ticket. */
enum { TICKET_FAILED = -1, TICKET_UNKNOWN = 0, TICKET_GOOD = 1, TICKET_TO_BE_RENEWED = 2 };

/* --- keys in use --- */

static bool has_keys(const struct tls_tickets *tickets) {
    return tickets->own_key_count > 0 || tickets->shared_keys != NULL;
}

static void find_first_key(const struct tls_tickets *tickets, struct ticket_key *key) {
    if (tickets->own_key_count > 0) {
        *key = tickets->own_keys[0];
    } else {
        ticket_keys_current(tickets->shared_keys, key);
    }
}

static bool find_key(const struct tls_tickets *tickets, const unsigned char *name,
                     struct ticket_key *key, bool *is_first) {
    if (tickets->own_key_count == 0) {
        return ticket_keys_find(tickets->shared_keys, name, key, is_first);
    }
    for (uint32_t i = 0; i < tickets->own_key_count; i++) {
        if (memcmp(tickets->own_keys[i].name, name, TICKET_KEY_NAME) == 0) {
            *key = tickets->own_keys[i];
            *is_first = i == 0;
            return true;
        }
    }
    return false;
}

static bool use_key(const struct tls_tickets *tickets, const struct ticket_key *key,
                    const unsigned char *vector, EVP_CIPHER_CTX *cipher, EVP_MAC_CTX *mac,
                    int encrypts) {
    static const char digest[] = "SHA256";
    bool is_long = key->size == sizeof key->cipher;
    const OSSL_PARAM parameters[] = {
        OSSL_PARAM_construct_octet_string(OSSL_MAC_PARAM_KEY, (void *)(uintptr_t)key->mac,
                                          is_long ? sizeof key->mac : sizeof key->mac / 2),
        OSSL_PARAM_construct_utf8_string(OSSL_MAC_PARAM_DIGEST, (char *)(uintptr_t)digest,
                                         sizeof digest - 1),
        OSSL_PARAM_construct_end(),
    };
    const EVP_CIPHER *kind = is_long ? tickets->long_cipher : tickets->short_cipher;
    return EVP_MAC_CTX_set_params(mac, parameters) == 1 &&
           EVP_CipherInit_ex2(cipher, kind, key->cipher, vector, encrypts, NULL) == 1;
}

int tls_tickets_encrypt(const struct tls_tickets *tickets, unsigned char *name,
                        unsigned char *vector, EVP_CIPHER_CTX *cipher, EVP_MAC_CTX *mac) {
    struct ticket_key key;
    if (!has_keys(tickets)) {
        return TICKET_UNKNOWN;
    }
    find_first_key(tickets, &key);
    memcpy(name, key.name, TICKET_KEY_NAME);
    bool is_done = RAND_bytes(vector, EVP_CIPHER_get_iv_length(tickets->long_cipher)) == 1 &&
                   use_key(tickets, &key, vector, cipher, mac, 1);
    OPENSSL_cleanse(&key, sizeof key);
    return is_done ? TICKET_GOOD : TICKET_FAILED;
}

/* In TLS 1.3 a ticket is used once (RFC 8446 C.4), so there has to be a new one. */
int tls_tickets_decrypt(const struct tls_tickets *tickets, const SSL *ssl,
                        const unsigned char *name, const unsigned char *vector,
                        EVP_CIPHER_CTX *cipher, EVP_MAC_CTX *mac) {
    struct ticket_key key;
    bool is_first;
    if (!has_keys(tickets) || !find_key(tickets, name, &key, &is_first)) {
        return TICKET_UNKNOWN;
    }
    bool is_done = use_key(tickets, &key, vector, cipher, mac, 0);
    OPENSSL_cleanse(&key, sizeof key);
    if (!is_done) {
        return TICKET_FAILED;
    }
    return is_first && SSL_version(ssl) != TLS1_3_VERSION ? TICKET_GOOD : TICKET_TO_BE_RENEWED;
}

/* --- keys from files --- */

static struct slice key_path(const struct table *table,
                             const struct table_server_settings *settings, uint32_t index) {
    return table_text(table, table->name[settings->ssl_session_ticket_key.first + index].text);
}

/* The layouts are nginx's: name, cipher, MAC of 16 bytes each, or name, MAC, cipher of 16, 32, 32.
 */
static bool parse_key(struct slice content, struct ticket_key *key) {
    if (content.size != SHORT_KEY_FILE && content.size != LONG_KEY_FILE) {
        return false;
    }
    const char *at = content.data + TICKET_KEY_NAME;
    memset(key, 0, sizeof *key);
    memcpy(key->name, content.data, TICKET_KEY_NAME);
    key->size = (uint32_t)(content.size - TICKET_KEY_NAME) / 2;
    bool is_short = content.size == SHORT_KEY_FILE;
    memcpy(is_short ? key->cipher : key->mac, at, key->size);
    memcpy(is_short ? key->mac : key->cipher, at + key->size, key->size);
    return true;
}

static bool read_keys(struct tls_tickets *tickets, const struct table *table,
                      const struct table_server_settings *settings, const struct secrets *secrets,
                      struct failure *failure) {
    uint32_t count = settings->ssl_session_ticket_key.count;
    if (count == 0) {
        return true;
    }
    tickets->own_keys = calloc(count, sizeof *tickets->own_keys);
    if (tickets->own_keys == NULL) {
        return failure_set(failure, "%s", strerror(ENOMEM));
    }
    for (; tickets->own_key_count < count; tickets->own_key_count++) {
        struct slice path = key_path(table, settings, tickets->own_key_count);
        struct secret secret = {0};
        (void)secrets_find(secrets, path, &secret);
        if (!parse_key(secret.content, &tickets->own_keys[tickets->own_key_count])) {
            return failure_set(
                failure, "ssl_session_ticket_key \"%.700s\" must have 48 or 80 bytes", path.data);
        }
    }
    return true;
}

/* --- life --- */

bool tls_tickets_init(struct tls_tickets *tickets, struct ticket_keys *shared_keys,
                      const struct table *table, const struct table_server_settings *settings,
                      const struct secrets *secrets, struct failure *failure) {
    tickets->shared_keys = shared_keys != NULL ? ticket_keys_hold(shared_keys) : NULL;
    tickets->short_cipher = EVP_CIPHER_fetch(NULL, "AES-128-CBC", NULL);
    tickets->long_cipher = EVP_CIPHER_fetch(NULL, "AES-256-CBC", NULL);
    if (tickets->short_cipher == NULL || tickets->long_cipher == NULL) {
        return failure_set(failure, "ssl_session_tickets: OpenSSL has no AES-CBC");
    }
    return read_keys(tickets, table, settings, secrets, failure);
}

void tls_tickets_release(struct tls_tickets *tickets) {
    if (tickets->shared_keys != NULL) {
        ticket_keys_release(tickets->shared_keys);
    }
    if (tickets->own_keys != NULL) {
        OPENSSL_cleanse(tickets->own_keys, tickets->own_key_count * sizeof *tickets->own_keys);
    }
    free(tickets->own_keys);
    EVP_CIPHER_free(tickets->short_cipher);
    EVP_CIPHER_free(tickets->long_cipher);
}
