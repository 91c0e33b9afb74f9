/* Files of users and their passwords' hashes, a line USER:HASH[:COMMENT] each, as nginx reads them:
 * a search for one user that is fed the file piece by piece. */
#ifndef HTTP_PASSWORD_FILE_H
#define HTTP_PASSWORD_FILE_H

#include "base/slice.h"

#include <stdbool.h>

/* nginx reads no longer hash whole. */
enum { HTTP_PASSWORD_HASH_LIMIT = 2048 };

enum http_password_search_state {
    HTTP_PASSWORD_SEARCHING,
    HTTP_PASSWORD_SKIPPING, /* the line is another's */
    HTTP_PASSWORD_READING,  /* the hash */
    HTTP_PASSWORD_FOUND,
};

struct http_password_search {
    struct slice user; /* borrowed; not empty, and without ':' */
    enum http_password_search_state state;
    size_t matched;                          /* bytes of the user, and the colon */
    char hash[HTTP_PASSWORD_HASH_LIMIT + 1]; /* ends with a zero byte once it is found */
    size_t hash_size;
};

void http_password_search_begin(struct http_password_search *search, struct slice user);

/* The next piece of the file. True once the hash is there: no more is needed. */
bool http_password_search_feed(struct http_password_search *search, struct slice piece);

/* The file is over. Whether the user was in it. */
bool http_password_search_end(struct http_password_search *search);

/* Wipes it. */
void http_password_search_release(struct http_password_search *search);

#endif
