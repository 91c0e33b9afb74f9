/* Following issuers through a file, and then through what the machine trusts. */
#include "certificate/certificate_chain.h"

#include "certificate/certificate_facts.h"

#include <openssl/err.h>
#include <openssl/x509v3.h>

struct certificate_trust {
    X509_STORE *store;
};

/* --- what is trusted --- */

static void free_store(void *store) {
    X509_STORE_free(store);
}

struct certificate_trust *certificate_trust_load(struct arena *arena) {
    struct certificate_trust *trust = arena_require(arena, sizeof *trust);
    trust->store = X509_STORE_new();
    if (trust->store == NULL || !arena_add_cleanup(arena, free_store, trust->store)) {
        memory_exhausted();
    }
    X509_STORE_set_default_paths(trust->store);
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

/* One file while its certificates are followed. */
struct following {
    X509 *const *all;
    size_t count;
    bool *is_passed; /* on the way */
    bool
        *is_useful; /* on this way or another, as those of one name and key, which several signed */
    struct certificate_chain *chain;
};

static bool has_issued(X509 *issuer, X509 *certificate) {
    EVP_PKEY *key = X509_get0_pubkey(issuer);
    bool is_issuer = X509_check_issued(issuer, certificate) == X509_V_OK && key != NULL &&
                     X509_verify(certificate, key) == 1;
    ERR_clear_error();
    return is_issuer;
}

/* The one that issued `certificate`, among those that are no part of the way yet; rather the one
 * right behind it. */
static size_t find_issuer(const struct following *following, size_t at) {
    for (size_t step = 1; step < following->count; step++) {
        size_t i = (at + step) % following->count;
        if (!following->is_passed[i] && has_issued(following->all[i], following->all[at])) {
            return i;
        }
    }
    return CERTIFICATE_NONE;
}

static void pass(struct arena *arena, const struct following *following, size_t position) {
    following->is_passed[position] = true;
    following->is_useful[position] = true;
    VECTOR_PUSH(arena, &following->chain->way, position);
}

static void follow_way(struct arena *arena, const struct following *following) {
    pass(arena, following, 0);
    for (size_t at = 0; !certificate_is_self_issued(following->all[at]);) {
        size_t next = find_issuer(following, at);
        if (next == CERTIFICATE_NONE) {
            return;
        }
        if (next < at && following->chain->misplaced == CERTIFICATE_NONE) {
            following->chain->misplaced = next;
        }
        pass(arena, following, next);
        at = next;
    }
}

static bool issued_a_useful_one(const struct following *following, size_t at) {
    for (size_t i = 0; i < following->count; i++) {
        if (i != at && following->is_useful[i] &&
            has_issued(following->all[at], following->all[i])) {
            return true;
        }
    }
    return false;
}

/* Finds the other ways: whichever a client knows the end of is good for it. */
static void follow_other_ways(const struct following *following) {
    for (bool is_any_new = true; is_any_new;) {
        is_any_new = false;
        for (size_t i = 1; i < following->count; i++) {
            if (!following->is_useful[i] && issued_a_useful_one(following, i)) {
                following->is_useful[i] = true;
                is_any_new = true;
            }
        }
    }
}

static bool is_repeated(const struct following *following, size_t at) {
    for (size_t i = 0; i < at; i++) {
        if (X509_cmp(following->all[i], following->all[at]) == 0) {
            return true;
        }
    }
    return false;
}

/* The first of each kind. */
static void find_superfluous(const struct following *following) {
    for (size_t i = following->count; i-- > 1;) {
        if (is_repeated(following, i)) {
            following->chain->repeated = i;
        } else if (!following->is_useful[i]) {
            following->chain->unrelated = i;
        }
    }
}

static bool is_complete(const struct following *following, const struct certificate_trust *trust) {
    for (size_t i = 0; i < following->count; i++) {
        X509 *certificate = following->all[i];
        if (following->is_useful[i] &&
            (certificate_is_self_issued(certificate) || is_issuer_trusted(trust, certificate))) {
            return true;
        }
    }
    return false;
}

/* Public authorities sign no server's certificate by a root. Of others that is not known, nor
 * whether the issuer of one above is a root: servers need not send roots. */
static bool lacks_an_issuer(const struct following *following) {
    const struct certificate_chain *chain = following->chain;
    return !chain->is_complete && chain->way.count == 1 &&
           certificate_is_of_public_authority(following->all[0]);
}

struct certificate_chain certificate_chain_follow(struct arena *arena,
                                                  const struct certificate_file *file,
                                                  const struct certificate_trust *trust) {
    struct certificate_chain chain = {
        .misplaced = CERTIFICATE_NONE, .repeated = CERTIFICATE_NONE, .unrelated = CERTIFICATE_NONE};
    size_t count = file->certificates.count;
    const struct following following = {
        .all = file->certificates.items,
        .count = count,
        .is_passed = arena_require(arena, count * sizeof *following.is_passed),
        .is_useful = arena_require(arena, count * sizeof *following.is_useful),
        .chain = &chain,
    };
    follow_way(arena, &following);
    follow_other_ways(&following);
    find_superfluous(&following);
    chain.is_complete = is_complete(&following, trust);
    chain.lacks_an_issuer = lacks_an_issuer(&following);
    return chain;
}
