/* Certificates with their answers: found out at a context's beginning, sent by its handshakes. */
#include "net/staple.h"

#include "net/tls_error.h"

#include <errno.h>
#include <openssl/err.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <xxhash.h>

/* --- in the handshake --- */

static struct staple *find(struct staples *staples, const X509 *certificate) {
    for (uint32_t i = 0; i < staples->count; i++) {
        if (staples->items[i].certificate == certificate) {
            return &staples->items[i];
        }
    }
    return NULL;
}

/* What another worker was told. */
static void look_at_board(struct staple *staple) {
    uint32_t version = staple->place != NULL ? staple_place_version(staple->place) : 0;
    struct staple_answer news;
    if (version == staple->version || !staple_place_read(staple->place, &staple->key, &news)) {
        return;
    }
    if (staple_use(staple, (struct slice){(char *)news.bytes, news.size}, news.expires)) {
        staple->version = version;
    }
}

static int send_answer(SSL *ssl, const struct staple *staple) {
    unsigned char *copy = OPENSSL_memdup(staple->answer, staple->answer_size);
    if (copy == NULL) {
        return SSL_TLSEXT_ERR_NOACK;
    }
    SSL_set_tlsext_status_ocsp_resp(ssl, copy, staple->answer_size);
    return SSL_TLSEXT_ERR_OK;
}

/* The client has asked for it. */
static int on_request(SSL *ssl, void *data) {
    struct staple *staple = find(data, SSL_get_certificate(ssl));
    if (staple == NULL) {
        return SSL_TLSEXT_ERR_NOACK;
    }
    look_at_board(staple);
    bool has_answer = staple->answer != NULL && staple->expires >= time(NULL);
    return has_answer ? send_answer(ssl, staple) : SSL_TLSEXT_ERR_NOACK;
}

bool staple_use(struct staple *staple, struct slice answer, time_t expires) {
    unsigned char *copy = answer.size > 0 ? malloc(answer.size) : NULL;
    if (copy == NULL) {
        return false;
    }
    memcpy(copy, answer.data, answer.size);
    free(staple->answer);
    staple->answer = copy;
    staple->answer_size = (uint32_t)answer.size;
    staple->expires = expires;
    return true;
}

/* --- making them --- */

struct making {
    SSL_CTX *ssl;
    const struct staples_options *options;
    struct failure *failure;
};

/* Always false. */
__attribute__((format(printf, 2, 3))) static bool leave_out(struct staple *staple,
                                                            const char *format, ...) {
    char message[1024];
    va_list arguments;
    va_start(arguments, format);
    vsnprintf(message, sizeof message, format, arguments);
    va_end(arguments);
    staple->problem = strdup(message);
    return false;
}

static X509 *find_in_chain(X509 *certificate, const STACK_OF(X509) * chain) {
    for (int i = 0; i < sk_X509_num(chain); i++) {
        X509 *issuer = sk_X509_value(chain, i);
        if (X509_check_issued(issuer, certificate) == X509_V_OK) {
            X509_up_ref(issuer);
            return issuer;
        }
    }
    return NULL;
}

static X509 *find_in_store(X509 *certificate, X509_STORE *store) {
    X509 *issuer = NULL;
    X509_STORE_CTX *search = X509_STORE_CTX_new();
    if (search != NULL && X509_STORE_CTX_init(search, store, NULL, NULL) == 1) {
        (void)X509_STORE_CTX_get1_issuer(&issuer, search, certificate);
    }
    X509_STORE_CTX_free(search);
    ERR_clear_error();
    return issuer;
}

static X509 *find_issuer(const struct making *making, X509 *certificate,
                         const STACK_OF(X509) * chain) {
    X509 *issuer = find_in_chain(certificate, chain);
    return issuer != NULL ? issuer
                          : find_in_store(certificate, SSL_CTX_get_cert_store(making->ssl));
}

