/* Cipher lists as OpenSSL reads them: words that are none of its language, and lists that come to
 * nothing. What is weak of a list is found in check/. */
#include "model/openssl.h"
#include "model/reading.h"

#include <string.h>

/* Between the parts of a word. */
static const char joints[] = "-+_";

/* What suites and classes of suites are or were named by. Lists are written for several versions of
 * OpenSSL, for its descendants and for patched ones, and OpenSSL passes over a word for what this
 * one has no longer, or has not yet: of words made of these parts nothing is said. No OpenSSL has a
 * class TLSv1.1, but many a list excludes it. */
/* clang-format off */
static const struct slice parts[] = {
    SLICE_INIT("128"), SLICE_INIT("168"), SLICE_INIT("256"), SLICE_INIT("3DES"), SLICE_INIT("40"),
    SLICE_INIT("56"), SLICE_INIT("64"), SLICE_INIT("8"), SLICE_INIT("ADH"), SLICE_INIT("AECDH"),
    SLICE_INIT("AES"), SLICE_INIT("AES128"), SLICE_INIT("AES256"), SLICE_INIT("AESCCM"),
    SLICE_INIT("AESCCM8"), SLICE_INIT("AESGCM"), SLICE_INIT("ALL"), SLICE_INIT("ARIA"),
    SLICE_INIT("ARIA128"), SLICE_INIT("ARIA256"), SLICE_INIT("ARIAGCM"), SLICE_INIT("CAMELLIA"),
    SLICE_INIT("CAMELLIA128"), SLICE_INIT("CAMELLIA256"), SLICE_INIT("CBC"), SLICE_INIT("CBC3"),
    SLICE_INIT("CCM"), SLICE_INIT("CCM8"), SLICE_INIT("CHACHA20"), SLICE_INIT("COMPLEMENTOFALL"),
    SLICE_INIT("COMPLEMENTOFDEFAULT"), SLICE_INIT("D"), SLICE_INIT("DEFAULT"), SLICE_INIT("DES"),
    SLICE_INIT("DH"), SLICE_INIT("DHE"), SLICE_INIT("DRAFT"), SLICE_INIT("DSA"), SLICE_INIT("DSS"),
    SLICE_INIT("ECC"), SLICE_INIT("ECDH"), SLICE_INIT("ECDHE"), SLICE_INIT("ECDSA"),
    SLICE_INIT("EDE"), SLICE_INIT("EDE3"), SLICE_INIT("EDH"), SLICE_INIT("EECDH"),
    SLICE_INIT("EXP"), SLICE_INIT("EXP1024"), SLICE_INIT("EXPORT"), SLICE_INIT("EXPORT40"),
    SLICE_INIT("EXPORT56"), SLICE_INIT("FIPS"), SLICE_INIT("GCM"), SLICE_INIT("GOST"),
    SLICE_INIT("GOST12"), SLICE_INIT("GOST2001"), SLICE_INIT("GOST2012"), SLICE_INIT("GOST89"),
    SLICE_INIT("GOST8912"), SLICE_INIT("GOST89MAC"), SLICE_INIT("GOST94"), SLICE_INIT("HIGH"),
    SLICE_INIT("IANA"), SLICE_INIT("IDEA"), SLICE_INIT("KRB5"), SLICE_INIT("KUZNYECHIK"),
    SLICE_INIT("KUZNYECHIKOMAC"), SLICE_INIT("LEGACY"), SLICE_INIT("LOW"), SLICE_INIT("MAGMA"),
    SLICE_INIT("MAGMAOMAC"), SLICE_INIT("MD5"), SLICE_INIT("MEDIUM"), SLICE_INIT("NULL"),
    SLICE_INIT("OLD"), SLICE_INIT("POLY1305"), SLICE_INIT("PSK"), SLICE_INIT("RC2"),
    SLICE_INIT("RC4"), SLICE_INIT("RSA"), SLICE_INIT("SEED"), SLICE_INIT("SHA"), SLICE_INIT("SHA1"),
    SLICE_INIT("SHA224"), SLICE_INIT("SHA256"), SLICE_INIT("SHA384"), SLICE_INIT("SHA512"),
    SLICE_INIT("SM2"), SLICE_INIT("SM3"), SLICE_INIT("SM4"), SLICE_INIT("SRP"), SLICE_INIT("SSLv2"),
    SLICE_INIT("SSLv3"), SLICE_INIT("SUITEB128"), SLICE_INIT("SUITEB128C2"),
    SLICE_INIT("SUITEB128ONLY"), SLICE_INIT("SUITEB192"), SLICE_INIT("TLS"), SLICE_INIT("TLS13"),
    SLICE_INIT("TLSv1"), SLICE_INIT("TLSv1.0"), SLICE_INIT("TLSv1.1"), SLICE_INIT("TLSv1.2"),
    SLICE_INIT("TLSv1.3"), SLICE_INIT("WITH"), SLICE_INIT("aDH"), SLICE_INIT("aDSS"),
    SLICE_INIT("aECDH"), SLICE_INIT("aECDSA"), SLICE_INIT("aGOST"), SLICE_INIT("aGOST01"),
    SLICE_INIT("aGOST12"), SLICE_INIT("aNULL"), SLICE_INIT("aPSK"), SLICE_INIT("aRSA"),
    SLICE_INIT("aSRP"), SLICE_INIT("draft"), SLICE_INIT("eNULL"), SLICE_INIT("kDH"),
    SLICE_INIT("kDHE"), SLICE_INIT("kDHEPSK"), SLICE_INIT("kDHd"), SLICE_INIT("kDHr"),
    SLICE_INIT("kECDH"), SLICE_INIT("kECDHE"), SLICE_INIT("kECDHEPSK"), SLICE_INIT("kECDHe"),
    SLICE_INIT("kECDHr"), SLICE_INIT("kEDH"), SLICE_INIT("kEECDH"), SLICE_INIT("kGOST"),
    SLICE_INIT("kGOST18"), SLICE_INIT("kKRB5"), SLICE_INIT("kPSK"), SLICE_INIT("kRSA"),
    SLICE_INIT("kRSAPSK"), SLICE_INIT("kSRP"),
};
/* clang-format on */

