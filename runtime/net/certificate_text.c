/* Texts of certificates. OpenSSL writes most of them, into memory of its own. */
#include "net/certificate_text.h"

#include <openssl/err.h>
#include <openssl/pem.h>
#include <stdio.h>
#include <string.h>

static const char lower_digits[] = "0123456789abcdef";
static const char upper_digits[] = "0123456789ABCDEF";

/* An empty text is none, as in nginx. */
static bool copy(struct arena *arena, struct slice from, struct slice *text) {
    char *bytes = from.size > 0 ? arena_allocate_bytes(arena, from.size) : NULL;
    if (bytes != NULL) {
        memcpy(bytes, from.data, from.size);
        *text = (struct slice){bytes, from.size};
    }
    return bytes != NULL;
}

/* --- what OpenSSL writes --- */

typedef bool writer(BIO *output, X509 *certificate);

static struct slice written_to(BIO *output) {
    char *bytes = NULL;
    long size = BIO_get_mem_data(output, &bytes);
    return (struct slice){bytes, size > 0 ? (size_t)size : 0};
}

static bool write_text(X509 *certificate, writer *write, struct arena *arena, struct slice *text) {
    BIO *output = BIO_new(BIO_s_mem());
    bool is_written =
        output != NULL && write(output, certificate) && copy(arena, written_to(output), text);
    BIO_free(output);
    ERR_clear_error();
    return is_written;
}

static bool write_pem(BIO *output, X509 *certificate) {
    return PEM_write_bio_X509(output, certificate) == 1;
}

static bool write_serial(BIO *output, X509 *certificate) {
    return i2a_ASN1_INTEGER(output, X509_get0_serialNumber(certificate)) >= 0;
}

static bool write_name(BIO *output, const X509_NAME *name) {
    return X509_NAME_print_ex(output, name, 0, XN_FLAG_RFC2253) >= 0;
}

static bool write_subject(BIO *output, X509 *certificate) {
    return write_name(output, X509_get_subject_name(certificate));
}

static bool write_issuer(BIO *output, X509 *certificate) {
    return write_name(output, X509_get_issuer_name(certificate));
}

static bool write_begin(BIO *output, X509 *certificate) {
    return ASN1_TIME_print(output, X509_get0_notBefore(certificate)) == 1;
}

static bool write_end(BIO *output, X509 *certificate) {
    return ASN1_TIME_print(output, X509_get0_notAfter(certificate)) == 1;
}

bool certificate_pem(X509 *certificate, struct arena *arena, struct slice *text) {
    return write_text(certificate, write_pem, arena, text);
}

bool certificate_serial(X509 *certificate, struct arena *arena, struct slice *text) {
    return write_text(certificate, write_serial, arena, text);
}

bool certificate_subject(X509 *certificate, struct arena *arena, struct slice *text) {
    return write_text(certificate, write_subject, arena, text);
}

bool certificate_issuer(X509 *certificate, struct arena *arena, struct slice *text) {
    return write_text(certificate, write_issuer, arena, text);
}

bool certificate_begin(X509 *certificate, struct arena *arena, struct slice *text) {
    return write_text(certificate, write_begin, arena, text);
}

bool certificate_end(X509 *certificate, struct arena *arena, struct slice *text) {
    return write_text(certificate, write_end, arena, text);
}

/* --- names as they were written before RFC 2253 --- */

static bool write_legacy(const X509_NAME *name, struct arena *arena, struct slice *text) {
    char *line = X509_NAME_oneline(name, NULL, 0);
    bool is_written = line != NULL && copy(arena, slice_from_string(line), text);
    OPENSSL_free(line);
    return is_written;
}

bool certificate_subject_legacy(X509 *certificate, struct arena *arena, struct slice *text) {
    return write_legacy(X509_get_subject_name(certificate), arena, text);
}

bool certificate_issuer_legacy(X509 *certificate, struct arena *arena, struct slice *text) {
    return write_legacy(X509_get_issuer_name(certificate), arena, text);
}

/* --- other forms of its PEM --- */

