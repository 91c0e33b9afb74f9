/* Expansion of cipher strings. Which suites a string admits depends on the OpenSSL at hand, so
 * only those that every build has are asserted. */
#include "check/ciphers.h"
#include "model/openssl.h"

#include "unit.h"

static struct arena arena;

static struct cipher_list expand(const char *string) {
    struct cipher_list list;
    ciphers_expand(&arena, slice_from_string(string), &list);
    return list;
}

static bool is_weak(const struct cipher_list *list) {
    for (size_t i = 0; i < CIPHER_WEAKNESS_COUNT; i++) {
        if (list->weak[i].items.count > 0) {
            return true;
        }
    }
    return false;
}

static bool names(const struct cipher_list *list, enum cipher_weakness weakness, const char *name) {
    return phrase_list_has(&list->weak[weakness], slice_from_string(name));
}

static void accepts_good_lists(void) {
    static const char *const good[] = {
        "ECDHE+AESGCM:ECDHE+CHACHA20",
        "ECDHE-ECDSA-AES128-GCM-SHA256:ECDHE-RSA-AES128-GCM-SHA256:DHE-RSA-CHACHA20-POLY1305",
        "HIGH:!aNULL:!MD5:!kRSA",
        "EECDH+AESGCM:EDH+AESGCM:!RC4:!3DES",
        "@SECLEVEL=1:ECDHE+AESGCM",
    };
    for (size_t i = 0; i < sizeof good / sizeof good[0]; i++) {
        struct cipher_list list = expand(good[i]);
        CU_ASSERT_FALSE(is_weak(&list));
    }
}

static void finds_lack_of_forward_secrecy(void) {
    struct cipher_list list = expand("HIGH:!aNULL:!MD5");
    CU_ASSERT_TRUE(names(&list, CIPHER_NO_FORWARD_SECRECY, "AES128-SHA"));
    CU_ASSERT_EQUAL(list.weak[CIPHER_NULL].items.count, 0);
    CU_ASSERT_EQUAL(list.weak[CIPHER_ANONYMOUS].items.count, 0);
}

static void finds_suites_without_encryption_or_authentication(void) {
    struct cipher_list list = expand("ALL:eNULL");
    CU_ASSERT_TRUE(names(&list, CIPHER_NULL, "NULL-SHA256"));
    CU_ASSERT_TRUE(names(&list, CIPHER_ANONYMOUS, "ADH-AES128-SHA"));
    list = expand("ALL:eNULL:!eNULL:!aNULL");
    CU_ASSERT_EQUAL(list.weak[CIPHER_NULL].items.count, 0);
    CU_ASSERT_EQUAL(list.weak[CIPHER_ANONYMOUS].items.count, 0);
}

/* OpenSSL 3 is usually built without these, so the string has to be believed. */
static void finds_suites_asked_for_by_name(void) {
    struct cipher_list list = expand("ECDHE+AESGCM:RC4-SHA:EXP-DES-CBC-SHA:DES-CBC-SHA");
    CU_ASSERT_TRUE(names(&list, CIPHER_RC4, "RC4-SHA"));
    CU_ASSERT_TRUE(names(&list, CIPHER_EXPORT, "EXP-DES-CBC-SHA"));
    CU_ASSERT_TRUE(names(&list, CIPHER_DES, "DES-CBC-SHA"));
    list = expand("ECDHE+AESGCM RC4-SHA,EXP-DES-CBC-SHA:!RC4:!EXPORT");
    CU_ASSERT_EQUAL(list.weak[CIPHER_RC4].items.count, 0);
    CU_ASSERT_EQUAL(list.weak[CIPHER_EXPORT].items.count, 0);
    list = expand("ECDHE+AESGCM:-RC4-SHA:+3DES");
    CU_ASSERT_FALSE(is_weak(&list));
}

/* What is said without asking OpenSSL is what it says itself. */
static void knows_modern_lists(void) {
    struct slice rest =
        SLICE("ECDHE-ECDSA-AES128-GCM-SHA256:ECDHE-RSA-AES128-GCM-SHA256:"
              "ECDHE-ECDSA-AES256-GCM-SHA384:ECDHE-RSA-AES256-GCM-SHA384:"
              "ECDHE-ECDSA-CHACHA20-POLY1305:ECDHE-RSA-CHACHA20-POLY1305:"
              "DHE-RSA-AES128-GCM-SHA256:DHE-RSA-AES256-GCM-SHA384:DHE-RSA-CHACHA20-POLY1305:"
              "ECDHE-ECDSA-AES128-SHA256:ECDHE-RSA-AES128-SHA256:"
              "ECDHE-ECDSA-AES256-SHA384:ECDHE-RSA-AES256-SHA384");
    CU_ASSERT_TRUE(openssl_has_modern_suites(rest));
    struct slice suite;
    SSL_CTX *context = openssl_create_context(true);
    while (openssl_next_cipher(&rest, &suite)) {
        CU_ASSERT_TRUE(openssl_has_modern_suites(suite));
        CU_ASSERT_TRUE_FATAL(openssl_set_ciphers(context, &arena, suite));
        STACK_OF(SSL_CIPHER) *suites = SSL_CTX_get_ciphers(context);
        const SSL_CIPHER *last = sk_SSL_CIPHER_value(suites, sk_SSL_CIPHER_num(suites) - 1);
        CU_ASSERT_TRUE(slice_equals(suite, slice_from_string(SSL_CIPHER_get_name(last))));
        CU_ASSERT_NOT_EQUAL(SSL_CIPHER_get_kx_nid(last), NID_kx_rsa);
    }
    char groups[] = "X25519:prime256v1:secp384r1:secp521r1"; /* the macro takes no constant */
    CU_ASSERT_EQUAL(SSL_CTX_set1_groups_list(context, groups), 1);
    SSL_CTX_free(context);
    CU_ASSERT_TRUE(openssl_has_modern_groups(SLICE("X25519:prime256v1:secp384r1")));
    static const char *const others[] = {"",
                                         "HIGH",
                                         "ECDHE-RSA-AES128-GCM-SHA256:",
                                         ":ECDHE-RSA-AES128-GCM-SHA256",
                                         "X25519:",
                                         "X25519:X25519",
                                         "ECDHE-RSA-AES128-GCM-SHA256:!aNULL",
                                         "AES128-SHA"};
    for (size_t i = 0; i < sizeof others / sizeof others[0]; i++) {
        CU_ASSERT_FALSE(openssl_has_modern_suites(slice_from_string(others[i])));
        CU_ASSERT_FALSE(openssl_has_modern_groups(slice_from_string(others[i])));
    }
}

UNIT_TESTS("check/ciphers", {"knows modern lists", knows_modern_lists},
           {"accepts good lists", accepts_good_lists},
           {"finds lack of forward secrecy", finds_lack_of_forward_secrecy},
           {"finds suites without encryption or authentication",
            finds_suites_without_encryption_or_authentication},
           {"finds suites asked for by name", finds_suites_asked_for_by_name})
