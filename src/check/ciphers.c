/* Expands cipher strings with OpenSSL and sorts out the weak suites; see ciphers.h. */
#include "check/ciphers.h"

#include "model/openssl.h"

#include <string.h>

const char *const cipher_weakness_names[CIPHER_WEAKNESS_COUNT] = {
    [CIPHER_NULL] = "without encryption",
    [CIPHER_ANONYMOUS] = "without authentication",
    [CIPHER_EXPORT] = "of export strength",
    [CIPHER_RC4] = "with RC4",
    [CIPHER_DES] = "with DES or 3DES",
    [CIPHER_MD5] = "with MD5",
    [CIPHER_NO_FORWARD_SECRECY] = "without forward secrecy",
};

/* Properties of OpenSSL's suites that make one weak; the first that applies is the one named. */
static const struct {
    int (*property)(const SSL_CIPHER *);
    int nid;
    enum cipher_weakness weakness;
} weak_properties[] = {
    {SSL_CIPHER_get_cipher_nid, NID_undef, CIPHER_NULL},
    {SSL_CIPHER_get_auth_nid, NID_auth_null, CIPHER_ANONYMOUS},
    {SSL_CIPHER_get_cipher_nid, NID_rc4, CIPHER_RC4},
    {SSL_CIPHER_get_cipher_nid, NID_des_cbc, CIPHER_DES},
    {SSL_CIPHER_get_cipher_nid, NID_des_ede3_cbc, CIPHER_DES},
    {SSL_CIPHER_get_digest_nid, NID_md5, CIPHER_MD5},
    {SSL_CIPHER_get_kx_nid, NID_kx_rsa, CIPHER_NO_FORWARD_SECRECY},
};

/* Words of cipher strings, whole or as parts between '-' of a suite's name. */
static const struct {
    const char *word;
    enum cipher_weakness weakness;
} weak_words[] = {
    {"NULL", CIPHER_NULL},      {"eNULL", CIPHER_NULL},      {"aNULL", CIPHER_ANONYMOUS},
    {"ADH", CIPHER_ANONYMOUS},  {"AECDH", CIPHER_ANONYMOUS}, {"EXP", CIPHER_EXPORT},
    {"EXPORT", CIPHER_EXPORT},  {"EXPORT40", CIPHER_EXPORT}, {"EXPORT56", CIPHER_EXPORT},
    {"EXP1024", CIPHER_EXPORT}, {"LOW", CIPHER_DES},         {"RC4", CIPHER_RC4},
    {"DES", CIPHER_DES},        {"3DES", CIPHER_DES},        {"CBC3", CIPHER_DES},
    {"MD5", CIPHER_MD5},
};

/* Suites without certificates need keys that nginx cannot be given, so they are never chosen. */
static bool is_usable(const SSL_CIPHER *suite) {
    int authentication = SSL_CIPHER_get_auth_nid(suite);
    int exchange = SSL_CIPHER_get_kx_nid(suite);
    return authentication != NID_auth_psk && authentication != NID_auth_srp &&
           exchange != NID_kx_psk && exchange != NID_kx_rsa_psk && exchange != NID_kx_srp &&
           exchange != NID_kx_ecdhe_psk && exchange != NID_kx_dhe_psk;
}

static bool has_forward_secrecy(const SSL_CIPHER *suite) {
    int exchange = SSL_CIPHER_get_kx_nid(suite);
    return exchange == NID_kx_ecdhe || exchange == NID_kx_dhe;
}

static void add_suite(struct arena *arena, const SSL_CIPHER *suite, struct cipher_list *list) {
    list->has_forward_secrecy |= has_forward_secrecy(suite);
    for (size_t i = 0; is_usable(suite) && i < sizeof weak_properties / sizeof weak_properties[0];
         i++) {
        if (weak_properties[i].property(suite) == weak_properties[i].nid) {
            struct slice name =
                arena_copy_slice(arena, slice_from_string(SSL_CIPHER_get_name(suite)));
            VECTOR_PUSH(arena, &list->weak[weak_properties[i].weakness].items, name);
            return;
        }
    }
}