#define PART_COUNT (sizeof parts / sizeof parts[0])

/* --- words --- */

static bool is_part(struct slice text) {
    for (size_t i = 0; i < PART_COUNT; i++) {
        if (slice_equals(text, parts[i])) {
            return true;
        }
    }
    return false;
}

/* The first part of the word that is none; an empty slice when all are. */
static struct slice find_odd_part(struct slice word) {
    size_t begin = 0;
    for (size_t at = 0; at <= word.size; at++) {
        if (at == word.size || strchr(joints, word.data[at]) != NULL) {
            struct slice part = {word.data + begin, at - begin};
            if (!is_part(part)) {
                return part.size > 0 ? part : word;
            }
            begin = at + 1;
        }
    }
    return (struct slice){0};
}

/* @STRENGTH orders, @SECLEVEL=2 demands. */
static bool is_known_command(struct slice word) {
    uint64_t level;
    return slice_equals(word, SLICE("@STRENGTH")) ||
           (slice_starts_with(word, SLICE("@SECLEVEL=")) &&
            slice_parse_u64(slice_skip(word, 10), 5, &level));
}

/* `word` without the mark in front of it. */
static bool is_known(SSL_CTX *context, struct arena *arena, struct slice word) {
    return find_odd_part(word).size == 0 || openssl_set_ciphers(context, arena, word);
}

/* The name that was meant: a suite of this OpenSSL, or a part. */
static struct slice find_nearest(SSL_CTX *context, struct arena *arena, struct slice word) {
    VECTOR_OF(struct slice) names = {0};
    openssl_set_ciphers(context, arena, SLICE("ALL:COMPLEMENTOFALL"));
    STACK_OF(SSL_CIPHER) *suites = SSL_CTX_get_ciphers(context);
    for (int i = 0; i < sk_SSL_CIPHER_num(suites); i++) {
        const char *name = SSL_CIPHER_get_name(sk_SSL_CIPHER_value(suites, i));
        VECTOR_PUSH(arena, &names, slice_from_string(name));
    }
    for (size_t i = 0; i < PART_COUNT; i++) {
        VECTOR_PUSH(arena, &names, parts[i]);
    }
    return nearest_name(word, names.items, names.count);
}