static size_t count_byte(struct slice text, char byte) {
    size_t count = 0;
    for (size_t i = 0; i < text.size; i++) {
        count += text.data[i] == byte;
    }
    return count;
}

bool certificate_folded_pem(X509 *certificate, struct arena *arena, struct slice *text) {
    struct slice pem;
    if (!certificate_pem(certificate, arena, &pem)) {
        return false;
    }
    pem.size--; /* the last line's end */
    char *folded = arena_allocate_bytes(arena, pem.size + count_byte(pem, '\n'));
    if (folded == NULL) {
        return false;
    }
    char *end = folded;
    for (size_t i = 0; i < pem.size; i++) {
        *end++ = pem.data[i];
        if (pem.data[i] == '\n') {
            *end++ = '\t';
        }
    }
    *text = (struct slice){folded, (size_t)(end - folded)};
    return true;
}

/* RFC 3986 2.3: what needs no encoding anywhere. */
static bool is_unreserved(char byte) {
    char lower = byte_lower(byte);
    return (lower >= 'a' && lower <= 'z') || (byte >= '0' && byte <= '9') || byte == '-' ||
           byte == '.' || byte == '_' || byte == '~';
}

bool certificate_escaped_pem(X509 *certificate, struct arena *arena, struct slice *text) {
    struct slice pem;
    if (!certificate_pem(certificate, arena, &pem)) {
        return false;
    }
    char *escaped = arena_allocate_bytes(arena, pem.size * 3);
    if (escaped == NULL) {
        return false;
    }
    char *end = escaped;
    for (size_t i = 0; i < pem.size; i++) {
        unsigned char byte = (unsigned char)pem.data[i];
        if (is_unreserved(pem.data[i])) {
            *end++ = pem.data[i];
        } else {
            *end++ = '%';
            *end++ = upper_digits[byte >> 4];
            *end++ = upper_digits[byte & 15];
        }
    }
    *text = (struct slice){escaped, (size_t)(end - escaped)};
    return true;
}

bool certificate_fingerprint(X509 *certificate, struct arena *arena, struct slice *text) {
    unsigned char hash[EVP_MAX_MD_SIZE];
    char digits[2 * EVP_MAX_MD_SIZE];
    unsigned size;
    if (X509_digest(certificate, EVP_sha1(), hash, &size) != 1) {
        ERR_clear_error();
        return false;
    }
    for (size_t i = 0; i < size; i++) {
        digits[2 * i] = lower_digits[hash[i] >> 4];
        digits[2 * i + 1] = lower_digits[hash[i] & 15];
    }
    return copy(arena, (struct slice){digits, 2 * (size_t)size}, text);
}

/* --- judgements --- */

bool certificate_remaining(X509 *certificate, time_t now, struct arena *arena, struct slice *text) {
    enum { NUMBER_SIZE = 32 };
    char number[NUMBER_SIZE];
    int days;
    int seconds;
    ASN1_TIME *present = ASN1_TIME_set(NULL, now);
    bool is_known = present != NULL &&
                    ASN1_TIME_diff(&days, &seconds, present, X509_get0_notAfter(certificate)) == 1;
    ASN1_TIME_free(present);
    ERR_clear_error();
    if (!is_known) {
        return false;
    }
    int size = snprintf(number, sizeof number, "%d", days > 0 ? days : 0);
    return copy(arena, (struct slice){number, (size_t)size}, text);
}

bool certificate_verdict(const X509 *certificate, long result, struct arena *arena,
                         struct slice *text) {
    enum { VERDICT_SIZE = 128 };
    char verdict[VERDICT_SIZE];
    if (certificate == NULL || result == X509_V_OK) {
        *text = certificate == NULL ? SLICE("NONE") : SLICE("SUCCESS");
        return true;
    }
    int size =
        snprintf(verdict, sizeof verdict, "FAILED:%s", X509_verify_cert_error_string(result));
    size = size < VERDICT_SIZE ? size : VERDICT_SIZE - 1;
    return copy(arena, (struct slice){verdict, (size_t)size}, text);
}
