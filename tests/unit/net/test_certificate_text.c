/* Texts of certificates: nginx's forms, of one certificate made on the spot. */
#include "net/certificate_text.h"

#include "unit.h"

#include <openssl/evp.h>
#include <openssl/pem.h>
#include <string.h>

static struct arena arena;
static X509 *certificate;

enum { BEGIN = 1700000000, DAY = 86400, VALID_DAYS = 30 };

static void add_entry(X509_NAME *name, const char *field, const char *value) {
    CU_ASSERT_EQUAL_FATAL(X509_NAME_add_entry_by_txt(name, field, MBSTRING_UTF8,
                                                     (const unsigned char *)value, -1, -1, 0),
                          1);
}

static void set_up(void) {
    EVP_PKEY *key = EVP_EC_gen("P-256");
    arena_init(&arena, 4096);
    certificate = X509_new();
    X509_set_version(certificate, 2);
    BIGNUM *serial = NULL;
    BN_hex2bn(&serial, "00A1B2C3D4E5F6");
    BN_to_ASN1_INTEGER(serial, X509_get_serialNumber(certificate));
    BN_free(serial);
    ASN1_TIME_set(X509_getm_notBefore(certificate), BEGIN);
    ASN1_TIME_set(X509_getm_notAfter(certificate), BEGIN + VALID_DAYS * DAY);
    X509_set_pubkey(certificate, key);
    add_entry(X509_get_subject_name(certificate), "C", "DE");
    add_entry(X509_get_subject_name(certificate), "O", "A, B\nC");
    add_entry(X509_get_subject_name(certificate), "CN", "client \xc3\xa4");
    X509_NAME *issuer = X509_NAME_new();
    add_entry(issuer, "O", "Authorities");
    add_entry(issuer, "CN", "one");
    X509_set_issuer_name(certificate, issuer);
    X509_NAME_free(issuer);
    X509_sign(certificate, key, EVP_sha256());
    EVP_PKEY_free(key);
}

static void tear_down(void) {
    X509_free(certificate);
    arena_release(&arena);
}

static bool is_text(certificate_text *make, const char *expected) {
    struct slice text = {NULL, 0};
    return make(certificate, &arena, &text) && slice_equals(text, slice_from_string(expected));
}

static void writes_names_in_both_forms(void) {
    set_up();
    CU_ASSERT_TRUE(is_text(certificate_subject, "CN=client \\C3\\A4,O=A\\, B\\0AC,C=DE"));
    CU_ASSERT_TRUE(is_text(certificate_issuer, "CN=one,O=Authorities"));
    CU_ASSERT_TRUE(is_text(certificate_subject_legacy, "/C=DE/O=A, B\\x0AC/CN=client \\xC3\\xA4"));
    CU_ASSERT_TRUE(is_text(certificate_issuer_legacy, "/O=Authorities/CN=one"));
    tear_down();
}

static void writes_serial_and_times(void) {
    set_up();
    CU_ASSERT_TRUE(is_text(certificate_serial, "A1B2C3D4E5F6"));
    CU_ASSERT_TRUE(is_text(certificate_begin, "Nov 14 22:13:20 2023 GMT"));
    CU_ASSERT_TRUE(is_text(certificate_end, "Dec 14 22:13:20 2023 GMT"));
    tear_down();
}

static void writes_a_fingerprint(void) {
    set_up();
    struct slice text;
    unsigned char hash[20];
    char expected[41];
    X509_digest(certificate, EVP_sha1(), hash, NULL);
    for (int i = 0; i < 20; i++) {
        snprintf(expected + 2 * i, 3, "%02x", hash[i]);
    }
    CU_ASSERT_TRUE_FATAL(certificate_fingerprint(certificate, &arena, &text));
    CU_ASSERT_TRUE(slice_equals(text, slice_from_string(expected)));
    tear_down();
}

static void writes_pem_that_is_read_again(void) {
    set_up();
    struct slice text;
    CU_ASSERT_TRUE_FATAL(certificate_pem(certificate, &arena, &text));
    CU_ASSERT_TRUE(slice_ends_with(text, SLICE("-----END CERTIFICATE-----\n")));
    BIO *input = BIO_new_mem_buf(text.data, (int)text.size);
    X509 *again = PEM_read_bio_X509(input, NULL, NULL, NULL);
    CU_ASSERT_PTR_NOT_NULL_FATAL(again);
    CU_ASSERT_EQUAL(X509_cmp(again, certificate), 0);
    X509_free(again);
    BIO_free(input);
    tear_down();
}

