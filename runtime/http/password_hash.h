/* Whether a password is the one that a hash was made of: every kind that crypt(3) knows, and those
 * that nginx knows besides ($apr1$, {PLAIN}, {SHA}, {SSHA}). */
#ifndef HTTP_PASSWORD_HASH_H
#define HTTP_PASSWORD_HASH_H

#include <stdbool.h>

enum http_password_result {
    HTTP_PASSWORD_RIGHT,
    HTTP_PASSWORD_WRONG,
    HTTP_PASSWORD_FAILED, /* nobody can say: no memory, no such digest, crypt(3) failed */
};

/* Both end with a zero byte. Takes as long as the hash was made to take, during which the worker
 * does nothing else, as in nginx. Comparisons take the same time whatever they find. Not for
 * several threads. */
enum http_password_result http_password_check(const char *password, const char *hash);

#endif
