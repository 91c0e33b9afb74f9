/* Hashes of passwords. A hash is made of the password and what the stored one says of how it was
 * made, and the two are compared, as in nginx (ngx_crypt). What was made is wiped. */
#include "http/password_hash.h"

#include <crypt.h>
#include <openssl/crypto.h>
#include <openssl/evp.h>
#include <stdint.h>
#include <string.h>

enum {
    MD5_SIZE = 16,
    SHA1_SIZE = 20,
    APR1_SALT = 8,
    APR1_ROUNDS = 1000,
    LONGEST_HASH = 4096, /* that a stored one may be decoded from and encoded to */
};

/* The stored text has the length that anybody may know. */
static enum http_password_result compare(const char *made, const char *hash) {
    size_t size = strlen(hash);
    return strlen(made) == size && CRYPTO_memcmp(made, hash, size) == 0 ? HTTP_PASSWORD_RIGHT
                                                                        : HTTP_PASSWORD_WRONG;
}

/* --- $apr1$: the MD5 crypt of BSD with a mark of its own --- */

struct apr1 {
    EVP_MD_CTX *context;
    const char *key;
    size_t key_size;
    const char *salt;
    size_t salt_size;
    unsigned char digest[MD5_SIZE];
    bool has_failed;
};

static void begin(struct apr1 *apr1) {
    apr1->has_failed |= EVP_DigestInit_ex(apr1->context, EVP_md5(), NULL) != 1;
}

static void add(struct apr1 *apr1, const void *bytes, size_t size) {
    apr1->has_failed |= EVP_DigestUpdate(apr1->context, bytes, size) != 1;
}

static void add_key(struct apr1 *apr1) {
    add(apr1, apr1->key, apr1->key_size);
}

static void add_salt(struct apr1 *apr1) {
    add(apr1, apr1->salt, apr1->salt_size);
}

static void end(struct apr1 *apr1) {
    apr1->has_failed |= EVP_DigestFinal_ex(apr1->context, apr1->digest, NULL) != 1;
}

static void make_first_digest(struct apr1 *apr1) {
    begin(apr1);
    add_key(apr1);
    add_salt(apr1);
    add_key(apr1);
    end(apr1);
    begin(apr1);
    add_key(apr1);
    add(apr1, "$apr1$", 6);
    add_salt(apr1);
    for (size_t rest = apr1->key_size; rest > 0; rest -= rest < MD5_SIZE ? rest : MD5_SIZE) {
        add(apr1, apr1->digest, rest < MD5_SIZE ? rest : MD5_SIZE);
    }
    for (size_t bits = apr1->key_size; bits > 0; bits >>= 1) {
        add(apr1, (bits & 1) != 0 ? "" : apr1->key, 1);
    }
    end(apr1);
}

static void make_round(struct apr1 *apr1, int round) {
    begin(apr1);
    if (round % 2 != 0) {
        add_key(apr1);
    } else {
        add(apr1, apr1->digest, MD5_SIZE);
    }
    if (round % 3 != 0) {
        add_salt(apr1);
    }
    if (round % 7 != 0) {
        add_key(apr1);
    }
    if (round % 2 != 0) {
        add(apr1, apr1->digest, MD5_SIZE);
    } else {
        add_key(apr1);
    }
    end(apr1);
}

static char *write_letters(char *out, uint32_t value, int count) {
    static const char letters[] =
        "./0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz";
    for (int i = 0; i < count; i++) {
        *out++ = letters[value & 0x3f];
        value >>= 6;
    }
    return out;
}

/* In the order that the algorithm has. */
static void write_apr1(const struct apr1 *apr1, char *out) {
    const unsigned char *d = apr1->digest;
    memcpy(out, "$apr1$", 6);
    memcpy(out + 6, apr1->salt, apr1->salt_size);
    out += 6 + apr1->salt_size;
    *out++ = '$';
    for (int i = 0; i < 5; i++) {
        uint32_t last = d[i == 4 ? 5 : 12 + i];
        out = write_letters(out, (uint32_t)d[i] << 16 | (uint32_t)d[6 + i] << 8 | last, 4);
    }
    out = write_letters(out, d[11], 2);
    *out = '\0';
}

