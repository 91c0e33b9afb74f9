/* For tests of stapling: an authority, a certificate of its, and answers about that. */
#ifndef OCSP_AUTHORITY_H
#define OCSP_AUTHORITY_H

#include "net/ocsp.h"
#include "unit.h"

#include <openssl/evp.h>
#include <openssl/x509v3.h>
#include <string.h>

#define AUTHORITY_URL "http://ocsp.test/path"

struct ocsp_authority {
    EVP_PKEY *key;
    X509 *certificate;
    EVP_PKEY *leaf_key;
    X509 *leaf;
    struct ocsp_subject subject; /* of the leaf */
};

static inline void authority_add_extension(X509 *certificate, X509 *issuer, int id,
                                           const char *value) {
    X509V3_CTX context;
    X509V3_set_ctx(&context, issuer, certificate, NULL, NULL, 0);
    X509_EXTENSION *extension = X509V3_EXT_conf_nid(NULL, &context, id, value);
    CU_ASSERT_PTR_NOT_NULL_FATAL(extension);
    X509_add_ext(certificate, extension, -1);
    X509_EXTENSION_free(extension);
}

static inline X509 *authority_make_certificate(EVP_PKEY *key, const char *name, long serial,
                                               X509 *issuer) {
    X509 *certificate = X509_new();
    X509_set_version(certificate, 2);
    ASN1_INTEGER_set(X509_get_serialNumber(certificate), serial);
    X509_gmtime_adj(X509_getm_notBefore(certificate), -60);
    X509_gmtime_adj(X509_getm_notAfter(certificate), 86400);
    X509_set_pubkey(certificate, key);
    X509_NAME_add_entry_by_txt(X509_get_subject_name(certificate), "CN", MBSTRING_ASC,
                               (const unsigned char *)name, -1, -1, 0);
    X509_set_issuer_name(certificate, X509_get_subject_name(issuer != NULL ? issuer : certificate));
    authority_add_extension(certificate, issuer != NULL ? issuer : certificate,
                            NID_basic_constraints,
                            issuer == NULL ? "critical,CA:TRUE" : "CA:FALSE");
    return certificate;
}

static inline X509 *authority_issue(const struct ocsp_authority *authority, EVP_PKEY *key,
                                    const char *name, long serial, const char *urls) {
    X509 *certificate = authority_make_certificate(key, name, serial, authority->certificate);
    if (urls != NULL) {
        authority_add_extension(certificate, authority->certificate, NID_info_access, urls);
    }
    X509_sign(certificate, authority->key, EVP_sha256());
    return certificate;
}

static inline void authority_open(struct ocsp_authority *authority) {
    authority->key = EVP_EC_gen("P-256");
    authority->certificate = authority_make_certificate(authority->key, "authority", 1, NULL);
    X509_sign(authority->certificate, authority->key, EVP_sha256());
    authority->leaf_key = EVP_EC_gen("P-256");
    authority->leaf =
        authority_issue(authority, authority->leaf_key, "www.test", 2, "OCSP;URI:" AUTHORITY_URL);
    authority->subject = (struct ocsp_subject){
        .id = OCSP_cert_to_id(NULL, authority->leaf, authority->certificate),
        .signers = sk_X509_new_null(),
        .trusted = X509_STORE_new(),
        .verifies = true,
    };
    X509_up_ref(authority->certificate);
    sk_X509_push(authority->subject.signers, authority->certificate);
    X509_STORE_add_cert(authority->subject.trusted, authority->certificate);
}

static inline void authority_close(struct ocsp_authority *authority) {
    OCSP_CERTID_free(authority->subject.id);
    sk_X509_pop_free(authority->subject.signers, X509_free);
    X509_STORE_free(authority->subject.trusted);
    X509_free(authority->leaf);
    X509_free(authority->certificate);
    EVP_PKEY_free(authority->leaf_key);
    EVP_PKEY_free(authority->key);
}

/* What an answer is to say. */
struct ocsp_draft {
    int response_status; /* OCSP_RESPONSE_STATUS_... */
    int status;          /* V_OCSP_CERTSTATUS_... */
    long serial;         /* 0: the leaf's */
    long begin;          /* seconds from now */
    long end;            /* the same; 0: open */
    X509 *signer;        /* NULL: the authority */
    EVP_PKEY *signer_key;
    bool shows_signer; /* its certificate comes with the answer */
};

/* In DER, into `bytes`; returns its size. */
static inline size_t authority_answer(const struct ocsp_authority *authority,
                                      const struct ocsp_draft *draft,
                                      unsigned char bytes[OCSP_ANSWER_LIMIT]) {
    OCSP_BASICRESP *basic = OCSP_BASICRESP_new();
    OCSP_CERTID *id = OCSP_CERTID_dup(authority->subject.id);
    if (draft->serial != 0) {
        ASN1_INTEGER *serial;
        OCSP_id_get0_info(NULL, NULL, NULL, &serial, id);
        ASN1_INTEGER_set(serial, draft->serial);
    }
    ASN1_TIME *begin = X509_gmtime_adj(NULL, draft->begin);
    ASN1_TIME *end = draft->end != 0 ? X509_gmtime_adj(NULL, draft->end) : NULL;
    ASN1_TIME *revoked = X509_gmtime_adj(NULL, -1000);
    bool is_revoked = draft->status == V_OCSP_CERTSTATUS_REVOKED;
    OCSP_basic_add1_status(basic, id, draft->status,
                           is_revoked ? OCSP_REVOKED_STATUS_KEYCOMPROMISE : 0,
                           is_revoked ? revoked : NULL, begin, end);
    OCSP_basic_sign(basic, draft->signer != NULL ? draft->signer : authority->certificate,
                    draft->signer_key != NULL ? draft->signer_key : authority->key, EVP_sha256(),
                    NULL, draft->shows_signer ? 0 : OCSP_NOCERTS);
    OCSP_RESPONSE *response = OCSP_response_create(draft->response_status, basic);
    int size = i2d_OCSP_RESPONSE(response, NULL);
    CU_ASSERT_TRUE_FATAL(size > 0 && size <= OCSP_ANSWER_LIMIT);
    i2d_OCSP_RESPONSE(response, &bytes);
    OCSP_RESPONSE_free(response);
    ASN1_TIME_free(begin);
    ASN1_TIME_free(end);
    ASN1_TIME_free(revoked);
    OCSP_CERTID_free(id);
    OCSP_BASICRESP_free(basic);
    return (size_t)size;
}

#endif
