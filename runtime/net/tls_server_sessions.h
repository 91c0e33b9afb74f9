/* How sessions of clients are resumed, by ssl_session_cache, ssl_session_timeout,
 * ssl_session_tickets, ssl_session_ticket_key and ssl_early_data of a virtual server: callbacks of
 * its context, over what all workers share. The settings are those of the server that the client
 * asks for, whichever the handshake began with, but for what OpenSSL keeps itself: whether ids are
 * given to clients at all (off) and the builtin cache. */
#ifndef NET_TLS_SERVER_SESSIONS_H
#define NET_TLS_SERVER_SESSIONS_H

#include "log/failure.h"
#include "net/secrets.h"
#include "net/tls_shared.h"
#include "table/table.h"

#include <openssl/ssl.h>

struct tls_server_sessions;

/* Sets a context up, whose app data is a struct tls_server_context. Nothing is shared with a
 * `shared` that is NULL. NULL with the reason in `failure`. */
struct tls_server_sessions *tls_server_sessions_create(SSL_CTX *ssl, const struct table *table,
                                                       const struct table_server_settings *settings,
                                                       const struct secrets *secrets,
                                                       const struct tls_shared *shared,
                                                       struct failure *failure);
void tls_server_sessions_release(struct tls_server_sessions *sessions);

/* Whether streams have to look for early data. */
bool tls_server_sessions_take_early_data(const struct tls_server_sessions *sessions);

/* Within a handshake, once the server is known: what an SSL does not take over from the context. */
void tls_server_sessions_choose(const struct tls_server_sessions *sessions, SSL *ssl);

/* The same, once there is a session. */
void tls_server_sessions_settle(const struct tls_server_sessions *sessions, SSL *ssl);

/* What tells the cache of these settings from others of that name and size; 0 without one. */
uint32_t tls_server_sessions_number(const struct table *table,
                                    const struct table_server_settings *settings,
                                    const struct tls_shared *shared);

#endif