static enum http_password_result check_apr1(const char *password, const char *hash) {
    enum { SIZE = 64 };
    char made[SIZE];
    struct apr1 apr1 = {.context = EVP_MD_CTX_new(),
                        .key = password,
                        .key_size = strlen(password),
                        .salt = hash + 6};
    if (apr1.context == NULL) {
        return HTTP_PASSWORD_FAILED;
    }
    while (apr1.salt_size < APR1_SALT && apr1.salt[apr1.salt_size] != '\0' &&
           apr1.salt[apr1.salt_size] != '$') {
        apr1.salt_size++;
    }
    make_first_digest(&apr1);
    for (int i = 0; i < APR1_ROUNDS; i++) {
        make_round(&apr1, i);
    }
    write_apr1(&apr1, made);
    EVP_MD_CTX_free(apr1.context);
    enum http_password_result result = apr1.has_failed ? HTTP_PASSWORD_FAILED : compare(made, hash);
    OPENSSL_cleanse(made, sizeof made);
    OPENSSL_cleanse(apr1.digest, sizeof apr1.digest);
    return result;
}

/* --- {PLAIN}, {SHA}, {SSHA} --- */

static enum http_password_result check_plain(const char *password, const char *hash) {
    return compare(password, hash + 7);
}

/* SHA-1 of the password and what is behind it. */
static bool make_sha1(const char *password, const unsigned char *salt, size_t salt_size,
                      unsigned char digest[SHA1_SIZE]) {
    EVP_MD_CTX *context = EVP_MD_CTX_new();
    bool is_made = context != NULL && EVP_DigestInit_ex(context, EVP_sha1(), NULL) == 1 &&
                   EVP_DigestUpdate(context, password, strlen(password)) == 1 &&
                   EVP_DigestUpdate(context, salt, salt_size) == 1 &&
                   EVP_DigestFinal_ex(context, digest, NULL) == 1;
    EVP_MD_CTX_free(context);
    return is_made;
}

/* The digest and its salt, encoded, are what is stored. */
static enum http_password_result check_digest(const char *password, const char *stored,
                                              unsigned char *bytes, size_t size) {
    unsigned char made[LONGEST_HASH * 2];
    if (!make_sha1(password, bytes + SHA1_SIZE, size - SHA1_SIZE, bytes)) {
        return HTTP_PASSWORD_FAILED;
    }
    EVP_EncodeBlock(made, bytes, (int)size);
    enum http_password_result result = compare((const char *)made, stored);
    OPENSSL_cleanse(made, sizeof made);
    OPENSSL_cleanse(bytes, size);
    return result;
}

static enum http_password_result check_sha(const char *password, const char *hash) {
    unsigned char bytes[LONGEST_HASH] = {0}; /* room for a salt, of which there is none */
    return check_digest(password, hash + 5, bytes, SHA1_SIZE);
}

/* One that is not sound base64 of more than a digest has no salt, as in nginx; since it is compared
 * as it is written, nothing can match then but a digest without salt. */
static enum http_password_result check_ssha(const char *password, const char *hash) {
    unsigned char bytes[LONGEST_HASH];
    const char *stored = hash + 6;
    size_t length = strlen(stored);
    size_t size = SHA1_SIZE;
    if (length > 0 && length % 4 == 0 && length < LONGEST_HASH) {
        int decoded = EVP_DecodeBlock(bytes, (const unsigned char *)stored, (int)length);
        int padding = (stored[length - 1] == '=') + (stored[length - 2] == '=');
        size = decoded - padding > SHA1_SIZE ? (size_t)(decoded - padding) : SHA1_SIZE;
    }
    return check_digest(password, stored, bytes, size);
}

/* --- crypt(3) --- */

static enum http_password_result check_crypt(const char *password, const char *hash) {
    static struct crypt_data data; /* too large for a stack */
    memset(&data, 0, sizeof data);
    const char *made = crypt_r(password, hash, &data);
    enum http_password_result result = made == NULL ? HTTP_PASSWORD_FAILED : compare(made, hash);
    OPENSSL_cleanse(&data, sizeof data);
    return result;
}

enum http_password_result http_password_check(const char *password, const char *hash) {
    static const struct {
        const char *mark;
        enum http_password_result (*check)(const char *password, const char *hash);
    } kinds[] = {
        {"$apr1$", check_apr1}, {"{PLAIN}", check_plain}, {"{SSHA}", check_ssha},
        {"{SHA}", check_sha},   {"", check_crypt},
    };
    size_t i = 0;
    while (strncmp(hash, kinds[i].mark, strlen(kinds[i].mark)) != 0) {
        i++;
    }
    return kinds[i].check(password, hash);
}
