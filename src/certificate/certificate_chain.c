/* Following issuers through a file, and then through what the machine trusts. */
#include "certificate/certificate_chain.h"

#include "certificate/certificate_facts.h"

#include <dirent.h>
#include <openssl/err.h>
#include <openssl/x509v3.h>
#include <stdlib.h>
#include <unistd.h>

struct certificate_trust {
    X509_STORE *store;
    bool is_empty; /* this machine trusts nobody, which tells nothing of clients */
};

/* --- what is trusted --- */

static void free_store(void *store) {
    X509_STORE_free(store);
}

/* What the environment or OpenSSL's build says. */
static const char *place(const char *variable, const char *usual) {
    const char *told = getenv(variable);
    return told != NULL ? told : usual;
}

/* Certificates of a folder are looked up by hashes, which are names such as 4a6481c9.0. */
static bool has_hashes(const char *path) {
    DIR *folder = opendir(path);
    bool is_found = false;
    if (folder == NULL) {
        return false;
    }
    for (const struct dirent *entry; !is_found && (entry = readdir(folder)) != NULL;) {
        is_found = slice_ends_with(slice_from_string(entry->d_name), SLICE(".0"));
    }
    closedir(folder);
    return is_found;
}

struct certificate_trust *certificate_trust_load(struct arena *arena) {
    struct certificate_trust *trust = arena_require(arena, sizeof *trust);
    const char *file = place(X509_get_default_cert_file_env(), X509_get_default_cert_file());
    const char *folder = place(X509_get_default_cert_dir_env(), X509_get_default_cert_dir());
    trust->store = X509_STORE_new();
    if (trust->store == NULL || !arena_add_cleanup(arena, free_store, trust->store)) {
        memory_exhausted();
    }
    X509_STORE_set_default_paths(trust->store);
    trust->is_empty = access(file, R_OK) != 0 && !has_hashes(folder);
    ERR_clear_error();
    return trust;
}

static bool is_issuer_trusted(const struct certificate_trust *trust, X509 *certificate) {
    X509_STORE_CTX *search = X509_STORE_CTX_new();
    X509 *issuer = NULL;
    if (search == NULL || X509_STORE_CTX_init(search, trust->store, certificate, NULL) != 1) {
        memory_exhausted();
    }
    bool is_trusted = X509_STORE_CTX_get1_issuer(&issuer, search, certificate) == 1;
    X509_free(issuer);
    X509_STORE_CTX_free(search);
    ERR_clear_error();
    return is_trusted;
}

/* --- following --- */

static bool has_issued(X509 *issuer, X509 *certificate) {
    EVP_PKEY *key = X509_get0_pubkey(issuer);
    bool is_issuer = X509_check_issued(issuer, certificate) == X509_V_OK && key != NULL &&
                     X509_verify(certificate, key) == 1;
    ERR_clear_error();
    return is_issuer;
}

/* The one that issued `certificate`, among those that are no part of the way yet; rather the one
 * right behind it. */
static size_t find_issuer(const struct certificate_file *file, const bool *is_passed, size_t at) {
    X509 *const *all = file->certificates.items;
    size_t count = file->certificates.count;
    for (size_t step = 1; step < count; step++) {
        size_t i = (at + step) % count;
        if (!is_passed[i] && has_issued(all[i], all[at])) {
            return i;
        }
    }
    return CERTIFICATE_NONE;
}

static bool is_repeated(const struct certificate_file *file, size_t at) {
    for (size_t i = 0; i < at; i++) {
        if (X509_cmp(file->certificates.items[i], file->certificates.items[at]) == 0) {
            return true;
        }
    }
    return false;
}

/* Says of each certificate that is on no way what it is. */
static void look_at_rest(const struct certificate_file *file, const bool *is_passed,
                         struct certificate_chain *chain) {
    for (size_t i = file->certificates.count; i-- > 1;) {
        if (is_repeated(file, i)) {
            chain->repeated = i;
        } else if (!is_passed[i]) {
            chain->unrelated = i;
        }
    }
}

static size_t last_of(const struct certificate_chain *chain) {
    return chain->way.items[chain->way.count - 1];
}

static void judge_end(const struct certificate_file *file, const struct certificate_trust *trust,
                      struct certificate_chain *chain) {
    X509 *last = file->certificates.items[last_of(chain)];
    chain->is_complete = certificate_is_self_issued(last) || is_issuer_trusted(trust, last);
    /* Public authorities sign no server's certificate by a root, and say where the one between is
     * to be had. What one above is signed by may be a root that is not known here. */
    chain->lacks_an_issuer = !chain->is_complete && certificate_names_issuer_place(last) &&
                             (chain->way.count == 1 || !trust->is_empty);
}

static void pass(struct arena *arena, struct certificate_chain *chain, bool *is_passed,
                 size_t position) {
    is_passed[position] = true;
    VECTOR_PUSH(arena, &chain->way, position);
}

struct certificate_chain certificate_chain_follow(struct arena *arena,
                                                  const struct certificate_file *file,
                                                  const struct certificate_trust *trust) {
    struct certificate_chain chain = {
        .misplaced = CERTIFICATE_NONE, .repeated = CERTIFICATE_NONE, .unrelated = CERTIFICATE_NONE};
    bool *is_passed = arena_require(arena, file->certificates.count * sizeof *is_passed);
    pass(arena, &chain, is_passed, 0);
    for (size_t at = 0; !certificate_is_self_issued(file->certificates.items[at]);) {
        size_t next = find_issuer(file, is_passed, at);
        if (next == CERTIFICATE_NONE) {
            break;
        }
        if (next < at && chain.misplaced == CERTIFICATE_NONE) {
            chain.misplaced = next;
        }
        pass(arena, &chain, is_passed, next);
        at = next;
    }
    look_at_rest(file, is_passed, &chain);
    judge_end(file, trust, &chain);
    return chain;
}