/* The issuer may sign answers, and so may who stands in the chain. */
static STACK_OF(X509) * list_signers(X509 *issuer, const STACK_OF(X509) * chain) {
    STACK_OF(X509) *signers = sk_X509_new_null();
    X509_up_ref(issuer);
    if (signers == NULL || sk_X509_push(signers, issuer) == 0) {
        X509_free(issuer);
        sk_X509_free(signers);
        return NULL;
    }
    for (int i = 0; i < sk_X509_num(chain); i++) {
        X509 *certificate = sk_X509_value(chain, i);
        if (sk_X509_push(signers, certificate) > 0) {
            X509_up_ref(certificate);
        }
    }
    return signers;
}

static bool set_subject(const struct making *making, struct staple *staple, X509 *issuer,
                        const STACK_OF(X509) * chain) {
    X509_STORE *trusted = SSL_CTX_get_cert_store(making->ssl);
    staple->subject = (struct ocsp_subject){
        .id = OCSP_cert_to_id(NULL, staple->certificate, issuer),
        .signers = list_signers(issuer, chain),
        .trusted = trusted,
        .verifies = making->options->verifies,
    };
    X509_STORE_up_ref(trusted);
    return (staple->subject.id != NULL && staple->subject.signers != NULL) ||
           leave_out(staple, "\"ssl_stapling\" ignored, no memory for certificate \"%s\"",
                     staple->name);
}

static bool set_responder(const struct making *making, struct staple *staple) {
    struct slice given = making->options->responder;
    char *url =
        given.size > 0 ? strndup(given.data, given.size) : ocsp_find_responder(staple->certificate);
    if (url == NULL) {
        return leave_out(staple,
                         "\"ssl_stapling\" ignored, no OCSP responder URL in the certificate "
                         "\"%s\"",
                         staple->name);
    }
    if (!ocsp_parse_responder(slice_from_string(url), &staple->responder)) {
        leave_out(staple,
                  "\"ssl_stapling\" ignored, invalid OCSP responder URL \"%s\" for the "
                  "certificate \"%s\"",
                  url, staple->name);
        free(url);
        return false;
    }
    staple->url = url;
    return true;
}

/* Answers are shared by those who ask the same about the same, and judge alike. */
static void set_key(struct staple *staple) {
    unsigned char digest[EVP_MAX_MD_SIZE];
    unsigned digest_size = 0;
    XXH3_state_t *hash = XXH3_createState();
    X509_digest(staple->certificate, EVP_sha256(), digest, &digest_size);
    if (hash != NULL) {
        XXH3_128bits_reset(hash);
        XXH3_128bits_update(hash, digest, digest_size);
        XXH3_128bits_update(hash, staple->url, strlen(staple->url));
        XXH3_128bits_update(hash, &staple->subject.verifies, sizeof staple->subject.verifies);
        XXH128_hash_t found = XXH3_128bits_digest(hash);
        staple->key = (struct staple_key){{found.low64 | 1, found.high64}};
    }
    XXH3_freeState(hash);
}

static void release(struct staple *staple) {
    X509_free(staple->certificate);
    OCSP_CERTID_free(staple->subject.id);
    sk_X509_pop_free(staple->subject.signers, X509_free);
    X509_STORE_free(staple->subject.trusted);
    free(staple->name);
    free(staple->problem);
    free(staple->url);
    free(staple->answer);
}

static void find_out(const struct making *making, struct staple *staple,
                     const STACK_OF(X509) * chain) {
    X509 *issuer = find_issuer(making, staple->certificate, chain);
    if (issuer == NULL) {
        leave_out(staple,
                  "\"ssl_stapling\" ignored, issuer certificate not found for certificate \"%s\"",
                  staple->name);
    } else if (set_subject(making, staple, issuer, chain) && set_responder(making, staple)) {
        set_key(staple);
    }
    X509_free(issuer);
}

