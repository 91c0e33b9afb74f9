/* Certificates of clients: who may vouch for them, and whose names clients are told. What becomes
 * of a client without a good one is decided with its request, see http/client_certificate.c. */
#include "net/tls_internal.h"
#include "net/tls_material.h"
#include "net/tls_server_context.h"

#include <openssl/err.h>
#include <openssl/pem.h>

/* As nginx: files of the authorities for clients matter only where clients are asked for a
 * certificate; the others also say who is believed about the server's own (stapling). */
static struct tls_trust *find_trust(const struct table *table,
                                    const struct table_server_settings *settings,
                                    const struct secrets *secrets, struct tls_trust_list *trusted,
                                    struct failure *failure) {
    bool is_asked = settings->ssl_verify_client != 0;
    const struct tls_trust_files files = {
        .authorities = {{"ssl_client_certificate",
                         is_asked ? table_text(table, settings->ssl_client_certificate)
                                  : SLICE("")},
                        {"ssl_trusted_certificate",
                         table_text(table, settings->ssl_trusted_certificate)}},
        .revoked = {"ssl_crl", table_text(table, settings->ssl_crl)},
    };
    return tls_trust_find(trusted, &files, secrets, failure);
}

static int is_name(const X509_NAME *const *a, const X509_NAME *const *b) {
    return X509_NAME_cmp(*a, *b);
}

/* The names of all certificates, each once. NULL without memory. */
static STACK_OF(X509_NAME) * read_names(BIO *content) {
    STACK_OF(X509_NAME) *names = sk_X509_NAME_new(is_name);
    X509 *certificate;
    while (names != NULL && content != NULL &&
           (certificate = PEM_read_bio_X509(content, NULL, NULL, NULL)) != NULL) {
        X509_NAME *name = X509_NAME_dup(X509_get_subject_name(certificate));
        X509_free(certificate);
        bool is_known = name != NULL && sk_X509_NAME_find(names, name) >= 0;
        if (is_known || name == NULL || sk_X509_NAME_push(names, name) == 0) {
            X509_NAME_free(name);
        }
    }
    ERR_clear_error();
    return names;
}

/* The handshake goes on whatever the certificate is: the request is answered, and told why. Errors
 * that were found on the way would end the handshake as soon as it has to wait. */
static int let_pass(int is_good, X509_STORE_CTX *chain) {
    (void)chain;
    if (!is_good) {
        ERR_clear_error();
    }
    return 1;
}

static void ask_for_certificates(SSL_CTX *ssl, const struct table *table,
                                 const struct table_server_settings *settings,
                                 const struct secrets *secrets) {
    struct slice path = table_text(table, settings->ssl_client_certificate);
    BIO *content = path.size > 0 ? tls_material_open(secrets, path) : NULL;
    SSL_CTX_set_client_CA_list(ssl, read_names(content));
    BIO_free(content);
    SSL_CTX_set_verify(ssl, SSL_VERIFY_PEER, let_pass);
    SSL_CTX_set_verify_depth(ssl, (int)settings->ssl_verify_depth);
}

bool tls_server_use_clients(struct tls_server_context *context, const struct table *table,
                            const struct table_server_settings *settings,
                            const struct secrets *secrets, struct tls_trust_list *trusted,
                            struct failure *failure) {
    if (settings->ssl_verify_client == 0 && settings->ssl_trusted_certificate.length == 0 &&
        settings->ssl_crl.length == 0) {
        return true;
    }
    struct tls_trust *trust = find_trust(table, settings, secrets, trusted, failure);
    if (trust == NULL) {
        return false;
    }
    context->trust = tls_trust_hold(trust);
    SSL_CTX_set1_cert_store(context->ssl, trust->store);
    if (settings->ssl_verify_client != 0) {
        ask_for_certificates(context->ssl, table, settings, secrets);
    }
    return true;
}
