/* Parts of contexts, out of the contents of files and the words of directives. */
#include "net/tls_material.h"

#include "net/tls_error.h"

#include <errno.h>
#include <openssl/err.h>
#include <openssl/pem.h>
#include <string.h>

bool tls_material_fail(struct failure *failure, const char *directive, struct slice value) {
    char text[TLS_ERROR_SIZE];
    return failure_set(failure, "%s \"%.*s\": %s", directive, SLICE_ARGS(value),
                       tls_error_take(text));
}

BIO *tls_material_open(const struct secrets *secrets, struct slice path) {
    struct secret secret;
    if (!secrets_find(secrets, path, &secret) || secret.content.size > INT32_MAX) {
        return NULL;
    }
    return BIO_new_mem_buf(secret.content.data, (int)secret.content.size);
}

/* --- versions --- */

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
void tls_use_versions(SSL_CTX *ssl, const struct table *table, struct table_range names) {
    SSL_CTX_set_min_proto_version(ssl, 0);
    SSL_CTX_set_max_proto_version(ssl, 0);
    for (size_t i = 0; i < sizeof versions / sizeof versions[0]; i++) {
        if (is_listed(table, names, versions[i].name)) {
            SSL_CTX_clear_options(ssl, versions[i].without);
        } else {
            SSL_CTX_set_options(ssl, versions[i].without);
        }
    }
}

/* --- certificates and keys --- */

/* What is behind the last certificate of a file. */
static bool is_at_end(void) {
    unsigned long error = ERR_peek_last_error();
    return ERR_GET_LIB(error) == ERR_LIB_PEM && ERR_GET_REASON(error) == PEM_R_NO_START_LINE;
}

bool tls_use_chain(SSL_CTX *ssl, BIO *content) {
    X509 *certificate = content != NULL ? PEM_read_bio_X509_AUX(content, NULL, NULL, NULL) : NULL;
    bool is_used = certificate != NULL && SSL_CTX_use_certificate(ssl, certificate) == 1 &&
                   SSL_CTX_clear_chain_certs(ssl) == 1;
    X509_free(certificate);
    if (!is_used) {
        return false;
    }
    while ((certificate = PEM_read_bio_X509(content, NULL, NULL, NULL)) != NULL) {
        if (SSL_CTX_add0_chain_cert(ssl, certificate) != 1) {
            X509_free(certificate);
            return false;
        }
    }
    if (!is_at_end()) {
        return false;
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

static EVP_PKEY *read_key_with_passwords(BIO *content, struct slice passwords) {
    if (passwords.data == NULL) {
        return read_key(content, SLICE(""));
    }
    EVP_PKEY *key = NULL;
    do {
        size_t end = slice_find_byte(passwords, '\n');
        struct slice line = slice_take(passwords, end);
        passwords = slice_skip(passwords, end + 1);
        line.size -= line.size > 0 && line.data[line.size - 1] == '\r' ? 1 : 0;
        ERR_clear_error();
        key = read_key(content, line);
    } while (key == NULL && passwords.size > 0);
    return key;
}

/* A key of another kind than the certificate is taken by OpenSSL without a word, and is of no use.
 */
bool tls_use_key(SSL_CTX *ssl, BIO *content, struct slice passwords) {
    EVP_PKEY *key = content != NULL ? read_key_with_passwords(content, passwords) : NULL;
    bool is_used =
        key != NULL && SSL_CTX_use_PrivateKey(ssl, key) == 1 && SSL_CTX_check_private_key(ssl) == 1;
    EVP_PKEY_free(key);
    return is_used;
}

/* --- commands of openssl.cnf --- */

static bool run_command(SSL_CONF_CTX *commands, const char *directive, struct slice command,
                        struct failure *failure) {
    char name[64];
    size_t size = slice_find_byte(command, ' ');
    if (command.data == NULL || size >= sizeof name || size == command.size) {
        return failure_set(failure, "%s \"%.*s\": no such command", directive, SLICE_ARGS(command));
    }
    memcpy(name, command.data, size);
    name[size] = '\0';
    return SSL_CONF_cmd(commands, name, command.data + size + 1) > 0 ||
           tls_material_fail(failure, directive, command);
}

bool tls_run_commands(SSL_CTX *ssl, unsigned flags, const char *directive,
                      const struct table *table, struct table_range commands,
                      struct failure *failure) {
    if (commands.count == 0) {
        return true;
    }
    SSL_CONF_CTX *context = SSL_CONF_CTX_new();
    if (context == NULL) {
        return failure_set(failure, "%s", strerror(ENOMEM));
    }
    SSL_CONF_CTX_set_flags(context, SSL_CONF_FLAG_FILE | SSL_CONF_FLAG_SHOW_ERRORS | flags);
    SSL_CONF_CTX_set_ssl_ctx(context, ssl);
    bool is_done = true;
    for (uint32_t i = 0; is_done && i < commands.count; i++) {
        struct table_string text = table->name[commands.first + i].text;
        is_done = run_command(context, directive, table_text(table, text), failure);
    }
    if (is_done && SSL_CONF_CTX_finish(context) != 1) {
        is_done = tls_material_fail(failure, directive, SLICE("..."));
    }
    SSL_CONF_CTX_free(context);
    return is_done;
}
