/* Sessions by id in a store or in OpenSSL's own cache, and what of it all one server wants. */
#include "net/tls_server_sessions.h"

#include "net/tls_server_context.h"
#include "net/tls_tickets.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#define XXH_STATIC_LINKING_ONLY /* the streaming state on the stack */
#include <xxhash.h>

enum {
    LARGEST_EARLY_DATA = 16384, /* NGX_SSL_BUFSIZE */
    TICKETS = 1, /* for each handshake of TLS 1.3; OpenSSL's two cost it a tenth more */
    WEEK = 7 * 24 * 3600,
};

struct tls_server_sessions {
    struct session_store *store; /* NULL: none */
    struct tls_tickets tickets;
    uint32_t timeout; /* seconds */
    uint32_t early_data;
    bool resumes; /* a session can be, in one way or another */
};

static const struct tls_server_sessions *sessions_of(const SSL_CTX *ssl) {
    const struct tls_server_context *context = SSL_CTX_get_app_data(ssl);
    return context->sessions;
}

/* Of the server that was asked for. */
static const struct tls_server_sessions *sessions_for(const SSL *ssl) {
    return sessions_of(SSL_get_SSL_CTX(ssl));
}

/* --- by id --- */

/* The clock that all processes share. */
static uint64_t seconds(void) {
    struct timespec now;
    clock_gettime(CLOCK_MONOTONIC_COARSE, &now);
    return (uint64_t)now.tv_sec;
}

static struct slice id_of(const SSL_SESSION *session) {
    unsigned size;
    const unsigned char *id = SSL_SESSION_get_id(session, &size);
    return (struct slice){(const char *)id, size};
}

/* OpenSSL also tells of sessions of TLS 1.3 that are whole in the client's ticket. */
static bool is_in_ticket(const SSL *ssl) {
    return SSL_version(ssl) == TLS1_3_VERSION && (SSL_get_options(ssl) & SSL_OP_NO_TICKET) == 0;
}

/* SSL_CTX_sess_set_new_cb. */
static int keep(SSL *ssl, SSL_SESSION *session) {
    const struct tls_server_sessions *sessions = sessions_for(ssl);
    unsigned char bytes[SESSION_LARGEST];
    unsigned char *end = bytes;
    if (sessions->store == NULL || is_in_ticket(ssl)) {
        return 0;
    }
    int size = i2d_SSL_SESSION(session, NULL);
    if (size > 0 && size <= SESSION_LARGEST && i2d_SSL_SESSION(session, &end) == size) {
        uint64_t now = seconds();
        session_store_put(sessions->store, id_of(session),
                          (struct slice){(const char *)bytes, (size_t)size}, now,
                          now + sessions->timeout);
        OPENSSL_cleanse(bytes, (size_t)size);
    }
    return 0;
}

/* SSL_CTX_sess_set_get_cb. */
static SSL_SESSION *find(SSL *ssl, const unsigned char *id, int id_size, int *keeps_reference) {
    const struct tls_server_sessions *sessions = sessions_for(ssl);
    char bytes[SESSION_LARGEST];
    *keeps_reference = 0;
    if (sessions->store == NULL || id_size <= 0) {
        return NULL;
    }
    struct slice key = {(const char *)id, (size_t)id_size};
    size_t size = session_store_get(sessions->store, key, seconds(), bytes);
    const unsigned char *next = (const unsigned char *)bytes;
    SSL_SESSION *session = size > 0 ? d2i_SSL_SESSION(NULL, &next, (long)size) : NULL;
    OPENSSL_cleanse(bytes, size);
    return session;
}

/* SSL_CTX_sess_set_remove_cb: it has come to a bad end, or is over. */
static void forget(SSL_CTX *ssl, SSL_SESSION *session) {
    const struct tls_server_sessions *sessions = sessions_of(ssl);
    if (sessions->store != NULL) {
        session_store_remove(sessions->store, id_of(session));
    }
}

/* --- as tickets --- */

