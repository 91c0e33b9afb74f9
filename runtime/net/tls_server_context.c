/* Making the contexts of virtual servers out of settings and the contents of files. */
#include "net/tls_server_context.h"

#include "net/tls_internal.h"
#include "net/tls_material.h"

#include <errno.h>
#include <openssl/err.h>
#include <openssl/pem.h>
#include <stdlib.h>
#include <string.h>

struct making {
    SSL_CTX *ssl;
    const struct table *table;
    const struct table_server_settings *settings;
    const struct secrets *secrets;
    const struct tls_shared *shared;
    struct tls_trust_list *trusted;
    struct failure *failure;
};

/* Always false. */
static bool fail(const struct making *making, const char *directive, struct slice value) {
    return tls_material_fail(making->failure, directive, value);
}

/* --- certificates --- */

static struct slice name_at(const struct making *making, struct table_range names,
                            uint32_t position) {
    return position < names.count
               ? table_text(making->table, making->table->name[names.first + position].text)
               : SLICE("");
}

/* Without data when there are none. */
static struct slice find_passwords(const struct making *making) {
    struct secret secret;
    struct slice path = table_text(making->table, making->settings->ssl_password_file);
    return path.size > 0 && secrets_find(making->secrets, path, &secret) ? secret.content
                                                                         : (struct slice){NULL, 0};
}

static bool use_certificate(const struct making *making, struct slice certificate,
                            struct slice key) {
    BIO *chain = tls_material_open(making->secrets, certificate);
    BIO *secret = tls_material_open(making->secrets, key);
    bool is_done =
        (tls_use_chain(making->ssl, chain) || fail(making, "ssl_certificate", certificate)) &&
        (tls_use_key(making->ssl, secret, find_passwords(making)) ||
         fail(making, "ssl_certificate_key", key));
    if (is_done) { /* by which it is called in logs */
        X509_alias_set1(SSL_CTX_get0_certificate(making->ssl),
                        (const unsigned char *)certificate.data, (int)certificate.size);
    }
    BIO_free(chain);
    BIO_free(secret);
    return is_done;
}

/* One for each kind of key; the client's abilities choose among them. */
static bool set_certificates(const struct making *making) {
    struct table_range certificates = making->settings->ssl_certificate;
    struct table_range keys = making->settings->ssl_certificate_key;
    for (uint32_t i = 0; i < certificates.count; i++) {
        if (!use_certificate(making, name_at(making, certificates, i), name_at(making, keys, i))) {
            return false;
        }
    }
    return true;
}

/* --- what is agreed on --- */

static bool set_ciphers(const struct making *making) {
    struct slice ciphers = table_text(making->table, making->settings->ssl_ciphers);
    if (making->settings->ssl_prefer_server_ciphers != 0) {
        SSL_CTX_set_options(making->ssl, SSL_OP_CIPHER_SERVER_PREFERENCE);
    }
    return SSL_CTX_set_cipher_list(making->ssl, ciphers.data) == 1 ||
           fail(making, "ssl_ciphers", ciphers);
}

static bool set_curves(const struct making *making) {
    struct slice curves = table_text(making->table, making->settings->ssl_ecdh_curve);
    return slice_equals(curves, SLICE("auto")) ||
           SSL_CTX_set1_groups_list(making->ssl, (uintptr_t)curves.data) == 1 || /* drops const */
           fail(making, "ssl_ecdh_curve", curves);
}

/* Without parameters there are no DHE suites, as in nginx. */
static bool set_parameters(const struct making *making) {
    struct slice path = table_text(making->table, making->settings->ssl_dhparam);
    if (path.size == 0) {
        return true;
    }
    BIO *content = tls_material_open(making->secrets, path);
    EVP_PKEY *parameters = content != NULL ? PEM_read_bio_Parameters(content, NULL) : NULL;
    bool is_done = parameters != NULL && SSL_CTX_set0_tmp_dh_pkey(making->ssl, parameters) == 1;
    if (!is_done) {
        EVP_PKEY_free(parameters);
        fail(making, "ssl_dhparam", path);
    }
    BIO_free(content);
    return is_done;
}

/* --- altogether --- */

