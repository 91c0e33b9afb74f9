/* What is to be known of one certificate: whom it names, how long it holds, how strong it is. */
#ifndef CERTIFICATE_CERTIFICATE_FACTS_H
#define CERTIFICATE_CERTIFICATE_FACTS_H

#include "base/arena.h"

#include <openssl/x509.h>

/* For messages: the common name, or the first DNS name, or the whole subject. */
struct slice certificate_title(struct arena *arena, X509 *certificate);
struct slice certificate_issuer_title(struct arena *arena, X509 *certificate);

/* Seconds since 1970. */
int64_t certificate_begin(const X509 *certificate);
int64_t certificate_end(const X509 *certificate);

/* A day as "2026-01-31", in UTC. */
struct slice certificate_day(struct arena *arena, int64_t time);

/* Whether clients that ask for that host name or address accept it; "*.example.com" asks for all
 * names of one label more. As browsers do, the common name is not looked at. */
bool certificate_covers(struct arena *arena, X509 *certificate, struct slice name);

/* The DNS names and addresses it holds for, "a, b and 3 more"; empty when there are none. */
struct slice certificate_names(struct arena *arena, X509 *certificate);

/* "RSA of 1024 bits" when less than what OpenSSL and browsers want, or empty. */
struct slice certificate_weak_key(struct arena *arena, X509 *certificate);

/* "SHA-1" when it is signed with a digest that is forged; a root's own signature proves nothing and
 * is no weakness. */
struct slice certificate_weak_signature(struct arena *arena, X509 *certificate);

/* Whether it claims to be its own issuer. */
bool certificate_is_self_issued(X509 *certificate);

/* Whether it says to be from an authority that browsers trust. */
bool certificate_is_of_public_authority(X509 *certificate);

#endif
