/* Asking OpenSSL about one certificate. */
#include "certificate/certificate_facts.h"

#include "base/phrase.h"
#include "base/text.h"

#include <arpa/inet.h>
#include <openssl/err.h>
#include <openssl/x509v3.h>
#include <string.h>
#include <time.h>

/* What is less is refused by OpenSSL at its usual security level 2. */
#define SECURITY_BITS 112
/* More names than this are counted, not told. */
#define NAMED_NAMES 4

/* --- titles --- */

/* Control characters of ASCII, or those of Latin-1, which begin with 0xc2 in UTF-8. */
static bool is_control(unsigned char byte, unsigned char next) {
    return byte < 0x20 || byte == 0x7f || (byte == 0xc2 && next >= 0x80 && next < 0xa0);
}

/* They would write to the terminal what they like. */
static struct slice printable(struct arena *arena, struct slice text) {
    struct text result;
    text_init(&result, arena);
    for (size_t i = 0; i < text.size; i++) {
        unsigned char byte = (unsigned char)text.data[i];
        unsigned char next = i + 1 < text.size ? (unsigned char)text.data[i + 1] : 0;
        bool is_harmful = is_control(byte, next);
        text_add_byte(&result, is_harmful ? '?' : text.data[i]);
        i += is_harmful && byte == 0xc2 ? 1 : 0;
    }
    return text_slice(&result);
}

static struct slice string_text(struct arena *arena, const ASN1_STRING *string) {
    unsigned char *bytes = NULL;
    int size = ASN1_STRING_to_UTF8(&bytes, string);
    if (size < 0) {
        return (struct slice){0};
    }
    struct slice text = printable(arena, (struct slice){(const char *)bytes, (size_t)size});
    OPENSSL_free(bytes);
    return text;
}

/* Texts in it that are no UTF-8 end it. */
static struct slice whole_name(struct arena *arena, const X509_NAME *name) {
    BIO *bytes = BIO_new(BIO_s_mem());
    if (bytes == NULL) {
        memory_exhausted();
    }
    bool is_whole = X509_NAME_print_ex(bytes, name, 0, XN_FLAG_RFC2253) >= 0;
    char *data;
    size_t size = (size_t)BIO_get_mem_data(bytes, &data);
    struct slice text = size > 0 ? printable(arena, (struct slice){data, size}) : SLICE("");
    BIO_free(bytes);
    ERR_clear_error();
    return is_whole ? text : arena_format(arena, "%.*s...", SLICE_ARGS(text));
}

static struct slice common_name(struct arena *arena, const X509_NAME *name) {
    int position = X509_NAME_get_index_by_NID(name, NID_commonName, -1);
    if (position < 0) {
        return (struct slice){0};
    }
    return string_text(arena, X509_NAME_ENTRY_get_data(X509_NAME_get_entry(name, position)));
}

struct slice certificate_title(struct arena *arena, X509 *certificate) {
    const X509_NAME *subject = X509_get_subject_name(certificate);
    struct slice title = common_name(arena, subject);
    if (title.size == 0) {
        title = certificate_names(arena, certificate);
    }
    return title.size > 0 ? title : whole_name(arena, subject);
}

struct slice certificate_issuer_title(struct arena *arena, X509 *certificate) {
    const X509_NAME *issuer = X509_get_issuer_name(certificate);
    struct slice title = common_name(arena, issuer);
    return title.size > 0 ? title : whole_name(arena, issuer);
}

/* --- time --- */

static int64_t seconds(const ASN1_TIME *time) {
    struct tm parts;
    return ASN1_TIME_to_tm(time, &parts) == 1 ? (int64_t)timegm(&parts) : 0;
}

int64_t certificate_begin(const X509 *certificate) {
    return seconds(X509_get0_notBefore(certificate));
}

int64_t certificate_end(const X509 *certificate) {
    return seconds(X509_get0_notAfter(certificate));
}

struct slice certificate_day(struct arena *arena, int64_t time) {
    struct tm parts;
    time_t seconds_of_it = (time_t)time;
    if (gmtime_r(&seconds_of_it, &parts) == NULL) {
        return SLICE("?");
    }
    return arena_format(arena, "%04d-%02d-%02d", parts.tm_year + 1900, parts.tm_mon + 1,
                        parts.tm_mday);
}

/* --- names --- */