/* SSL_CTX_get_ciphers is the list before security levels and protocol versions are applied, which
 * are the running machine's business. TLS 1.3 suites are always in it. */
static void expand(struct arena *arena, SSL_CTX *context, struct slice string,
                   struct cipher_list *list) {
    if (!openssl_set_ciphers(context, arena, string)) {
        return;
    }
    STACK_OF(SSL_CIPHER) *suites = SSL_CTX_get_ciphers(context);
    for (int i = 0; i < sk_SSL_CIPHER_num(suites); i++) {
        const SSL_CIPHER *suite = sk_SSL_CIPHER_value(suites, i);
        if (SSL_CIPHER_get_kx_nid(suite) != NID_kx_any) {
            add_suite(arena, suite, list);
        }
    }
}

/* What an element such as RC4, EXP-RC4-MD5 or kRSA+3DES asks for; CIPHER_WEAKNESS_COUNT: nothing
 * weak. */
static enum cipher_weakness classify(struct slice element) {
    enum cipher_weakness found = CIPHER_WEAKNESS_COUNT;
    size_t begin = 0;
    for (size_t at = 0; at <= element.size; at++) {
        if (at < element.size && strchr("-+_", element.data[at]) == NULL) {
            continue;
        }
        struct slice word = {element.data + begin, at - begin};
        begin = at + 1;
        for (size_t i = 0; i < sizeof weak_words / sizeof weak_words[0]; i++) {
            if (slice_equals(word, slice_from_string(weak_words[i].word)) &&
                weak_words[i].weakness < found) {
                found = weak_words[i].weakness;
            }
        }
    }
    return found;
}

/* Whether "!word" elsewhere in the string takes out for good what `element` asks for. */
static bool is_excluded(struct slice string, struct slice element) {
    struct slice other;
    while (openssl_next_cipher(&string, &other)) {
        if (other.data[0] != '!') {
            continue;
        }
        other = slice_skip(other, 1);
        bool is_whole_class =
            slice_find_byte(other, '-') == other.size && slice_find_byte(other, '+') == other.size;
        if (slice_equals(other, element) ||
            (is_whole_class && classify(other) < CIPHER_WEAKNESS_COUNT &&
             classify(other) == classify(element))) {
            return true;
        }
    }
    return false;
}

void ciphers_expand(struct arena *arena, struct slice string, struct cipher_list *list) {
    *list = (struct cipher_list){0};
    if (openssl_has_modern_suites(string)) {
        list->has_forward_secrecy = true;
        return;
    }
    SSL_CTX *context = openssl_create_context(true);
    expand(arena, context, string, list);
    struct slice rest = string;
    struct slice element;
    while (openssl_next_cipher(&rest, &element)) {
        if (strchr("!-+@", element.data[0]) != NULL) {
            continue;
        }
        enum cipher_weakness weakness = classify(element);
        if (weakness < CIPHER_WEAKNESS_COUNT && !is_excluded(string, element) &&
            !openssl_set_ciphers(context, arena, element)) {
            VECTOR_PUSH(arena, &list->weak[weakness].items, element);
        }
    }
    SSL_CTX_free(context);
}

struct phrase_list ciphers_list(struct arena *arena, struct slice string) {
    struct phrase_list names = {0};
    SSL_CTX *context = openssl_create_context(true);
    if (openssl_set_ciphers(context, arena, string)) {
        STACK_OF(SSL_CIPHER) *suites = SSL_CTX_get_ciphers(context);
        for (int i = 0; i < sk_SSL_CIPHER_num(suites); i++) {
            const SSL_CIPHER *suite = sk_SSL_CIPHER_value(suites, i);
            if (SSL_CIPHER_get_kx_nid(suite) != NID_kx_any && is_usable(suite)) {
                VECTOR_PUSH(arena, &names.items,
                            arena_copy_slice(arena, slice_from_string(SSL_CIPHER_get_name(suite))));
            }
        }
    }
    SSL_CTX_free(context);
    return names;
}
