/* Stapling: what the authority says about a server's certificate (OCSP) is sent along with it. Here
 * is what a handshake needs: the certificates of a context, and their latest answers. A handshake
 * never waits: without an answer that is good now it goes on without one. Who asks the authority,
 * and when, is left to proxy/stapler.c. */
#ifndef NET_STAPLE_H
#define NET_STAPLE_H

#include "log/failure.h"
#include "net/staple_board.h"

#include <openssl/ssl.h>

/* A certificate that answers are sent about. */
struct staple {
    X509 *certificate; /* held */
    char *name;        /* of its file, for logs */
    struct ocsp_subject subject;
    struct staple_key key;
    char *problem; /* why nothing can be sent, for logs; NULL: nothing is wrong */
    char *url;     /* NULL: nobody is asked */
    struct ocsp_responder responder;
    struct staple_place *place; /* on the board; NULL: none so far */
    uint32_t version;           /* of the place: which answer this is */
    unsigned char *answer;      /* NULL: there is none */
    uint32_t answer_size;
    time_t expires;
};

/* Those of one context. */
struct staples {
    void (*forget)(struct staples *staples); /* they go; NULL: nobody asks about them */
    void *watcher;                           /* of whoever does */
    uint32_t count;
    struct staple items[];
};

struct staples_options {
    struct slice responder; /* ssl_stapling_responder; empty: what the certificate says */
    struct slice file;      /* content of ssl_stapling_file; no data: none is given */
    bool verifies;          /* ssl_stapling_verify */
};

/* For the certificates of the context, whose aliases (X509_alias_set1) are the names of their
 * files, and whose store says who is trusted; handshakes use them from now on. NULL without memory,
 * or when `file` makes no sense; the reason in `failure`. */
struct staples *staples_create(SSL_CTX *ssl, const struct staples_options *options,
                               struct failure *failure);

/* Once no handshake uses them any more. NULL is allowed. */
void staples_destroy(struct staples *staples);

/* Takes an answer that was accepted. False without memory. */
__attribute__((warn_unused_result)) bool staple_use(struct staple *staple, struct slice answer,
                                                    time_t expires);

#endif
