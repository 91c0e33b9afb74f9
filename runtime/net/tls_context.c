/* Making contexts out of settings and the contents of files. */
#include "net/tls_context.h"

#include "net/tls_error.h"
#include "net/tls_internal.h"

#include <errno.h>
#include <openssl/err.h>
#include <openssl/pem.h>
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
    char text[TLS_ERROR_SIZE];
    return failure_set(making->failure, "%s \"%.*s\": %s", directive, SLICE_ARGS(value),
                       tls_error_take(text));
}

static bool fail_file(const struct making *making, enum tls_file file) {
    return fail(making, tls_file_directives[file],
                tls_file_path(making->table, making->settings, file));
}

static BIO *open_file(const struct making *making, enum tls_file file) {
    return tls_file_open(making->table, making->settings, making->secrets, file);
}

/* --- versions and suites --- */

static const struct {
    struct slice name;
    uint64_t without;
} versions[] = {
    {SLICE_INIT("SSLv3"), SSL_OP_NO_SSLv3},     {SLICE_INIT("TLSv1"), SSL_OP_NO_TLSv1},
    {SLICE_INIT("TLSv1.1"), SSL_OP_NO_TLSv1_1}, {SLICE_INIT("TLSv1.2"), SSL_OP_NO_TLSv1_2},
    {SLICE_INIT("TLSv1.3"), SSL_OP_NO_TLSv1_3},
};

static bool is_listed(const struct table *table, struct table_range names, struct slice name) {
    for (uint32_t i = 0; i < names.count; i++) {
        if (slice_equals_nocase(table_text(table, table->name[names.first + i].text), name)) {
            return true;
        }
    }
    return false;
}

/* Only what is listed, whatever openssl.cnf says of lowest and highest versions. */
static bool set_versions(const struct making *making) {
    SSL_CTX_set_min_proto_version(making->ssl, 0);
    SSL_CTX_set_max_proto_version(making->ssl, 0);
    for (size_t i = 0; i < sizeof versions / sizeof versions[0]; i++) {
        if (is_listed(making->table, making->settings->proxy_ssl_protocols, versions[i].name)) {
            SSL_CTX_clear_options(making->ssl, versions[i].without);
        } else {
            SSL_CTX_set_options(making->ssl, versions[i].without);
        }
    }
    return true;
}

static bool set_ciphers(const struct making *making) {
    struct slice ciphers = table_text(making->table, making->settings->proxy_ssl_ciphers);
    return SSL_CTX_set_cipher_list(making->ssl, ciphers.data) == 1 ||
           fail(making, "proxy_ssl_ciphers", ciphers);
}

/* --- whom to trust --- */