/* SSL_CTX_set_tlsext_ticket_key_evp_cb. */
static int choose_key(SSL *ssl, unsigned char *name, unsigned char *vector, EVP_CIPHER_CTX *cipher,
                      EVP_MAC_CTX *mac, int encrypts) {
    const struct tls_tickets *tickets = &sessions_for(ssl)->tickets;
    return encrypts ? tls_tickets_encrypt(tickets, name, vector, cipher, mac)
                    : tls_tickets_decrypt(tickets, ssl, name, vector, cipher, mac);
}

/* --- who may resume whose session --- */

static void hash_number(XXH3_state_t *hash, uint64_t number) {
    XXH3_128bits_update(hash, &number, sizeof number);
}

static void hash_file(XXH3_state_t *hash, const struct table *table, const struct secrets *secrets,
                      struct table_string path) {
    struct secret secret = {0};
    (void)secrets_find(secrets, table_text(table, path), &secret);
    XXH3_128bits_update(hash, secret.hash, sizeof secret.hash);
}

/* A session says who the client is, and was made with a server that a certificate stands for. It is
 * good where the same certificates are shown and clients are judged in the same way. */
static bool set_scope(SSL_CTX *ssl, const struct table *table,
                      const struct table_server_settings *settings, const struct secrets *secrets) {
    XXH3_state_t hash;
    uint8_t judges[TLS_IDENTITY_SIZE];
    XXH3_128bits_reset(&hash);
    for (uint32_t i = 0; i < settings->ssl_certificate.count; i++) {
        hash_file(&hash, table, secrets, table->name[settings->ssl_certificate.first + i].text);
    }
    hash_number(&hash, settings->ssl_verify_client);
    tls_server_identify_judges(table, settings, secrets, judges);
    XXH3_128bits_update(&hash, judges, sizeof judges);
    XXH128_canonical_t scope;
    XXH128_canonicalFromHash(&scope, XXH3_128bits_digest(&hash));
    return SSL_CTX_set_session_id_context(ssl, scope.digest, sizeof scope.digest) == 1;
}

/* --- altogether --- */

static const struct table_session_cache *cache_of(const struct table *table,
                                                  const struct table_server_settings *settings) {
    return settings->ssl_session_cache != TABLE_NONE
               ? &table->session_cache[settings->ssl_session_cache]
               : NULL;
}

/* The position of its shared store, or NONE. */
static uint32_t find_store(const struct table *table, const struct table_server_settings *settings,
                           const struct tls_shared *shared) {
    const struct table_session_cache *cache = cache_of(table, settings);
    return shared != NULL && cache != NULL && cache->zone < shared->store_count ? cache->zone
                                                                                : TABLE_NONE;
}

uint32_t tls_server_sessions_number(const struct table *table,
                                    const struct table_server_settings *settings,
                                    const struct tls_shared *shared) {
    uint32_t store = find_store(table, settings, shared);
    return store != TABLE_NONE ? shared->store_numbers[store] : 0;
}

/* With "none" ids are given out, and nothing is kept: some clients do not like to get none. */
static void set_cache(SSL_CTX *ssl, const struct table_session_cache *cache) {
    long mode = SSL_SESS_CACHE_SERVER | SSL_SESS_CACHE_NO_AUTO_CLEAR;
    if (cache != NULL && cache->off != 0) {
        mode = SSL_SESS_CACHE_OFF;
    } else if (cache != NULL && cache->builtin > 0) {
        mode = SSL_SESS_CACHE_SERVER;
        SSL_CTX_sess_set_cache_size(ssl, (long)cache->builtin);
    } else {
        mode |= SSL_SESS_CACHE_NO_INTERNAL;
    }
    SSL_CTX_set_session_cache_mode(ssl, mode);
}

/* A replay is for backends to refuse, by $ssl_early_data, as in nginx: what OpenSSL has against it
 * works within one process. */
