/* Sessions of TLS to backends, to be resumed by the next connection to the same peer with the same
 * context and name. Of one worker, and bounded: the one not used for the longest time makes room.
 */
#ifndef NET_TLS_SESSIONS_H
#define NET_TLS_SESSIONS_H

#include "base/slice.h"

#include <openssl/ssl.h>

struct tls_sessions;

/* NULL without memory. */
struct tls_sessions *tls_sessions_create(uint32_t limit);
void tls_sessions_destroy(struct tls_sessions *sessions);

/* The latest session under that key, or NULL; it stays the cache's. */
SSL_SESSION *tls_sessions_find(struct tls_sessions *sessions, struct slice key);

/* Keeps a session, of which one reference passes on, instead of the one before. False without
 * memory; the reference is then still the caller's. */
__attribute__((warn_unused_result)) bool tls_sessions_keep(struct tls_sessions *sessions,
                                                           struct slice key, SSL_SESSION *session);

#endif