static bool set_trust(const struct making *making) {
    if (making->settings->proxy_ssl_verify == 0) {
        return true;
    }
    struct tls_trust *trust = tls_trust_find(making->trusted, making->table, making->settings,
                                             making->secrets, making->failure);
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

static bool load_chain(const struct making *making, BIO *content) {
    X509 *certificate = content != NULL ? PEM_read_bio_X509_AUX(content, NULL, NULL, NULL) : NULL;
    if (certificate == NULL || SSL_CTX_use_certificate(making->ssl, certificate) != 1) {
        X509_free(certificate);
        return fail_file(making, TLS_FILE_CERTIFICATE);
    }
    X509_free(certificate);
    while ((certificate = PEM_read_bio_X509(content, NULL, NULL, NULL)) != NULL) {
        if (SSL_CTX_add0_chain_cert(making->ssl, certificate) != 1) {
            X509_free(certificate);
            return fail_file(making, TLS_FILE_CERTIFICATE);
        }
    }
    unsigned long end = ERR_peek_last_error();
    if (ERR_GET_LIB(end) != ERR_LIB_PEM || ERR_GET_REASON(end) != PEM_R_NO_START_LINE) {
        return fail_file(making, TLS_FILE_CERTIFICATE);
    }
    ERR_clear_error();
    return true;
}

static int tell_password(char *text, int size, int is_for_writing, void *password) {
    const struct slice *told = password;
    (void)is_for_writing;
    if (told->size > (size_t)size) {
        return 0;
    }
    if (told->size > 0) {
        memcpy(text, told->data, told->size);
    }
    return (int)told->size;
}

static EVP_PKEY *read_key(BIO *content, struct slice password) {
    (void)BIO_reset(content);
    return PEM_read_bio_PrivateKey(content, NULL, tell_password, &password);
}

/* Each line of the password file is tried; without one a key with a password is an error. */
static EVP_PKEY *read_key_with_passwords(const struct making *making, BIO *content) {
    struct secret secret;
    struct slice path = tls_file_path(making->table, making->settings, TLS_FILE_PASSWORDS);
    if (path.size == 0 || !secrets_find(making->secrets, path, &secret)) {
        return read_key(content, SLICE(""));
    }
    EVP_PKEY *key = NULL;
    struct slice rest = secret.content;
    do {
        size_t end = slice_find_byte(rest, '\n');
        struct slice line = slice_take(rest, end);
        rest = slice_skip(rest, end + 1);
        line.size -= line.size > 0 && line.data[line.size - 1] == '\r' ? 1 : 0;
        ERR_clear_error();
        key = read_key(content, line);
    } while (key == NULL && rest.size > 0);
    return key;
}

static bool load_key(const struct making *making, BIO *content) {
    EVP_PKEY *key = content != NULL ? read_key_with_passwords(making, content) : NULL;
    bool is_used = key != NULL && SSL_CTX_use_PrivateKey(making->ssl, key) == 1;
    EVP_PKEY_free(key);
    return is_used || fail_file(making, TLS_FILE_KEY);
}

static bool set_certificate(const struct making *making) {
    if (tls_file_path(making->table, making->settings, TLS_FILE_CERTIFICATE).size == 0) {
        return true;
    }
    BIO *chain = open_file(making, TLS_FILE_CERTIFICATE);
    BIO *key = open_file(making, TLS_FILE_KEY);
    bool is_done = load_chain(making, chain) && load_key(making, key);
    BIO_free(chain);
    BIO_free(key);
    return is_done;
}

/* --- commands of openssl.cnf --- */

static bool run_command(const struct making *making, SSL_CONF_CTX *commands, struct slice command) {
    char name[64];
    size_t size = slice_find_byte(command, ' ');
    if (command.data == NULL || size >= sizeof name || size == command.size) {
        return failure_set(making->failure, "proxy_ssl_conf_command \"%.*s\": no such command",
                           SLICE_ARGS(command));
    }
    memcpy(name, command.data, size);
    name[size] = '\0';
    return SSL_CONF_cmd(commands, name, command.data + size + 1) > 0 ||
           fail(making, "proxy_ssl_conf_command", command);
}

static bool run_commands(const struct making *making) {
    struct table_range range = making->settings->proxy_ssl_conf_command;
    if (range.count == 0) {
        return true;
    }
    SSL_CONF_CTX *commands = SSL_CONF_CTX_new();
    if (commands == NULL) {
        return failure_set(making->failure, "%s", strerror(ENOMEM));
    }
    SSL_CONF_CTX_set_flags(commands,
                           SSL_CONF_FLAG_FILE | SSL_CONF_FLAG_CLIENT | SSL_CONF_FLAG_SHOW_ERRORS);
    SSL_CONF_CTX_set_ssl_ctx(commands, making->ssl);
    bool is_done = true;
    for (uint32_t i = 0; is_done && i < range.count; i++) {
        const struct table_name *command = &making->table->name[range.first + i];
        is_done = run_command(making, commands, table_text(making->table, command->text));
    }
    if (is_done && SSL_CONF_CTX_finish(commands) != 1) {
        is_done = fail(making, "proxy_ssl_conf_command", SLICE("..."));
    }
    SSL_CONF_CTX_free(commands);
    return is_done;
}

/* --- altogether --- */

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
    return set_versions(making) && set_ciphers(making) && set_certificate(making) &&
           set_trust(making) && run_commands(making);
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
