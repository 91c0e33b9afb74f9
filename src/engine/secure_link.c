/* $secure_link and $secure_link_expires: whether a link was made by somebody who knows the secret
 * (ngx_http_secure_link_module). Digests are compared in constant time. */
#include "engine/decide.h"
#include "engine/kept.h"
#include "engine/program.h"
#include "engine/state.h"

#include <openssl/crypto.h>
#include <openssl/evp.h>

enum { MD5_SIZE = 16, MD5_DIGITS = 2 * MD5_SIZE, LONGEST_ENCODED = 24, ENCODED_LETTERS = 22 };

static bool is_digest_of(struct slice text, const unsigned char expected[MD5_SIZE],
                         bool *has_failed) {
    unsigned char digest[EVP_MAX_MD_SIZE];
    unsigned int size = 0;
    if (EVP_Digest(text.data == NULL ? "" : text.data, text.size, digest, &size, EVP_md5(), NULL) !=
            1 ||
        size != MD5_SIZE) {
        *has_failed = true;
        return false;
    }
    return CRYPTO_memcmp(digest, expected, MD5_SIZE) == 0;
}

/* --- secure_link_md5 --- */

/* The letter's six bits in base64url, or -1. */
static int letter_value(char c) {
    if (c >= 'A' && c <= 'Z') {
        return c - 'A';
    }
    if (c >= 'a' && c <= 'z') {
        return c - 'a' + 26;
    }
    if (c >= '0' && c <= '9') {
        return c - '0' + 52;
    }
    return c == '-' ? 62 : c == '_' ? 63 : -1;
}

/* Padding, or whatever is behind a "=", does not count, nor do bits beyond whole bytes. */
static bool decode(struct slice text, unsigned char digest[MD5_SIZE]) {
    if (text.size > LONGEST_ENCODED || slice_find_byte(text, '=') != ENCODED_LETTERS) {
        return false;
    }
    uint32_t bits = 0;
    for (size_t i = 0; i < ENCODED_LETTERS; i++) {
        int value = letter_value(text.data[i]);
        if (value < 0) {
            return false;
        }
        bits = bits << 6 | (uint32_t)value;
        if (i % 4 > 0) { /* a letter completes a byte, but for each fourth */
            size_t spare = 6 - i % 4 * 2;
            digest[i / 4 * 3 + i % 4 - 1] = (unsigned char)(bits >> spare);
        }
    }
    return true;
}

/* Seconds since 1970; 0 when nobody knows. */
static uint64_t find_time(struct engine_request *request) {
    struct slice text;
    uint64_t now;
    if (engine_value_live(request, VARIABLE_MSEC, SLICE(""), &text) != ENGINE_VALUE_FOUND ||
        !slice_parse_u64(slice_take(text, slice_find_byte(text, '.')), INT64_MAX, &now)) {
        return 0;
    }
    return now;
}

/* The digest and, behind a comma, when the link expires, which is kept. */
static bool split(struct engine_request *request, struct slice value, struct slice *digest,
                  uint64_t *expires) {
    size_t comma = slice_find_byte(value, ',');
    *digest = slice_take(value, comma);
    *expires = 0;
    if (comma == value.size) {
        return true;
    }
    struct slice time = slice_skip(value, comma + 1);
    if (!slice_parse_u64(time, INT64_MAX, expires) || *expires == 0) {
        return false;
    }
    request->kept->expires = time;
    return true;
}

