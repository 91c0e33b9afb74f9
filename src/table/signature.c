/* Signatures of tables, by OpenSSL. The message is the file up to the signature's last field; any
 * program that knows Ed25519 can verify one without knowing tables. */
#include "table/signature.h"

#include <openssl/evp.h>
#include <stddef.h>
#include <string.h>

#define SIGNED_PART offsetof(struct table_signature, signature)

const struct table_signature *table_signature_find(const void *data, size_t size) {
    const struct table_header *header = data;
    if (size < offsetof(struct table_header, sections) + sizeof(struct table_signature) ||
        memcmp(header->magic, TABLE_MAGIC, sizeof header->magic) != 0) {
        return NULL;
    }
    size_t end = size - sizeof(struct table_signature);
    if (header->size != end || end % 8 != 0) {
        return NULL;
    }
    const struct table_signature *signature = (const void *)((const char *)data + end);
    bool is_signature =
        memcmp(signature->magic, TABLE_SIGNATURE_MAGIC, sizeof signature->magic) == 0 &&
        signature->algorithm == TABLE_SIGNATURE_ED25519 && signature->reserved == 0;
    return is_signature ? signature : NULL;
}

/* Appends the signature of `bytes`, for which there is room behind them. */
static bool sign(struct evp_pkey_st *key, char *bytes, size_t size) {
    size_t signature_size = sizeof((struct table_signature *)0)->signature;
    EVP_MD_CTX *context = EVP_MD_CTX_new();
    bool is_done = context != NULL && EVP_DigestSignInit(context, NULL, NULL, NULL, key) == 1 &&
                   EVP_DigestSign(context, (unsigned char *)bytes + size, &signature_size,
                                  (const unsigned char *)bytes, size) == 1;
    EVP_MD_CTX_free(context);
    return is_done;
}

struct slice table_sign(struct arena *arena, const struct table_keys *keys, struct slice file) {
    const struct table_header *header = (const void *)file.data;
    size_t size = header->size;
    struct table_signature beginning = {.magic = TABLE_SIGNATURE_MAGIC,
                                        .algorithm = TABLE_SIGNATURE_ED25519};
    memcpy(beginning.key, keys->public_bytes[0], sizeof beginning.key);
    char *bytes = arena_allocate(arena, size + sizeof beginning);
    if (bytes == NULL) {
        return (struct slice){NULL, 0};
    }
    memcpy(bytes, file.data, size);
    memcpy(bytes + size, &beginning, SIGNED_PART);
    if (!sign(keys->keys[0], bytes, size + SIGNED_PART)) {
        return (struct slice){NULL, 0};
    }
    return (struct slice){bytes, size + sizeof beginning};
}

static struct evp_pkey_st *find_key(const struct table_keys *keys, const uint8_t *public_bytes) {
    for (uint32_t i = 0; i < keys->count; i++) {
        if (memcmp(keys->public_bytes[i], public_bytes, TABLE_KEY_SIZE) == 0) {
            return keys->keys[i];
        }
    }
    return NULL;
}

enum table_trust table_verify(const struct table_keys *keys, const void *data, size_t size) {
    const struct table_signature *signature = table_signature_find(data, size);
    if (signature == NULL) {
        return TABLE_UNSIGNED;
    }
    struct evp_pkey_st *key = find_key(keys, signature->key);
    if (key == NULL) {
        return TABLE_SIGNED_BY_ANOTHER;
    }
    EVP_MD_CTX *context = EVP_MD_CTX_new();
    if (context == NULL || EVP_DigestVerifyInit(context, NULL, NULL, NULL, key) != 1) {
        EVP_MD_CTX_free(context);
        return TABLE_TRUST_UNKNOWN;
    }
    size_t signed_size = size - sizeof signature->signature;
    bool is_right = EVP_DigestVerify(context, signature->signature, sizeof signature->signature,
                                     data, signed_size) == 1;
    EVP_MD_CTX_free(context);
    return is_right ? TABLE_TRUSTED : TABLE_SIGNATURE_WRONG;
}

const char *table_trust_text(enum table_trust trust) {
    static const char *const texts[] = {
        [TABLE_TRUSTED] = "is signed with this key",
        [TABLE_UNSIGNED] = "is not signed",
        [TABLE_SIGNED_BY_ANOTHER] = "is signed with another key",
        [TABLE_SIGNATURE_WRONG] = "is not what was signed: its signature does not match",
        [TABLE_TRUST_UNKNOWN] = "cannot be verified: there is no memory",
    };
    return texts[trust];
}