static void set_up(SSL_CTX *ssl, const struct tls_server_sessions *sessions,
                   const struct table_server_settings *settings,
                   const struct table_session_cache *cache) {
    set_cache(ssl, cache);
    SSL_CTX_set_timeout(ssl, (long)sessions->timeout);
    SSL_CTX_sess_set_new_cb(ssl, keep);
    SSL_CTX_sess_set_get_cb(ssl, find);
    SSL_CTX_sess_set_remove_cb(ssl, forget);
    SSL_CTX_set_tlsext_ticket_key_evp_cb(ssl, choose_key);
    SSL_CTX_set_max_early_data(ssl, sessions->early_data);
    SSL_CTX_set_options(ssl, SSL_OP_NO_ANTI_REPLAY);
    SSL_CTX_set_num_tickets(ssl, sessions->resumes ? TICKETS : 0);
    if (settings->ssl_session_tickets == 0) {
        SSL_CTX_set_options(ssl, SSL_OP_NO_TICKET);
    }
}

static bool fill(struct tls_server_sessions *sessions, SSL_CTX *ssl, const struct table *table,
                 const struct table_server_settings *settings, const struct secrets *secrets,
                 const struct tls_shared *shared, struct failure *failure) {
    const struct table_session_cache *cache = cache_of(table, settings);
    uint32_t store = find_store(table, settings, shared);
    uint64_t timeout = settings->ssl_session_timeout / 1000;
    sessions->store = store != TABLE_NONE ? session_store_hold(shared->stores[store]) : NULL;
    sessions->timeout = timeout < INT32_MAX ? (uint32_t)timeout : INT32_MAX;
    sessions->early_data = settings->ssl_early_data != 0 ? LARGEST_EARLY_DATA : 0;
    sessions->resumes = settings->ssl_session_tickets != 0 || sessions->store != NULL ||
                        (cache != NULL && cache->builtin > 0);
    if (!set_scope(ssl, table, settings, secrets)) {
        return failure_set(failure, "%s", strerror(ENOMEM));
    }
    set_up(ssl, sessions, settings, cache);
    return tls_tickets_init(&sessions->tickets, shared != NULL ? shared->keys : NULL, table,
                            settings, secrets, failure);
}

struct tls_server_sessions *tls_server_sessions_create(SSL_CTX *ssl, const struct table *table,
                                                       const struct table_server_settings *settings,
                                                       const struct secrets *secrets,
                                                       const struct tls_shared *shared,
                                                       struct failure *failure) {
    struct tls_server_sessions *sessions = calloc(1, sizeof *sessions);
    if (sessions == NULL) {
        failure_set(failure, "%s", strerror(ENOMEM));
        return NULL;
    }
    if (!fill(sessions, ssl, table, settings, secrets, shared, failure)) {
        tls_server_sessions_release(sessions);
        return NULL;
    }
    return sessions;
}

void tls_server_sessions_release(struct tls_server_sessions *sessions) {
    if (sessions->store != NULL) {
        session_store_release(sessions->store);
    }
    tls_tickets_release(&sessions->tickets);
    free(sessions);
}

bool tls_server_sessions_take_early_data(const struct tls_server_sessions *sessions) {
    return sessions->early_data > 0;
}

void tls_server_sessions_choose(const struct tls_server_sessions *sessions, SSL *ssl) {
    SSL_set_max_early_data(ssl, sessions->early_data);
    SSL_set_num_tickets(ssl, SSL_CTX_get_num_tickets(SSL_get_SSL_CTX(ssl)));
}

/* RFC 8446 4.6.1: no more than seven days. */
void tls_server_sessions_settle(const struct tls_server_sessions *sessions, SSL *ssl) {
    SSL_SESSION *session = SSL_get_session(ssl);
    uint32_t timeout = sessions->timeout;
    if (SSL_version(ssl) == TLS1_3_VERSION && timeout > WEEK) {
        timeout = WEEK;
    }
    if (session != NULL && SSL_session_reused(ssl) == 0) {
        SSL_SESSION_set_timeout(session, (long)timeout);
    }
}