/* An end without a goodbye is told apart by the stream. */
static void set_modes(SSL_CTX *ssl) {
    SSL_CTX_set_options(ssl, SSL_OP_NO_COMPRESSION | SSL_OP_IGNORE_UNEXPECTED_EOF |
                                 SSL_OP_NO_RENEGOTIATION | SSL_OP_SINGLE_DH_USE);
    SSL_CTX_set_mode(ssl, SSL_MODE_RELEASE_BUFFERS | SSL_MODE_ACCEPT_MOVING_WRITE_BUFFER |
                              SSL_MODE_NO_AUTO_CHAIN);
    SSL_CTX_set_read_ahead(ssl, 1);
}

static bool set_sessions(const struct making *making, struct tls_server_context *context) {
    context->sessions =
        tls_server_sessions_create(making->ssl, making->table, making->settings, making->secrets,
                                   making->shared, making->failure);
    return context->sessions != NULL;
}

static bool set_stapling(const struct making *making, struct tls_server_context *context) {
    struct secret file = {0};
    struct slice path = table_text(making->table, making->settings->ssl_stapling_file);
    if (making->settings->ssl_stapling == 0) {
        return true;
    }
    (void)secrets_find(making->secrets, path, &file);
    const struct staples_options options = {
        .responder = table_text(making->table, making->settings->ssl_stapling_responder),
        .file = file.content,
        .verifies = making->settings->ssl_stapling_verify != 0,
    };
    struct failure reason;
    context->staples = staples_create(making->ssl, &options, &reason);
    return context->staples != NULL ||
           failure_set(making->failure, "ssl_stapling_file \"%.*s\": %.200s", SLICE_ARGS(path),
                       reason.text);
}

static bool set_up(const struct making *making, struct tls_server_context *context) {
    set_modes(making->ssl);
    tls_server_set_callbacks(making->ssl);
    tls_use_versions(making->ssl, making->table, making->settings->ssl_protocols);
    return set_ciphers(making) && set_curves(making) && set_parameters(making) &&
           set_certificates(making) &&
           tls_server_use_clients(context, making->table, making->settings, making->secrets,
                                  making->trusted, making->failure) &&
           set_stapling(making, context) && set_sessions(making, context) &&
           tls_run_commands(making->ssl, SSL_CONF_FLAG_SERVER | SSL_CONF_FLAG_CERTIFICATE,
                            "ssl_conf_command", making->table, making->settings->ssl_conf_command,
                            making->failure);
}

struct tls_server_context *
tls_server_context_create(const struct table *table, const struct table_server_settings *settings,
                          const struct secrets *secrets, const struct tls_shared *shared,
                          struct tls_trust_list *trusted, struct failure *failure) {
    struct tls_server_context *context = calloc(1, sizeof *context);
    if (context == NULL) {
        failure_set(failure, "%s", strerror(ENOMEM));
        return NULL;
    }
    ERR_clear_error();
    context->references = 1;
    tls_server_identify(table, settings, secrets, shared, context->identity);
    tls_server_identify_judges(table, settings, secrets, context->judges);
    context->transport = tls_transport_create();
    context->ssl = context->transport != NULL ? SSL_CTX_new(TLS_server_method()) : NULL;
    const struct making making = {context->ssl, table, settings, secrets, shared, trusted, failure};
    if (context->ssl == NULL) {
        fail(&making, "ssl_protocols", SLICE("..."));
    }
    if (context->ssl == NULL || !set_up(&making, context)) {
        tls_server_context_release(context);
        return NULL;
    }
    SSL_CTX_set_app_data(context->ssl, context);
    return context;
}

struct tls_server_context *tls_server_context_hold(struct tls_server_context *context) {
    context->references++;
    return context;
}

void tls_server_context_release(struct tls_server_context *context) {
    if (--context->references == 0) {
        tls_server_list_leave(context);
        if (context->ssl != NULL) { /* what it forgets now others may know */
            SSL_CTX_sess_set_remove_cb(context->ssl, NULL);
        }
        SSL_CTX_free(context->ssl);
        if (context->sessions != NULL) {
            tls_server_sessions_release(context->sessions);
        }
        staples_destroy(context->staples);
        if (context->trust != NULL) {
            tls_trust_release(context->trust);
        }
        BIO_meth_free(context->transport);
        free(context);
    }
}