static void report_unknown(const struct setter_call *call, SSL_CTX *context,
                           const struct word *word, size_t begin, struct slice unknown) {
    struct model *model = call->model;
    struct diagnostic *diagnostic = diagnostic_error(
        model->diagnostics, DIAGNOSTIC_INVALID_VALUE,
        word_span(model, word, begin, begin + unknown.size),
        unknown.data[0] == '@' ? "cipher lists have no command \"%.*s\""
                               : "\"%.*s\" is no cipher suite, nor a class of them",
        SLICE_ARGS(unknown));
    struct slice nearest = find_nearest(context, model->arena, unknown);
    struct slice odd = find_odd_part(unknown);
    struct slice part = nearest_name(odd, parts, PART_COUNT);
    if (nearest.size > 0) {
        diagnostic_help(model->arena, diagnostic, "write \"%.*s\"", SLICE_ARGS(nearest));
    } else if (unknown.data[0] == '@') {
        diagnostic_help(model->arena, diagnostic,
                        "the commands are @STRENGTH and @SECLEVEL=0 to @SECLEVEL=5");
    } else if (part.size > 0) {
        diagnostic_help(model->arena, diagnostic, "write \"%.*s\" for \"%.*s\"", SLICE_ARGS(part),
                        SLICE_ARGS(odd));
    } else {
        diagnostic_help(model->arena, diagnostic,
                        "a good list is ECDHE+AESGCM:ECDHE+CHACHA20; \"openssl ciphers -s ALL\" "
                        "prints what there is");
    }
}

/* The element without its mark. A mark alone is no word of the language, either. */
static struct slice word_of(struct slice element) {
    bool is_marked = element.size > 1 && strchr("!-+", element.data[0]) != NULL;
    return is_marked ? slice_skip(element, 1) : element;
}

/* Reports the words that nothing can be made of; false when there are any. */
static bool check_words(const struct setter_call *call, SSL_CTX *context, const struct word *word) {
    bool is_sound = true;
    struct slice rest = word->text;
    struct slice element;
    while (openssl_next_cipher(&rest, &element)) {
        struct slice name = word_of(element);
        if (name.data[0] == '@' ? !is_known_command(name)
                                : !is_known(context, call->model->arena, name)) {
            report_unknown(call, context, word, (size_t)(name.data - word->text.data), name);
            is_sound = false;
        }
    }
    return is_sound;
}

/* --- the list --- */

static void report_empty(const struct setter_call *call, const struct word *word) {
    struct diagnostic *diagnostic = diagnostic_error(
        call->model->diagnostics, DIAGNOSTIC_INVALID_VALUE, word->span,
        "\"%s\" admits no cipher suite that OpenSSL has here", call->directive->name);
    diagnostic_help(call->model->arena, diagnostic,
                    "write \"%s ECDHE+AESGCM:ECDHE+CHACHA20;\"; suites of TLS 1.3 are not "
                    "listed, they are always there",
                    call->directive->name);
}

/* Large sites say the same in each server: OpenSSL is asked once. */
static bool check_list(const struct setter_call *call, const struct word *word) {
    struct arena *arena = call->model->arena;
    struct map *good = &call->model->reading->good_values;
    struct slice key = text_marked(arena, 'c', word->text);
    if (call->origin == NULL || openssl_is_profile(word->text) ||
        openssl_has_modern_suites(word->text) || map_find(good, key) != NULL) {
        return true;
    }
    SSL_CTX *context = openssl_create_context(call->directive->group == GROUP_SERVER);
    bool is_sound = check_words(call, context, word);
    bool is_good = is_sound && openssl_set_ciphers(context, arena, word->text);
    SSL_CTX_free(context);
    if (is_good) {
        map_insert(good, key, good);
    } else if (is_sound) {
        report_empty(call, word);
    }
    return is_good;
}

bool model_set_ssl_ciphers(const struct setter_call *call) {
    return check_list(call, statement_argument(call->statement, 0)) && model_set_text(call);
}