static void folds_pem_for_a_header(void) {
    set_up();
    struct slice pem;
    struct slice folded;
    CU_ASSERT_TRUE_FATAL(certificate_pem(certificate, &arena, &pem));
    CU_ASSERT_TRUE_FATAL(certificate_folded_pem(certificate, &arena, &folded));
    size_t at = 0;
    for (size_t i = 0; i + 1 < pem.size; i++) {
        CU_ASSERT_EQUAL_FATAL(folded.data[at], pem.data[i]);
        at++;
        if (pem.data[i] == '\n') {
            CU_ASSERT_EQUAL_FATAL(folded.data[at], '\t');
            at++;
        }
    }
    CU_ASSERT_EQUAL(at, folded.size);
    tear_down();
}

static int digit_value(char digit) {
    const char *digits = "0123456789ABCDEF";
    const char *found = strchr(digits, digit);
    return found != NULL ? (int)(found - digits) : -1;
}

static void escapes_pem_for_a_query(void) {
    set_up();
    struct slice pem;
    struct slice escaped;
    CU_ASSERT_TRUE_FATAL(certificate_pem(certificate, &arena, &pem));
    CU_ASSERT_TRUE_FATAL(certificate_escaped_pem(certificate, &arena, &escaped));
    CU_ASSERT_TRUE(slice_starts_with(escaped, SLICE("-----BEGIN%20CERTIFICATE-----%0A")));
    size_t at = 0;
    for (size_t i = 0; i < escaped.size; i++) {
        char byte = escaped.data[i];
        CU_ASSERT_FALSE(byte == '+' || byte == '/' || byte == '=' || byte == ' ');
        if (byte == '%') {
            byte = (char)(digit_value(escaped.data[i + 1]) * 16 + digit_value(escaped.data[i + 2]));
            i += 2;
        }
        CU_ASSERT_EQUAL_FATAL(byte, pem.data[at]);
        at++;
    }
    CU_ASSERT_EQUAL(at, pem.size);
    tear_down();
}

static bool has_days(time_t now, const char *expected) {
    struct slice text = {NULL, 0};
    return certificate_remaining(certificate, now, &arena, &text) &&
           slice_equals(text, slice_from_string(expected));
}

static void counts_whole_days_that_are_left(void) {
    set_up();
    const time_t end = BEGIN + VALID_DAYS * DAY;
    CU_ASSERT_TRUE(has_days(BEGIN, "30"));
    CU_ASSERT_TRUE(has_days(BEGIN + 1, "29"));
    CU_ASSERT_TRUE(has_days(end - DAY, "1"));
    CU_ASSERT_TRUE(has_days(end - DAY + 1, "0"));
    CU_ASSERT_TRUE(has_days(end, "0"));
    CU_ASSERT_TRUE(has_days(end + 5 * DAY, "0"));
    tear_down();
}

static bool is_verdict(const X509 *of, long result, const char *expected) {
    struct slice text = {NULL, 0};
    return certificate_verdict(of, result, &arena, &text) &&
           slice_equals(text, slice_from_string(expected));
}

static void words_the_verdict(void) {
    set_up();
    CU_ASSERT_TRUE(is_verdict(NULL, X509_V_OK, "NONE"));
    CU_ASSERT_TRUE(is_verdict(certificate, X509_V_OK, "SUCCESS"));
    CU_ASSERT_TRUE(
        is_verdict(certificate, X509_V_ERR_CERT_HAS_EXPIRED, "FAILED:certificate has expired"));
    tear_down();
}

static void has_no_text_of_an_empty_name(void) {
    set_up();
    struct slice text;
    X509_NAME *nobody = X509_NAME_new();
    X509_set_subject_name(certificate, nobody);
    X509_NAME_free(nobody);
    CU_ASSERT_FALSE(certificate_subject(certificate, &arena, &text));
    tear_down();
}

UNIT_TESTS("net/certificate_text", {"writes names in both forms", writes_names_in_both_forms},
           {"writes serial and times", writes_serial_and_times},
           {"writes a fingerprint", writes_a_fingerprint},
           {"writes PEM that is read again", writes_pem_that_is_read_again},
           {"folds PEM for a header", folds_pem_for_a_header},
           {"escapes PEM for a query", escapes_pem_for_a_query},
           {"counts whole days that are left", counts_whole_days_that_are_left},
           {"words the verdict", words_the_verdict},
           {"has no text of an empty name", has_no_text_of_an_empty_name})
