/* What an OpenSSL cipher string admits, as OpenSSL itself expands it. */
#ifndef CHECK_CIPHERS_H
#define CHECK_CIPHERS_H

#include "base/phrase.h"

enum cipher_weakness {
    CIPHER_NULL,
    CIPHER_ANONYMOUS,
    CIPHER_EXPORT,
    CIPHER_RC4,
    CIPHER_DES,
    CIPHER_MD5,
    CIPHER_NO_FORWARD_SECRECY,
    CIPHER_WEAKNESS_COUNT
};

/* "without encryption", "with anonymous key exchange", ... */
extern const char *const cipher_weakness_names[CIPHER_WEAKNESS_COUNT];

struct cipher_list {
    bool has_forward_secrecy; /* some suite has */
    struct phrase_list weak[CIPHER_WEAKNESS_COUNT];
};

/* Expands the string for TLS 1.2 and older; TLS 1.3 has no weak suites. Suites that this build of
 * OpenSSL does not have any more, but which the string asks for by name, are found too: the
 * machine that runs the configuration may have them. */
void ciphers_expand(struct arena *arena, struct slice string, struct cipher_list *list);

/* The suites that the string admits below TLS 1.3, as OpenSSL names them. */
struct phrase_list ciphers_list(struct arena *arena, struct slice string);

#endif