static enum engine_value check_digest(struct engine_request *request, struct slice *value) {
    const struct table_settings *settings = request->settings;
    struct slice link;
    struct slice encoded;
    struct slice text;
    uint64_t expires;
    unsigned char digest[MD5_SIZE];
    bool has_failed = false;
    if (!engine_run_template(request, settings->secure_link, &link)) {
        return ENGINE_VALUE_NO_MEMORY;
    }
    if (!split(request, link, &encoded, &expires) || !decode(encoded, digest)) {
        return ENGINE_VALUE_NONE;
    }
    if (!engine_run_template(request, settings->secure_link_md5, &text) ||
        !engine_spend(request, text.size)) {
        return ENGINE_VALUE_NO_MEMORY;
    }
    if (!is_digest_of(text, digest, &has_failed)) {
        return has_failed ? ENGINE_VALUE_NO_MEMORY : ENGINE_VALUE_NONE;
    }
    *value = expires > 0 && expires < find_time(request) ? SLICE("0") : SLICE("1");
    return ENGINE_VALUE_FOUND;
}

/* --- secure_link_secret --- */

static int digit_value(char c) {
    char lower = byte_lower(c);
    if (c >= '0' && c <= '9') {
        return c - '0';
    }
    return lower >= 'a' && lower <= 'f' ? lower - 'a' + 10 : -1;
}

static bool read_digits(struct slice text, unsigned char digest[MD5_SIZE]) {
    for (size_t i = 0; i < MD5_SIZE; i++) {
        int high = digit_value(text.data[2 * i]);
        int low = digit_value(text.data[2 * i + 1]);
        if (high < 0 || low < 0) {
            return false;
        }
        digest[i] = (unsigned char)(high * 16 + low);
    }
    return true;
}

/* /prefix/digest/link, as the client sent it. */
static enum engine_value check_secret(struct engine_request *request, struct slice *value) {
    struct slice rest;
    enum engine_value found = engine_variable_request_uri(request, SLICE(""), &rest);
    if (found != ENGINE_VALUE_FOUND) {
        return found;
    }
    rest = slice_skip(rest, 1);
    rest = slice_skip(rest, slice_find_byte(rest, '/') + 1);
    size_t slash = slice_find_byte(rest, '/');
    struct slice link = slice_skip(rest, slash + 1);
    unsigned char digest[MD5_SIZE];
    if (slash != MD5_DIGITS || link.size == 0 || !read_digits(rest, digest)) {
        return ENGINE_VALUE_NONE;
    }
    struct slice parts[] = {
        link, table_text(request->engine->table, request->settings->secure_link_secret)};
    struct slice text;
    bool has_failed = false;
    if (!engine_join(request, parts, 2, &text)) {
        return ENGINE_VALUE_NO_MEMORY;
    }
    if (!is_digest_of(text, digest, &has_failed)) {
        return has_failed ? ENGINE_VALUE_NO_MEMORY : ENGINE_VALUE_NONE;
    }
    *value = link;
    return ENGINE_VALUE_FOUND;
}

/* --- the variables --- */

static enum engine_value check(struct engine_request *request, struct slice suffix,
                               struct slice *value) {
    (void)suffix;
    const struct table_settings *settings = request->settings;
    if (settings == NULL) {
        return ENGINE_VALUE_NONE;
    }
    if (settings->secure_link_secret.length > 0) {
        return check_secret(request, value);
    }
    if (settings->secure_link == TABLE_NONE || settings->secure_link_md5 == TABLE_NONE) {
        return ENGINE_VALUE_NONE;
    }
    return check_digest(request, value);
}

enum engine_value engine_variable_secure_link(struct engine_request *request, struct slice suffix,
                                              struct slice *value) {
    (void)suffix;
    return engine_keep(request, ENGINE_KEPT_SECURE_LINK, check, value);
}

static enum engine_value find_expires(struct engine_request *request, struct slice suffix,
                                      struct slice *value) {
    (void)suffix;
    return engine_value_of(request->kept->expires, value);
}

/* As in nginx there is none before $secure_link was asked for. */
enum engine_value engine_variable_secure_link_expires(struct engine_request *request,
                                                      struct slice suffix, struct slice *value) {
    (void)suffix;
    return engine_keep(request, ENGINE_KEPT_SECURE_LINK_EXPIRES, find_expires, value);
}
