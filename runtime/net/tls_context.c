/* Making contexts out of settings and the contents of files. */
#include "net/tls_context.h"

#include "net/tls_internal.h"
#include "net/tls_material.h"

#include <errno.h>
#include <openssl/err.h>
#include <stdlib.h>
#include <string.h>

/* --- making one --- */

struct making {
    struct tls_context *context;
    SSL_CTX *ssl;
    const struct table *table;
    const struct table_settings *settings;
    const struct secrets *secrets;
    struct tls_trust_list *trusted;
    struct failure *failure;
};

/* Always false. */
static bool fail(const struct making *making, const char *directive, struct slice value) {
    return tls_material_fail(making->failure, directive, value);
}

static bool fail_file(const struct making *making, enum tls_file file) {
    return fail(making, tls_file_directives[file],
                tls_file_path(making->table, making->settings, file));
}

static BIO *open_file(const struct making *making, enum tls_file file) {
    return tls_file_open(making->table, making->settings, making->secrets, file);
}

/* --- suites --- */

static bool set_ciphers(const struct making *making) {
    struct slice ciphers = table_text(making->table, making->settings->proxy_ssl_ciphers);
    return SSL_CTX_set_cipher_list(making->ssl, ciphers.data) == 1 ||
           fail(making, "proxy_ssl_ciphers", ciphers);
}

/* --- whom to trust --- */

static struct tls_trust_file file_of(const struct making *making, enum tls_file file) {
    return (struct tls_trust_file){tls_file_directives[file],
                                   tls_file_path(making->table, making->settings, file)};
}

static bool set_trust(const struct making *making) {
    if (making->settings->proxy_ssl_verify == 0) {
        return true;
    }
    const struct tls_trust_files files = {
        .authorities = {file_of(making, TLS_FILE_TRUSTED)},
        .revoked = file_of(making, TLS_FILE_CRL),
    };
    struct tls_trust *trust =
        tls_trust_find(making->trusted, &files, making->secrets, making->failure);
    if (trust == NULL) {
        return false;
    }
    making->context->trust = tls_trust_hold(trust);
    SSL_CTX_set1_cert_store(making->ssl, trust->store);
    SSL_CTX_set_verify(making->ssl, SSL_VERIFY_PEER, NULL);
    SSL_CTX_set_cert_verify_callback(making->ssl, tls_verify_certificate, NULL);
    SSL_CTX_set_verify_depth(making->ssl, (int)making->settings->proxy_ssl_verify_depth);
    return true;
}

/* --- who we are --- */

/* The passwords for the key; without data there are none. */
static struct slice find_passwords(const struct making *making) {
    struct secret secret;
    struct slice path = tls_file_path(making->table, making->settings, TLS_FILE_PASSWORDS);
    return path.size > 0 && secrets_find(making->secrets, path, &secret) ? secret.content
                                                                         : (struct slice){NULL, 0};
}

static bool set_certificate(const struct making *making) {
    if (tls_file_path(making->table, making->settings, TLS_FILE_CERTIFICATE).size == 0) {
        return true;
    }
    BIO *chain = open_file(making, TLS_FILE_CERTIFICATE);
    BIO *key = open_file(making, TLS_FILE_KEY);
    bool is_done =
        (tls_use_chain(making->ssl, chain) || fail_file(making, TLS_FILE_CERTIFICATE)) &&
        (tls_use_key(making->ssl, key, find_passwords(making)) || fail_file(making, TLS_FILE_KEY));
    BIO_free(chain);
    BIO_free(key);
    return is_done;
}

/* --- altogether --- */

/* HTTP/2 is spoken whatever the backend answers: it may know nothing of ALPN (RFC 9113 3.2). */
static bool set_protocol(const struct making *making) {
    static const unsigned char http2[] = {2, 'h', '2'};
    return making->settings->proxy_http_version != TABLE_HTTP_2 ||
           SSL_CTX_set_alpn_protos(making->ssl, http2, sizeof http2) == 0 ||
           fail(making, "proxy_http_version", SLICE("2"));
}

/* An end without a goodbye is told apart by the stream, and is no reason to forget a session. */
static void set_modes(const struct making *making) {
    SSL_CTX_set_options(making->ssl, SSL_OP_NO_COMPRESSION | SSL_OP_IGNORE_UNEXPECTED_EOF);
    SSL_CTX_set_mode(making->ssl, SSL_MODE_RELEASE_BUFFERS | SSL_MODE_ACCEPT_MOVING_WRITE_BUFFER |
                                      SSL_MODE_NO_AUTO_CHAIN);
    SSL_CTX_set_read_ahead(making->ssl, 1);
    if (making->settings->proxy_ssl_session_reuse != 0) {
        SSL_CTX_set_session_cache_mode(making->ssl,
                                       SSL_SESS_CACHE_CLIENT | SSL_SESS_CACHE_NO_INTERNAL);
        SSL_CTX_sess_set_new_cb(making->ssl, tls_client_keep_session);
    } else {
        SSL_CTX_set_session_cache_mode(making->ssl, SSL_SESS_CACHE_OFF);
    }
}

static bool set_up(const struct making *making) {
    set_modes(making);
    tls_use_versions(making->ssl, making->table, making->settings->proxy_ssl_protocols);
    return set_ciphers(making) && set_certificate(making) && set_trust(making) &&
           set_protocol(making) &&
           tls_run_commands(making->ssl, SSL_CONF_FLAG_CLIENT, "proxy_ssl_conf_command",
                            making->table, making->settings->proxy_ssl_conf_command,
                            making->failure);
}

struct tls_context *tls_context_create(const struct table *table,
                                       const struct table_settings *settings,
                                       const struct secrets *secrets,
                                       struct tls_trust_list *trusted, struct failure *failure) {
    struct tls_context *context = calloc(1, sizeof *context);
    if (context == NULL) {
        failure_set(failure, "%s", strerror(ENOMEM));
        return NULL;
    }
    ERR_clear_error();
    context->references = 1;
    context->verifies = settings->proxy_ssl_verify != 0;
    context->keeps_sessions = settings->proxy_ssl_session_reuse != 0;
    context->sends_name = settings->proxy_ssl_server_name != 0;
    tls_context_identify(table, settings, secrets, context->identity);
    context->transport = tls_transport_create();
    context->ssl = context->transport != NULL ? SSL_CTX_new(TLS_client_method()) : NULL;
    const struct making making = {context, context->ssl, table,  settings,
                                  secrets, trusted,      failure};
    if (context->ssl == NULL) {
        fail(&making, "proxy_ssl_protocols", SLICE("..."));
    }
    if (context->ssl == NULL || !set_up(&making)) {
        tls_context_release(context);
        return NULL;
    }
    return context;
}

struct tls_context *tls_context_hold(struct tls_context *context) {
    context->references++;
    return context;
}

void tls_context_list(struct tls_context *context, struct tls_context **list) {
    context->next = *list;
    context->link = list;
    if (context->next != NULL) {
        context->next->link = &context->next;
    }
    *list = context;
}

void tls_context_unlist(struct tls_context *context) {
    if (context->link != NULL) {
        *context->link = context->next;
    }
    if (context->next != NULL) {
        context->next->link = context->link;
    }
    context->next = NULL;
    context->link = NULL;
}

void tls_context_release(struct tls_context *context) {
    if (--context->references == 0) {
        tls_context_unlist(context);
        SSL_CTX_free(context->ssl);
        if (context->trust != NULL) {
            tls_trust_release(context->trust);
        }
        BIO_meth_free(context->transport);
        free(context);
    }
}
