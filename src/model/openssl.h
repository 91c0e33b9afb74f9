/* OpenSSL, asked at compile time what it takes; for the rooms model and check. Making the
 * first context costs two milliseconds, as much as all else of a small site, and each further one a
 * tenth or two: what most sites have is known without, and who asks for each of many statements
 * remembers the answers. */
#ifndef MODEL_OPENSSL_H
#define MODEL_OPENSSL_H

#include "base/arena.h"

#include <openssl/ssl.h>

/* A context to try values on, with every suite of this OpenSSL, so that lists are read as the
 * running machine may be set up. To be freed with SSL_CTX_free. */
SSL_CTX *openssl_create_context(bool is_server);

/* Sets the list; whether anything is left of it for TLS 1.2 and older. */
bool openssl_set_ciphers(SSL_CTX *context, struct arena *arena, struct slice list);

/* Whether the list consists of suites alone that every OpenSSL of today has, all of them strong and
 * with forward secrecy, and of nothing that depends on it. */
bool openssl_has_modern_suites(struct slice list);

/* The same for groups of the key exchange. */
bool openssl_has_modern_groups(struct slice list);

/* Takes the next element off a cipher list, its mark ("!", "-", "+") included; "@..." is one of its
 * own, also right behind a word. False at the end. */
bool openssl_next_cipher(struct slice *rest, struct slice *element);

/* Whether the list is read from a file of the running machine (Red Hat's OpenSSL). */
bool openssl_is_profile(struct slice list);

#endif