/* The file's answer is sent as it is, as long as it is configured. */
static bool use_file(const struct making *making, struct staple *staple) {
    const time_t never = (time_t)INT64_MAX;
    return staple_use(staple, making->options->file, never) ||
           failure_set(making->failure, "%s", strerror(ENOMEM));
}

static char *copy_name(X509 *certificate) {
    int size = 0;
    const unsigned char *alias = X509_alias_get0(certificate, &size);
    return alias != NULL ? strndup((const char *)alias, (size_t)size) : strdup("");
}

/* The context's current certificate. */
static bool add(const struct making *making, struct staples *staples) {
    struct staple *staple = &staples->items[staples->count];
    STACK_OF(X509) *chain = NULL;
    *staple = (struct staple){.certificate = SSL_CTX_get0_certificate(making->ssl)};
    staple->name = copy_name(staple->certificate);
    X509_up_ref(staple->certificate);
    SSL_CTX_get0_chain_certs(making->ssl, &chain);
    if (staple->name == NULL) {
        release(staple);
        return failure_set(making->failure, "%s", strerror(ENOMEM));
    }
    staples->count++;
    if (making->options->file.data != NULL) {
        return use_file(making, staple);
    }
    find_out(making, staple, chain);
    return true;
}

/* A context has one certificate for each kind of key. */
static uint32_t count_certificates(SSL_CTX *ssl) {
    uint32_t count = 0;
    for (long found = SSL_CTX_set_current_cert(ssl, SSL_CERT_SET_FIRST); found == 1;
         found = SSL_CTX_set_current_cert(ssl, SSL_CERT_SET_NEXT)) {
        count++;
    }
    return count;
}

static bool add_all(const struct making *making, struct staples *staples, uint32_t count) {
    (void)SSL_CTX_set_current_cert(making->ssl, SSL_CERT_SET_FIRST);
    for (uint32_t i = 0; i < count; i++) {
        if (!add(making, staples)) {
            return false;
        }
        (void)SSL_CTX_set_current_cert(making->ssl, SSL_CERT_SET_NEXT);
    }
    ERR_clear_error();
    return true;
}

/* Something that clients can make sense of. */
static bool check_file(const struct making *making) {
    struct slice file = making->options->file;
    const unsigned char *bytes = (const unsigned char *)file.data;
    char text[TLS_ERROR_SIZE];
    if (file.data == NULL) {
        return true;
    }
    if (file.size > OCSP_ANSWER_LIMIT) {
        return failure_set(making->failure, "it has more than %d bytes", OCSP_ANSWER_LIMIT);
    }
    OCSP_RESPONSE *response = d2i_OCSP_RESPONSE(NULL, &bytes, (long)file.size);
    bool is_answer = response != NULL;
    OCSP_RESPONSE_free(response);
    return is_answer || failure_set(making->failure, "%s", tls_error_take(text));
}

struct staples *staples_create(SSL_CTX *ssl, const struct staples_options *options,
                               struct failure *failure) {
    const struct making making = {ssl, options, failure};
    if (!check_file(&making)) {
        return NULL;
    }
    uint32_t count = count_certificates(ssl);
    struct staples *staples = calloc(1, sizeof *staples + count * sizeof(struct staple));
    if (staples == NULL) {
        failure_set(failure, "%s", strerror(ENOMEM));
        return NULL;
    }
    if (!add_all(&making, staples, count)) {
        staples_destroy(staples);
        return NULL;
    }
    SSL_CTX_set_tlsext_status_cb(ssl, on_request);
    SSL_CTX_set_tlsext_status_arg(ssl, staples);
    return staples;
}

void staples_destroy(struct staples *staples) {
    if (staples == NULL) {
        return;
    }
    if (staples->forget != NULL) {
        staples->forget(staples);
    }
    for (uint32_t i = 0; i < staples->count; i++) {
        release(&staples->items[i]);
    }
    free(staples);
}
