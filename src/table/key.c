/* Reading keys. A file with the wrong thing in it is told from a damaged one: whoever mixes up two
 * files is told what the file at hand is. */
#include "table/key.h"

#include <openssl/err.h>
#include <openssl/evp.h>
#include <openssl/pem.h>
#include <openssl/pemerr.h>
#include <openssl/x509.h>
#include <stdio.h>
#include <string.h>

static const char *const pem_names[] = {
    [TABLE_KEY_PRIVATE] = PEM_STRING_PKCS8INF, [TABLE_KEY_PUBLIC] = PEM_STRING_PUBLIC};

/* Other things that come in PEM, by their first line. */
static const struct {
    const char *name;
    const char *reason;
} mistakes[] = {
    {PEM_STRING_PUBLIC, "is a public key; signing needs the private one"},
    {PEM_STRING_PKCS8INF,
     "is a private key, which belongs where tables are signed; \"openssl pkey -in "
     "PRIVATE -pubout\" writes its public one"},
    {PEM_STRING_PKCS8, "is encrypted; \"openssl pkey -in KEY -out PLAIN\" decrypts it"},
    {PEM_STRING_X509, "is a certificate; tables are signed with bare Ed25519 keys"},
};

static bool fail(char *reason, size_t reason_size, const char *text) {
    snprintf(reason, reason_size, "%s", text);
    return false;
}

static bool fail_name(char *reason, size_t reason_size, const char *name) {
    for (size_t i = 0; i < sizeof mistakes / sizeof mistakes[0]; i++) {
        if (strcmp(mistakes[i].name, name) == 0) {
            return fail(reason, reason_size, mistakes[i].reason);
        }
    }
    snprintf(reason, reason_size, "is of the kind \"%.40s\"; tables are signed with Ed25519 keys",
             name);
    return false;
}

/* Takes over `key`, which may be NULL. */
static bool add(struct table_keys *keys, EVP_PKEY *key, char *reason, size_t reason_size) {
    if (key == NULL) {
        return fail(reason, reason_size, "holds a key that is damaged");
    }
    if (EVP_PKEY_is_a(key, "ED25519") != 1) {
        const char *name = EVP_PKEY_get0_type_name(key);
        snprintf(reason, reason_size, "holds a key of the kind %s; tables are signed with Ed25519",
                 name != NULL ? name : "unknown");
        EVP_PKEY_free(key);
        return false;
    }
    if (keys->count == TABLE_KEYS_MOST) {
        EVP_PKEY_free(key);
        return fail(reason, reason_size, "holds more keys than can be tried");
    }
    size_t size = TABLE_KEY_SIZE;
    if (EVP_PKEY_get_raw_public_key(key, keys->public_bytes[keys->count], &size) != 1) {
        EVP_PKEY_free(key);
        return fail(reason, reason_size, "holds a key that is damaged");
    }
    keys->keys[keys->count++] = key;
    return true;
}

static EVP_PKEY *decode(enum table_key_kind kind, const unsigned char *data, long size) {
    return kind == TABLE_KEY_PRIVATE ? d2i_AutoPrivateKey(NULL, &data, size)
                                     : d2i_PUBKEY(NULL, &data, size);
}

/* The next block of the file. `is_end`: there was none. */
static bool read_block(struct table_keys *keys, enum table_key_kind kind, BIO *file, bool *is_end,
                       char *reason, size_t reason_size) {
    char *name = NULL;
    char *header = NULL;
    unsigned char *data = NULL;
    long size = 0;
    *is_end = false;
    if (PEM_read_bio(file, &name, &header, &data, &size) != 1) {
        *is_end = ERR_GET_REASON(ERR_peek_last_error()) == PEM_R_NO_START_LINE;
        return *is_end || fail(reason, reason_size, "is damaged: its PEM cannot be read");
    }
    bool is_done = strcmp(name, pem_names[kind]) == 0
                       ? add(keys, decode(kind, data, size), reason, reason_size)
                       : fail_name(reason, reason_size, name);
    OPENSSL_free(name);
    OPENSSL_free(header);
    OPENSSL_clear_free(data, (size_t)size);
    return is_done;
}

/* What follows a private key does not matter. */
static bool read_all(struct table_keys *keys, enum table_key_kind kind, BIO *file, char *reason,
                     size_t reason_size) {
    bool is_end = false;
    do {
        if (!read_block(keys, kind, file, &is_end, reason, reason_size)) {
            return false;
        }
    } while (!is_end && kind == TABLE_KEY_PUBLIC);
    return keys->count > 0 || fail(reason, reason_size, "holds no key in PEM");
}

bool table_keys_read(struct table_keys *keys, enum table_key_kind kind, struct slice pem,
                     char *reason, size_t reason_size) {
    *keys = (struct table_keys){0};
    if (pem.size > TABLE_KEY_FILE_LIMIT) {
        return fail(reason, reason_size, "is too large to be a key");
    }
    BIO *file = BIO_new_mem_buf(pem.size > 0 ? pem.data : "", (int)pem.size);
    if (file == NULL) {
        return fail(reason, reason_size, "cannot be read: there is no memory");
    }
    bool is_read = read_all(keys, kind, file, reason, reason_size);
    BIO_free(file);
    ERR_clear_error();
    if (!is_read) {
        table_keys_release(keys);
    }
    return is_read;
}

void table_keys_release(struct table_keys *keys) {
    for (uint32_t i = 0; i < keys->count; i++) {
        EVP_PKEY_free(keys->keys[i]);
    }
    *keys = (struct table_keys){0};
}