static struct slice address_text(struct arena *arena, const ASN1_OCTET_STRING *address) {
    char text[INET6_ADDRSTRLEN];
    int family = ASN1_STRING_length(address) == 16 ? AF_INET6 : AF_INET;
    if ((family == AF_INET && ASN1_STRING_length(address) != 4) ||
        inet_ntop(family, ASN1_STRING_get0_data(address), text, sizeof text) == NULL) {
        return (struct slice){0};
    }
    return arena_copy_slice(arena, slice_from_string(text));
}

/* A name that servers have, or an empty slice for a mail address and the like. */
static struct slice server_name(struct arena *arena, const GENERAL_NAME *name) {
    switch (name->type) {
    case GEN_DNS:
        return string_text(arena, name->d.dNSName);
    case GEN_IPADD:
        return address_text(arena, name->d.iPAddress);
    default:
        return (struct slice){0};
    }
}

struct slice certificate_names(struct arena *arena, X509 *certificate) {
    GENERAL_NAMES *names = X509_get_ext_d2i(certificate, NID_subject_alt_name, NULL, NULL);
    struct phrase_list list = {0};
    for (int i = 0; i < sk_GENERAL_NAME_num(names); i++) {
        struct slice name = server_name(arena, sk_GENERAL_NAME_value(names, i));
        if (name.size > 0) {
            VECTOR_PUSH(arena, &list.items, name);
        }
    }
    GENERAL_NAMES_free(names);
    return phrase_join_some(arena, &list, NAMED_NAMES);
}

bool certificate_covers(struct arena *arena, X509 *certificate, struct slice name) {
    const char *text = arena_copy_slice(arena, name).data;
    return X509_check_ip_asc(certificate, text, 0) == 1 ||
           X509_check_host(certificate, text, name.size, X509_CHECK_FLAG_NEVER_CHECK_SUBJECT,
                           NULL) == 1;
}

/* --- strength --- */

static const char *key_kind(const EVP_PKEY *key) {
    switch (EVP_PKEY_get_base_id(key)) {
    case EVP_PKEY_RSA:
    case EVP_PKEY_RSA_PSS:
        return "RSA";
    case EVP_PKEY_EC:
        return "EC";
    case EVP_PKEY_DSA:
        return "DSA";
    default:
        return NULL;
    }
}

struct slice certificate_weak_key(struct arena *arena, X509 *certificate) {
    const EVP_PKEY *key = X509_get0_pubkey(certificate);
    const char *kind = key != NULL ? key_kind(key) : NULL;
    if (kind == NULL || EVP_PKEY_get_security_bits(key) >= SECURITY_BITS) {
        return (struct slice){0};
    }
    return arena_format(arena, "%s of %d bits", kind, EVP_PKEY_get_bits(key));
}

struct slice certificate_weak_signature(struct arena *arena, X509 *certificate) {
    int digest = NID_undef;
    int bits = 0;
    if (certificate_is_self_issued(certificate) ||
        X509_get_signature_info(certificate, &digest, NULL, &bits, NULL) != 1 ||
        bits >= SECURITY_BITS || digest == NID_undef) {
        return (struct slice){0};
    }
    return digest == NID_sha1  ? SLICE("SHA-1")
           : digest == NID_md5 ? SLICE("MD5")
                               : arena_copy_slice(arena, slice_from_string(OBJ_nid2ln(digest)));
}

/* --- who issued it --- */

bool certificate_is_self_issued(X509 *certificate) {
    return X509_NAME_cmp(X509_get_subject_name(certificate), X509_get_issuer_name(certificate)) ==
           0;
}

/* The Baseline Requirements of the CA/Browser Forum (7.1.6.1) have public authorities say by one of
 * these policies how they know the owner of a server's certificate. */
bool certificate_is_of_public_authority(X509 *certificate) {
    static const char *const policies[] = {
        "2.23.140.1.1",   /* the company was looked at closely (EV) */
        "2.23.140.1.2.1", /* somebody who rules over the name */
        "2.23.140.1.2.2", /* a company */
        "2.23.140.1.2.3", /* a person */
    };
    CERTIFICATEPOLICIES *stated =
        X509_get_ext_d2i(certificate, NID_certificate_policies, NULL, NULL);
    bool is_public = false;
    for (int i = 0; i < sk_POLICYINFO_num(stated); i++) {
        char policy[64];
        OBJ_obj2txt(policy, sizeof policy, sk_POLICYINFO_value(stated, i)->policyid, 1);
        for (size_t j = 0; j < sizeof policies / sizeof policies[0]; j++) {
            is_public |= strcmp(policy, policies[j]) == 0;
        }
    }
    CERTIFICATEPOLICIES_free(stated);
    return is_public;
}
