/* Trying whether files hold what they are for, by the functions that servers read them with. */
#include "certificate/certificate_probe.h"

#include "certificate/certificate_file.h"

#include <openssl/err.h>
#include <openssl/ocsp.h>
#include <openssl/pem.h>
#include <openssl/ssl.h>

/* --- authorities and what they have revoked --- */

/* Authorities may bring their lists along. */
static size_t count(const STACK_OF(X509_INFO) * items, bool with_certificates) {
    size_t found = 0;
    for (int i = 0; i < sk_X509_INFO_num(items); i++) {
        const X509_INFO *item = sk_X509_INFO_value(items, i);
        found += item->crl != NULL || (with_certificates && item->x509 != NULL);
    }
    return found;
}

static struct slice look_for(BIO *bytes, bool with_certificates, struct slice missing) {
    STACK_OF(X509_INFO) *items = PEM_X509_INFO_read_bio(bytes, NULL, NULL, NULL);
    struct slice problem = items == NULL                          ? SLICE("it is damaged")
                           : count(items, with_certificates) == 0 ? missing
                                                                  : (struct slice){0};
    sk_X509_INFO_pop_free(items, X509_INFO_free);
    return problem;
}

static struct slice probe_authorities(struct arena *arena, BIO *bytes) {
    (void)arena;
    return look_for(bytes, true, SLICE("there is no certificate in it"));
}

static struct slice probe_revocations(struct arena *arena, BIO *bytes) {
    (void)arena;
    return look_for(bytes, false, SLICE("there is no list of revoked certificates in it"));
}

/* --- parameters --- */

static struct slice try_parameters(struct arena *arena, EVP_PKEY *parameters) {
    SSL_CTX *context = SSL_CTX_new(TLS_server_method());
    if (context == NULL) {
        memory_exhausted();
    }
    struct slice problem = {0};
    if (SSL_CTX_set0_tmp_dh_pkey(context, parameters) != 1) {
        const char *reason = ERR_reason_error_string(ERR_peek_last_error());
        problem = arena_format(arena, "OpenSSL refuses what is in it: %s",
                               reason != NULL ? reason : "no reason given");
        EVP_PKEY_free(parameters);
    }
    SSL_CTX_free(context);
    return problem;
}

static struct slice probe_parameters(struct arena *arena, BIO *bytes) {
    EVP_PKEY *parameters = PEM_read_bio_Parameters(bytes, NULL);
    return parameters != NULL ? try_parameters(arena, parameters)
                              : SLICE("there are no parameters in it");
}

/* --- what is not PEM --- */

static struct slice probe_ticket_key(struct arena *arena, BIO *bytes) {
    size_t size = BIO_ctrl_pending(bytes);
    if (size == 48 || size == 80) {
        return (struct slice){0};
    }
    return arena_format(arena, "it has %zu bytes, not 48 or 80", size);
}

static struct slice probe_answer(struct arena *arena, BIO *bytes) {
    (void)arena;
    OCSP_RESPONSE *answer = d2i_OCSP_RESPONSE_bio(bytes, NULL);
    struct slice problem =
        answer == NULL ? SLICE("there is no answer of an OCSP responder in it") : (struct slice){0};
    OCSP_RESPONSE_free(answer);
    return problem;
}

/* --- altogether --- */

struct slice certificate_probe(struct arena *arena, struct slice path,
                               enum certificate_content content) {
    static struct slice (*const probes[CERTIFICATE_CONTENT_COUNT])(struct arena *, BIO *) = {
        [CERTIFICATE_CONTENT_AUTHORITIES] = probe_authorities,
        [CERTIFICATE_CONTENT_REVOCATIONS] = probe_revocations,
        [CERTIFICATE_CONTENT_PARAMETERS] = probe_parameters,
        [CERTIFICATE_CONTENT_TICKET_KEY] = probe_ticket_key,
        [CERTIFICATE_CONTENT_ANSWER] = probe_answer,
    };
    struct slice problem = {0};
    BIO *bytes = certificate_file_open(arena, path, &problem);
    if (bytes != NULL && probes[content] != NULL) {
        ERR_clear_error();
        problem = probes[content](arena, bytes);
        ERR_clear_error();
    }
    BIO_free(bytes);
    return problem;
}
