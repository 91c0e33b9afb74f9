/* Tickets of one virtual server: sessions that clients keep, encrypted with the keys of
 * ssl_session_ticket_key or, without any, with those that all workers share. */
#ifndef NET_TLS_TICKETS_H
#define NET_TLS_TICKETS_H

#include "log/failure.h"
#include "net/secrets.h"
#include "net/ticket_keys.h"
#include "table/table.h"

#include <openssl/ssl.h>

struct tls_tickets {
    struct ticket_keys *shared_keys; /* held; NULL: none */
    struct ticket_key *own_keys;     /* instead of those; the first one encrypts */
    uint32_t own_key_count;
    EVP_CIPHER *short_cipher;
    EVP_CIPHER *long_cipher;
};

/* For a zeroed struct; tls_tickets_release is due in either case. False with the reason in
 * `failure`. */
__attribute__((warn_unused_result)) bool
tls_tickets_init(struct tls_tickets *tickets, struct ticket_keys *shared_keys,
                 const struct table *table, const struct table_server_settings *settings,
                 const struct secrets *secrets, struct failure *failure);
void tls_tickets_release(struct tls_tickets *tickets);

/* What a callback of SSL_CTX_set_tlsext_ticket_key_evp_cb does, and returns. */
int tls_tickets_encrypt(const struct tls_tickets *tickets, unsigned char *name,
                        unsigned char *vector, EVP_CIPHER_CTX *cipher, EVP_MAC_CTX *mac);
int tls_tickets_decrypt(const struct tls_tickets *tickets, const SSL *ssl,
                        const unsigned char *name, const unsigned char *vector,
                        EVP_CIPHER_CTX *cipher, EVP_MAC_CTX *mac);

#endif
