/* Reading authorities and revocation lists, each kind of file once. */
#include "net/tls_trust.h"
#include "net/tls_error.h"
#include "net/tls_material.h"

#include <errno.h>
#include <openssl/err.h>
#include <openssl/pem.h>
#include <stdlib.h>
#include <string.h>

/* --- life --- */

struct tls_trust *tls_trust_hold(struct tls_trust *trust) {
    trust->references++;
    return trust;
}

void tls_trust_release(struct tls_trust *trust) {
    if (--trust->references == 0) {
        X509_STORE_free(trust->store);
        free(trust);
    }
}

void tls_trust_list_sweep(struct tls_trust_list *list) {
    struct tls_trust **link = &list->first;
    while (*link != NULL) {
        struct tls_trust *trust = *link;
        if (trust->references == 1) {
            *link = trust->next;
            tls_trust_release(trust);
        } else {
            link = &trust->next;
        }
    }
}

void tls_trust_list_release(struct tls_trust_list *list) {
    while (list->first != NULL) {
        struct tls_trust *trust = list->first;
        list->first = trust->next;
        tls_trust_release(trust);
    }
}

/* --- reading --- */

/* Certificates and revocation lists, as they come in one file. Returns how many there were. */
static int add_all(X509_STORE *store, const STACK_OF(X509_INFO) * items) {
    int count = 0;
    for (int i = 0; i < sk_X509_INFO_num(items); i++) {
        const X509_INFO *item = sk_X509_INFO_value(items, i);
        if (item->x509 != NULL && X509_STORE_add_cert(store, item->x509) == 1) {
            count++;
        }
        if (item->crl != NULL && X509_STORE_add_crl(store, item->crl) == 1) {
            count++;
        }
    }
    return count;
}

/* `missing` is what to say of a file that is well-formed and holds nothing. */
static bool load(X509_STORE *store, const struct secrets *secrets,
                 const struct tls_trust_file *file, const char *missing, struct failure *failure) {
    char text[TLS_ERROR_SIZE];
    BIO *content = tls_material_open(secrets, file->path);
    STACK_OF(X509_INFO) *items =
        content != NULL ? PEM_X509_INFO_read_bio(content, NULL, NULL, NULL) : NULL;
    int count = items != NULL ? add_all(store, items) : 0;
    const char *problem = items == NULL ? tls_error_take(text) : missing;
    sk_X509_INFO_pop_free(items, X509_INFO_free);
    BIO_free(content);
    ERR_clear_error();
    return count > 0 || failure_set(failure, "%s \"%.*s\": %s", file->directive,
                                    SLICE_ARGS(file->path), problem);
}

static bool fill(X509_STORE *store, const struct tls_trust_files *files,
                 const struct secrets *secrets, struct failure *failure) {
    for (size_t i = 0; i < TLS_TRUST_AUTHORITIES; i++) {
        if (files->authorities[i].path.size > 0 &&
            !load(store, secrets, &files->authorities[i], "it holds no certificate", failure)) {
            return false;
        }
    }
    if (files->revoked.path.size == 0) {
        return true;
    }
    X509_STORE_set_flags(store, X509_V_FLAG_CRL_CHECK | X509_V_FLAG_CRL_CHECK_ALL);
    return load(store, secrets, &files->revoked, "it holds no list of revoked certificates",
                failure);
}

static struct tls_trust *make(const struct tls_trust_files *files, const struct secrets *secrets,
                              struct failure *failure) {
    struct tls_trust *trust = calloc(1, sizeof *trust);
    if (trust == NULL || (trust->store = X509_STORE_new()) == NULL) {
        free(trust);
        failure_set(failure, "%s", strerror(ENOMEM));
        return NULL;
    }
    trust->references = 1;
    if (!fill(trust->store, files, secrets, failure)) {
        tls_trust_release(trust);
        return NULL;
    }
    return trust;
}

static void add_hash(const struct secrets *secrets, struct slice path, uint64_t hash[2]) {
    struct secret secret = {0};
    (void)secrets_find(secrets, path, &secret);
    memcpy(hash, secret.hash, sizeof secret.hash);
}

struct tls_trust *tls_trust_find(struct tls_trust_list *list, const struct tls_trust_files *files,
                                 const struct secrets *secrets, struct failure *failure) {
    uint64_t hash[TLS_TRUST_FILES][2];
    for (size_t i = 0; i < TLS_TRUST_AUTHORITIES; i++) {
        add_hash(secrets, files->authorities[i].path, hash[i]);
    }
    add_hash(secrets, files->revoked.path, hash[TLS_TRUST_AUTHORITIES]);
    struct tls_trust *trust = list->first;
    while (trust != NULL && memcmp(trust->hash, hash, sizeof hash) != 0) {
        trust = trust->next;
    }
    if (trust == NULL && (trust = make(files, secrets, failure)) != NULL) {
        memcpy(trust->hash, hash, sizeof hash);
        trust->next = list->first;
        list->first = trust;
    }
    return trust;
}
