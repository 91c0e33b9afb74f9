/* Whom to trust: the certificates of authorities and the lists of what they have revoked. Reading
 * all the world's authorities takes longer than anything else about a context, so contexts that
 * trust the same share what was read. */
#ifndef NET_TLS_TRUST_H
#define NET_TLS_TRUST_H

#include "log/failure.h"
#include "net/secrets.h"

#include <openssl/ssl.h>

enum { TLS_TRUST_AUTHORITIES = 2, TLS_TRUST_FILES };

/* A file as a directive names it; an empty path is none. */
struct tls_trust_file {
    const char *directive;
    struct slice path;
};

struct tls_trust_files {
    struct tls_trust_file authorities[TLS_TRUST_AUTHORITIES];
    struct tls_trust_file revoked;
};

/* What some such files come to. */
struct tls_trust {
    uint32_t references;
    uint64_t hash[TLS_TRUST_FILES][2]; /* of their contents */
    X509_STORE *store;
    struct tls_trust *next; /* the list's */
};

/* What was read so far, each held once for being in the list. All zero: nothing. */
struct tls_trust_list {
    struct tls_trust *first;
};

/* What is trusted by these files, borrowed; read unless it is there. NULL with the reason, which
 * names directive and file, in `failure`. */
struct tls_trust *tls_trust_find(struct tls_trust_list *list, const struct tls_trust_files *files,
                                 const struct secrets *secrets, struct failure *failure);
struct tls_trust *tls_trust_hold(struct tls_trust *trust);
void tls_trust_release(struct tls_trust *trust);

/* Lets go of what nobody else holds, or of everything. */
void tls_trust_list_sweep(struct tls_trust_list *list);
void tls_trust_list_release(struct tls_trust_list *list);

#endif
